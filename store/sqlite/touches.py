"""What appends have touched: one row a batch, folded into the list of hours when asked for.

An entry a reading in that list cost as much as the reading. A batch touches an hour once
however many readings it has in it, and hours are folded outside of ingest.
"""

import sys
from array import array
from collections.abc import Mapping

import apsw

from domain.window import HOUR_MS

_ROWS_AT_ONCE = 50
_LIST = """INSERT INTO touched VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET mark = max(mark, excluded.mark)"""


def note(connection: apsw.Connection, touched: Mapping[tuple[int, int], int]) -> None:
    """Keep what a batch has touched: its last cycle's number by (series, hour in ms)."""
    if touched:
        row = (max(touched.values()), len(touched), _packed(list(touched)))
        connection.execute("INSERT INTO touch (mark, n, hours) VALUES (?, ?, ?)", row)


def fold(connection: apsw.Connection) -> int:
    """Move the oldest touches to the list; return how many hours, 0 when none are left.

    A bounded number, inside the caller's transaction: ingest waits meanwhile.
    """
    rows = list(
        connection.execute(
            "SELECT id, mark, hours FROM touch ORDER BY id LIMIT ?", (_ROWS_AT_ONCE,)
        )
    )
    marks = {key: mark for _, mark, hours in rows for key in _unpacked(hours)}
    connection.executemany(_LIST, sorted((*key, mark) for key, mark in marks.items()))
    connection.executemany("DELETE FROM touch WHERE id = ?", [(row[0],) for row in rows])
    return len(marks)


def _packed(keys: list[tuple[int, int]]) -> bytes:
    """Return pairs of four-byte numbers, series and hours since 1970, lowest byte first."""
    return _little(array("i", [n for series, ms in keys for n in (series, ms // HOUR_MS)]))


def _unpacked(hours: bytes) -> list[tuple[int, int]]:
    numbers = array("i", hours)
    if sys.byteorder == "big":
        numbers.byteswap()
    return [
        (series, hour * HOUR_MS) for series, hour in zip(numbers[::2], numbers[1::2], strict=True)
    ]


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
