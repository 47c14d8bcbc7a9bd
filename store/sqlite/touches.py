"""What appends have touched: one row a batch, folded into the list of hours when asked for.

An entry a reading in that list cost as much as the reading. A batch touches an hour of a
shape once however many readings it has in it, and hours are folded outside of ingest.
"""

import json
from collections.abc import Collection, Iterable

import apsw

from domain.window import HOUR_MS
from store.sqlite.cells import pack_series, series_of
from store.sqlite.shapes import Shape

_ROWS_AT_ONCE = 50
_SERIES = "SELECT id, series FROM shape WHERE id IN (SELECT value FROM json_each(?))"
_LIST = "INSERT INTO touched VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark"


def note(connection: apsw.Connection, touched: Collection[tuple[Shape, int]]) -> None:
    """Keep what a batch has touched: shapes, each with an hour in ms."""
    if touched:
        count = sum(len(shape.series) for shape, _ in touched)
        hours = _packed([(shape.id, hour) for shape, hour in touched])
        connection.execute("INSERT INTO touch (n, hours, shaped) VALUES (?, ?, 1)", (count, hours))


def put(connection: apsw.Connection, hours: Iterable[tuple[int, int]]) -> None:
    """Put hours, given as (series, hour), on the list, under a mark that was never there."""
    row = connection.execute("UPDATE mark SET last = last + 1 RETURNING last").fetchone()
    mark = 0 if row is None else int(row[0])
    connection.executemany(_LIST, [(*hour, mark) for hour in sorted(set(hours))])


def fold(connection: apsw.Connection) -> int:
    """Move the oldest touches to the list; return how many hours, 0 when none are left.

    A bounded number, inside the caller's transaction: ingest waits meanwhile.
    """
    rows = list(
        connection.execute(
            "SELECT id, hours, shaped FROM touch ORDER BY id LIMIT ?", (_ROWS_AT_ONCE,)
        )
    )
    touched = {(*key, shaped) for _, hours, shaped in rows for key in _unpacked(hours)}
    shapes = sorted({number for number, _, shaped in touched if shaped})
    series = {
        number: series_of(packed)
        for number, packed in connection.execute(_SERIES, (json.dumps(shapes),))
    }
    hours = {
        (one, hour)
        for number, hour, shaped in touched
        for one in (series[number] if shaped else (number,))
    }
    put(connection, hours)
    connection.executemany("DELETE FROM touch WHERE id = ?", [(row[0],) for row in rows])
    return len(hours)


def _packed(keys: list[tuple[int, int]]) -> bytes:
    """Return pairs of four-byte numbers, shapes and hours since 1970, lowest byte first."""
    return pack_series([n for shape, ms in keys for n in (shape, ms // HOUR_MS)])


def _unpacked(hours: bytes) -> list[tuple[int, int]]:
    numbers = series_of(hours)
    return [(one, hour * HOUR_MS) for one, hour in zip(numbers[::2], numbers[1::2], strict=True)]
