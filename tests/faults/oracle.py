"""What devices have sent and brokers have acknowledged, on disk before it happens or counts.

One line of JSON an event, fsynced: ``sent`` before the message leaves, ``acked`` when the
broker's PUBACK has come. After a trial this file and the store are all there is.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.reading import Cycle


@dataclass(frozen=True, slots=True)
class Sent:
    """One cycle as it left: who, boot, seq, claimed time, value by channel."""

    device: str
    boot: int
    seq: int
    time_ms: int
    values: tuple[tuple[str, float], ...]


class Oracle:
    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._lock = threading.Lock()

    def sent(self, device: str, cycles: tuple[Cycle, ...]) -> None:
        rows = []
        for cycle in cycles:
            values = [[o.channel, o.value] for o in cycle.observations]
            time_ms = cycle.observations[0].time_ms
            rows.append({"e": "sent", "d": device, "b": cycle.boot, "s": cycle.seq, "t": time_ms, "v": values})  # fmt: skip
        self._write(rows)

    def acked(self, device: str, cycles: tuple[Cycle, ...]) -> None:
        self._write([{"e": "acked", "d": device, "b": c.boot, "s": c.seq} for c in cycles])

    def close(self) -> None:
        self._file.close()

    def _write(self, rows: Sequence[Mapping[str, object]]) -> None:
        data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        with self._lock:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())


def recall(path: Path) -> tuple[dict[tuple[str, int, int], Sent], set[tuple[str, int, int]]]:
    """Return what was sent, by device, boot and seq, and the keys of what was acknowledged."""
    sent: dict[tuple[str, int, int], Sent] = {}
    acked: set[tuple[str, int, int]] = set()
    for row in _rows(path):
        key = row["d"], row["b"], row["s"]
        if row["e"] == "acked":
            acked.add(key)
        else:
            values = tuple((channel, value) for channel, value in row["v"])
            sent[key] = Sent(row["d"], row["b"], row["s"], row["t"], values)
    return sent, acked


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        yield json.loads(line)
