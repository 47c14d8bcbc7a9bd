"""The PostgreSQL store as a whole; see :mod:`store.archive`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from domain.ids import DeviceId, SeriesId
from domain.reading import Reading
from store.archive import TABLES, Kept, Row
from store.timescale.arrays import Int8s
from store.timescale.connection import Connections
from store.timescale.cycles import keep, packed_again
from store.timescale.devices import Devices
from store.timescale.partitions import Partitions, make
from store.timescale.readings import Readings, columns
from store.timescale.touches import fold

_PAGE = 5_000
_cursors = count()
_COUNT = "SELECT count(*), coalesce(max(id), 0) FROM series.frame WHERE id > %s"
_CYCLES = """SELECT id, device, boot, seq, time, received, committed, skew, clock
    FROM series.cycle WHERE id > %s AND id <= %s ORDER BY id"""
# All of it is sorted once, by the server: an index by cycle would cost every append.
_READINGS = """SELECT frame, series, time, value, quality FROM series.every_reading
    WHERE frame > %s AND frame <= %s ORDER BY frame, time, series, value"""
_RIVALS = """INSERT INTO series.rival (series, time, value, quality, frame) SELECT u.* FROM
    unnest(%s::int[], %s::bigint[], %s::float8[], %s::int[], %s::bigint[])
        AS u(series, time, value, quality, frame)
    WHERE NOT EXISTS (SELECT FROM series.first_reading r
        WHERE r.series = u.series AND r.time = u.time AND r.value = u.value)"""
# A ledger travels by the names of devices; what one is numbered is each store's own affair.
_LEDGER = "SELECT device, boot, first, last FROM series.run"
_NAMED = """CREATE TEMPORARY TABLE named (device text, boot bigint, first bigint, last bigint)
    ON COMMIT DROP"""
_BY_NUMBER = """INSERT INTO series.device (name) SELECT DISTINCT device FROM named ORDER BY device
        ON CONFLICT DO NOTHING;
    UPDATE series.device SET boot = -1, first = 0, last = 0 WHERE boot >= 0;
    INSERT INTO series.ledger (device, boot, first, last)
        SELECT d.id, n.boot, n.first, n.last FROM named n JOIN series.device d ON d.name = n.device;
    DROP TABLE named"""
_NUMBER = "SELECT setval('series.frame_id', greatest(%s, (SELECT last_value FROM series.frame_id)))"
_ENTRY = """SELECT setval(pg_get_serial_sequence('series.quarantine', 'id'), max(id))
    FROM series.quarantine HAVING count(*) > 0"""
_MARK = """SELECT setval('series.mark', greatest(
    (SELECT last_value FROM series.mark), (SELECT max(mark) FROM series.touched)))"""


class PostgresArchive:
    """Implements :class:`store.archive.Archive`."""

    def __init__(self, connections: Connections, partitions: Partitions | None) -> None:
        self._connections, self._partitions = connections, partitions

    def count(self, after: int) -> int:
        """Return how many cycles there are above a number."""
        return self._numbers(after)[0]

    def last(self) -> int:
        """Return the greatest number of a cycle."""
        return self._numbers(0)[1]

    def _numbers(self, after: int) -> tuple[int, int]:
        with self._connections.transaction() as connection:
            row = connection.execute(_COUNT, (after,)).fetchone()
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def cycles(self, after: int, until: int | None = None) -> Iterator[Kept]:
        """Yield cycles in their order, from one snapshot."""
        span = after, self.last() if until is None else until
        with self._connections.snapshot() as connection:
            connection.execute("SET LOCAL work_mem = '256MB'")
            readings = groupby(_stream(connection, _READINGS, span), key=lambda row: int(row[0]))
            waiting = next(readings, None)
            for row in _stream(connection, _CYCLES, span):
                some: tuple[Reading, ...] = ()
                if waiting is not None and waiting[0] == row[0]:
                    some = tuple(_reading(one) for one in waiting[1])
                    waiting = next(readings, None)
                yield _kept(row, some)

    def add(self, cycles: Sequence[Kept]) -> None:
        """Keep cycles under their numbers."""
        readings = [r for cycle in cycles for r in cycle.readings]
        numbers = [cycle.number for cycle in cycles for _ in cycle.readings]
        wanted = self._partitions.wanted([r.time_ms for r in readings]) if self._partitions else []
        with self._connections.transaction() as connection:
            if wanted:
                make(connection, wanted)
            inserted = Readings(readings).insert(connection, numbers, believed=False)
            if sum(row[0] for cursor in inserted for row in cursor) < len(readings):
                connection.execute(_RIVALS, (*columns(readings), Int8s(numbers)))
            devices = Devices(connection, [c.device for c in cycles if c.device is not None], ())
            devices.learn()
            rows = packed_again(devices, cycles)
            keep(connection, rows)
            devices.keep({}, rows.newest)
            connection.execute(_NUMBER, (cycles[-1].number,))

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table; what appends have touched is folded first."""
        if table == "touched":
            while self._connections.repeat(fold):
                pass
        with self._connections.transaction() as connection:
            select = (
                _LEDGER if table == "ledger" else _named("SELECT {columns} FROM {table}", table)
            )
            yield from _stream(connection, select, ())

    def replace(self, table: str, rows: Iterable[Row]) -> None:
        """Put rows in the place of those that are there."""
        with self._connections.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(_named("TRUNCATE {table}", table))
            if table == "touched":
                cursor.execute("TRUNCATE series.touch")
            put = _named("COPY {table} ({columns}) FROM STDIN", table)
            if table == "ledger":
                cursor.execute(_NAMED)
                put = sql.SQL("COPY named FROM STDIN").format()
            with cursor.copy(put) as copy:
                for row in rows:
                    copy.write_row(row)
            if table == "ledger":
                cursor.execute(_BY_NUMBER)
            if table == "quarantine":
                cursor.execute(_ENTRY)
            if table == "touched":
                cursor.execute(_MARK)


def _named(statement: LiteralString, table: str) -> sql.Composed:
    """Return a statement with the names of a table and of its columns."""
    names = sql.SQL(", ").join(map(sql.Identifier, TABLES[table]))
    return sql.SQL(statement).format(table=sql.Identifier("series", table), columns=names)


def _stream(
    connection: psycopg.Connection, statement: sql.Composed | str, parameters: tuple[int, ...]
) -> Iterator[tuple[Any, ...]]:
    """Yield rows through a cursor of the server's own, so that few are here at once."""
    text = statement.encode() if isinstance(statement, str) else statement
    with connection.cursor(f"stream{next(_cursors)}") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(text, parameters)
        yield from cursor


def _kept(row: tuple[Any, ...], readings: tuple[Reading, ...]) -> Kept:
    number, device, *rest = row
    head = number, None if device is None else DeviceId(device), *rest
    return Kept._make((*head, readings))


def _reading(row: tuple[Any, ...]) -> Reading:
    _, series, time_ms, value, quality = row
    return Reading(SeriesId(series), time_ms, value, quality)
