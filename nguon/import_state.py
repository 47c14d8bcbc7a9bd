"""How far an import has come, so that one that was killed goes on, and a done one is known.

A small file in the data folder, named after the contents of file and map and after the
stores they go into. It is written after each commit, never before: what it misses is read
once more and changes nothing. A damaged one is as good as none.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from domain.errors import Clash
from domain.os_errors import concerning
from nguon.import_report import Tally


@dataclass(slots=True)
class State:
    """The last line that is settled, the count so far, and the report with its size."""

    line: int = 0
    tally: Tally = field(default_factory=Tally)
    report: str = ""
    report_size: int = 0
    done_ms: int | None = None


class StateFile:
    """Where the state of one import is kept."""

    def __init__(self, folder: Path, *parts: bytes) -> None:
        name = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
        self._path = folder / f"{name.hexdigest()}.json"

    def load(self) -> State:
        """Return what was kept, a fresh state where nothing was."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return State(**{**kept, "tally": Tally(**kept["tally"])})
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return State()

    def save(self, state: State) -> None:
        """Keep a state, whole or not at all."""
        fresh = self._path.with_suffix(".new")
        with concerning(fresh):
            fresh.write_text(json.dumps(asdict(state)), "utf-8")
        fresh.replace(self._path)

    def forget(self) -> None:
        """Keep nothing of it."""
        self._path.unlink(missing_ok=True)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the import for this process; raises `Clash` when another one is at it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            message = "this very file is being imported already"
            raise Clash(message) from error
        finally:
            os.close(handle)
