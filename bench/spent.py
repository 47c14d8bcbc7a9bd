"""Time that passes, and time that is worked: on shared cores only the second can be compared."""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_CHILDREN_USER, _CHILDREN_SYSTEM = 13, 14  # proc(5), counted from after the name


class Spent:
    """Adds up what passes and what this process works inside ``with``; in seconds."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0
        self._began = self._worked = 0.0

    def __enter__(self) -> Self:
        self._began, self._worked = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds += time.perf_counter() - self._began
        self.cpu += time.process_time() - self._worked


def worked_for(process: int) -> float:
    """Return the CPU seconds of a process's children that have ended: a server's sessions."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")
