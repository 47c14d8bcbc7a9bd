"""The least that could put readings into each store's own table: what appends are held against.

No deduplication beyond the key, no ledger, no frames, no conflicts, no roll-up list; the
same batches, each in a durable transaction.
"""

import struct
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import apsw
import psycopg

from bench.spent import Spent
from store.sqlite import SqliteSeries
from store.sqlite.cells import pack_values
from store.timescale import PostgresSeries
from store.timescale.partitions import Partitions, make

Rows: TypeAlias = Sequence[tuple[int, int, float, int, int]]
_ROW = struct.Struct(">h ii iq id ii iq")
_ROW_OF_OURS = "INSERT OR IGNORE INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COPY = "COPY floor (series, time, value, quality, frame) FROM STDIN (FORMAT BINARY)"
_INSERT = "INSERT INTO series.reading SELECT * FROM floor ON CONFLICT DO NOTHING"
_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def sqlite_floor(path: Path, batches: Sequence[Rows]) -> Spent:
    """Return what `executemany` takes for all batches, a row a cycle as ours."""
    SqliteSeries(path).close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = FULL")
    cells = [_cells(rows) for rows in batches]
    with Spent() as spent:
        for rows in cells:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_ROW_OF_OURS, rows)
            connection.execute("COMMIT")
    connection.close()
    return spent


def _cells(rows: Rows) -> list[tuple[object, ...]]:
    """Return readings as the rows that the embedded store makes of them."""
    cycles: defaultdict[int, list[float]] = defaultdict(list)
    heads: dict[int, tuple[int, int]] = {}
    for series, time_ms, value, _, frame in rows:
        cycles[frame].append(value)
        heads.setdefault(frame, (series, time_ms))
    return [
        (frame, series, 1_000, 0, 1, time_ms, 2_000, 50, 0, 0, series, pack_values(values), None)
        for (frame, values), (series, time_ms) in zip(cycles.items(), heads.values(), strict=True)
    ]


def postgres_floor(url: str, batches: Sequence[Rows]) -> Spent:
    """Return what a binary COPY and an INSERT take for all batches."""
    PostgresSeries(url).close()
    with psycopg.connect(url) as connection:
        # Made beforehand, as they are in a running system on all but one day of a month.
        times = [time_ms for rows in batches for _, time_ms, *_ in rows]
        make(connection, Partitions().wanted(times))
        connection.execute(
            "CREATE TEMPORARY TABLE floor (LIKE series.reading) ON COMMIT DELETE ROWS"
        )
        connection.commit()
        with Spent() as spent:
            for rows in batches:
                with connection.cursor() as cursor:
                    with cursor.copy(_COPY) as copy:
                        copy.write(_packed(rows))
                    cursor.execute(_INSERT)
                connection.commit()
        return spent


def _packed(rows: Rows) -> bytes:
    """Return rows in PostgreSQL's binary COPY format: five fields, each behind its length."""
    body = [_ROW.pack(5, 4, s, 8, t, 8, v, 4, q, 8, f) for s, t, v, q, f in rows]
    return _HEAD + b"".join(body) + _TAIL
