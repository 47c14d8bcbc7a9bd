"""The embedded store as a whole; see :mod:`store.archive`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import apsw

from domain.ids import DeviceId, SeriesId
from domain.reading import Reading
from store.archive import TABLES, Kept, Row
from store.sqlite import touches
from store.sqlite.append import first_of
from store.sqlite.cells import qualities_of, series_of, values_of
from store.sqlite.compare import cells_of
from store.sqlite.devices import Chains
from store.sqlite.keep import keep_cells
from store.sqlite.shapes import Shapes

_PAGE = 5_000
_CYCLES = """SELECT f.id, d.name, f.boot, f.seq, f.time, f.time + f.lag,
        f.time + f.lag + f.took, f.skew, f.clock, s.series, f.readings, f.qualities
    FROM frame f LEFT JOIN device d ON d.id = f.device LEFT JOIN shape s ON s.id = f.shape
    WHERE f.id > ? AND f.id <= ? ORDER BY f.id LIMIT ?"""
_PARTS = """SELECT p.frame, p.time, s.series, p.readings, p.qualities
    FROM part p JOIN shape s ON s.id = p.shape WHERE p.frame > ? AND p.frame <= ?"""
_MARK = "UPDATE mark SET last = max(last, (SELECT coalesce(max(mark), 0) FROM touched))"


_Lend: TypeAlias = Callable[[], AbstractContextManager[apsw.Connection]]


class SqliteArchive:
    """Implements :class:`store.archive.Archive`, with the store's own connections."""

    def __init__(self, reading: _Lend, writing: _Lend, shapes: Shapes) -> None:
        self._reading, self._writing, self._shapes = reading, writing, shapes

    def count(self, after: int) -> int:
        """Return how many cycles there are above a number."""
        with self._reading() as connection:
            return first_of(connection.execute("SELECT count(*) FROM frame WHERE id > ?", (after,)))

    def last(self) -> int:
        """Return the greatest number of a cycle."""
        with self._reading() as connection:
            return first_of(connection.execute("SELECT coalesce(max(id), 0) FROM frame"))

    def cycles(self, after: int, until: int | None = None) -> Iterator[Kept]:
        """Yield cycles in their order, a page at a time so that no lock is held long."""
        end = self.last() if until is None else until
        while True:
            with self._reading() as connection:
                rows = list(connection.execute(_CYCLES, (after, end, _PAGE)))
                if not rows:
                    return
                parts = _parts(connection, after, rows[-1][0])
            for row in rows:
                yield _kept(row, parts.get(row[0], []))
            after = rows[-1][0]

    def add(self, cycles: Sequence[Kept]) -> None:
        """Keep cycles under their numbers."""
        with self._writing() as connection:
            self._shapes.catch_up(connection)
            chains = Chains(connection, [c.device for c in cycles if c.device is not None])
            for cycle in cycles:
                self._add(connection, chains, cycle)
            chains.save()

    def _add(self, connection: apsw.Connection, chains: Chains, cycle: Kept) -> None:
        device, back = chains.link(cycle.device, cycle.number)
        lag, took = cycle.received_ms - cycle.time_ms, cycle.committed_ms - cycle.received_ms
        head = (cycle.number, device, back, cycle.boot, cycle.seq, cycle.time_ms, lag, took,
                cycle.skew_ms, cycle.clock)  # fmt: skip
        keep_cells(connection, self._shapes, head, cells_of(cycle.readings))

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table; what appends have touched is folded first."""
        if table == "touched":
            with self._writing() as connection:
                while touches.fold(connection):
                    pass
        with self._reading() as connection:
            names = ", ".join(TABLES[table])
            yield from connection.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - names of ours

    def replace(self, table: str, rows: Iterable[Row]) -> None:
        """Put rows in the place of those that are there."""
        names = TABLES[table]
        places = ", ".join("?" * len(names))
        with self._writing() as connection:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
            if table == "touched":
                connection.execute("DELETE FROM touch")
            put = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - as above
            connection.executemany(put, rows)
            if table == "touched":
                connection.execute(_MARK)


def _parts(connection: apsw.Connection, after: int, last: int) -> defaultdict[int, list[Reading]]:
    found: defaultdict[int, list[Reading]] = defaultdict(list)
    for frame, time_ms, series, readings, qualities in connection.execute(_PARTS, (after, last)):
        found[frame] += _readings(time_ms, series, readings, qualities)
    return found


def _kept(row: tuple[Any, ...], parts: list[Reading]) -> Kept:
    number, name, *rest, series, readings, qualities = row
    found = parts if series is None else [*parts, *_readings(row[4], series, readings, qualities)]
    ordered = sorted(found, key=lambda r: (r.time_ms, r.series, r.value))
    head = number, None if name is None else DeviceId(name), *rest
    return Kept._make((*head, tuple(ordered)))


def _readings(
    time_ms: int, series: bytes, readings: bytes, qualities: bytes | None
) -> list[Reading]:
    named, values = series_of(series), values_of(readings)
    verdicts = qualities_of(qualities, len(values))
    return [
        Reading(SeriesId(one), time_ms, value, verdict)
        for one, value, verdict in zip(named, values, verdicts, strict=True)
    ]
