"""Devices as numbers, and the chain of each one's cycles, from the newest back.

An index of cycles by device would be a page written a cycle more; the newest number a device
lies with its name, and every cycle says how far back the one before it is.
"""

import json
from collections.abc import Iterable, Sequence

import apsw

_KNOWN = """SELECT name, id, last FROM device
    WHERE name IN (SELECT value FROM json_each(?))"""
_ADD = "INSERT INTO device (name, last) VALUES (?, 0) ON CONFLICT DO NOTHING"


class Chains:
    """The devices of one batch: their numbers, and their newest cycles as it goes on."""

    def __init__(self, connection: apsw.Connection, names: Iterable[str]) -> None:
        wanted = sorted(set(names))
        self._connection = connection
        self._ids: dict[str, int] = {}
        self._last: dict[int, int] = {}
        self._learn(wanted)
        absent = [(name,) for name in wanted if name not in self._ids]
        if absent:
            connection.executemany(_ADD, absent)
            self._learn(wanted)
        self._before = dict(self._last)

    def _learn(self, wanted: Sequence[str]) -> None:
        for name, number, last in self._connection.execute(_KNOWN, (json.dumps(wanted),)):
            self._ids[name], self._last[number] = number, last

    def link(self, name: str | None, frame: int) -> tuple[int | None, int]:
        """Return a device's number and how far back its last cycle is; this one is it now."""
        if name is None:
            return None, 0
        device = self._ids[name]
        last = self._last[device]
        self._last[device] = frame
        return device, frame - last if last else 0

    def relink(self, kept: Sequence[tuple[str | None, int]]) -> None:
        """Link anew: of the batch only these cycles, by number, were kept after all."""
        self._last = dict(self._before)
        rows = [(self.link(name, frame)[1], frame) for name, frame in kept]
        self._connection.executemany("UPDATE frame SET back = ? WHERE id = ?", rows)

    def save(self) -> None:
        """Write each device's newest cycle."""
        rows = [(last, d) for d, last in self._last.items() if last != self._before[d]]
        self._connection.executemany("UPDATE device SET last = ? WHERE id = ?", rows)
