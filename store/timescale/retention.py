"""Letting old readings go: whole parts, and only what the log and the roll-ups hold already.

A part is dropped as a table or a chunk, in no time and without a row being touched. What
lies beside the parts is deleted. Appends wait meanwhile, or one could add a reading between
the look and the drop. Where cycles were moved past the bound, and so lie after it, their
readings stay; then the others are deleted row by row.
"""

import psycopg

from domain.window import DAY_MS
from store.retention import require_held, whole_parts
from store.timescale.partitions import LOCK, Layout

_LOCK = "LOCK TABLE series.reading, series.stray, series.rival IN SHARE ROW EXCLUSIVE MODE"
_AHEAD = """SELECT EXISTS (SELECT FROM series.moved WHERE most > 0)"""
_HELD = "SELECT count(*), coalesce(max(frame), 0) FROM series.every_reading WHERE time < %s"
_HELD_BEFORE = """SELECT count(*), coalesce(max(r.frame), 0)
    FROM series.every_reading r JOIN series.cycle f ON f.id = r.frame
    WHERE r.time < %(until)s AND r.time + f.skew < %(until)s"""
_DUE = """SELECT EXISTS (SELECT FROM series.touched WHERE hour < %(until)s) OR EXISTS (
    SELECT FROM series.touch CROSS JOIN LATERAL unnest(hour) AS h WHERE h < %(until)s)"""
_PARTS = """SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = 'series.reading'::regclass AND (regexp_match(
        pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid),
        'TO \\(''(\\d+)''\\)'))[1]::bigint <= %s"""
_BEFORE = """USING series.cycle f WHERE f.id = r.frame
    AND r.time < %(until)s AND r.time + f.skew < %(until)s"""
_ROW_BY_ROW = [
    f"DELETE FROM series.{table} r {_BEFORE}"  # noqa: S608 - names of ours
    for table in ("reading", "stray", "rival")
]


def drop(connection: psycopg.Connection, until_ms: int, logged: int, layout: Layout) -> int:
    """Drop what was claimed before a moment, in whole parts; return how many readings.

    Raises `Refused`; see :class:`store.series.Series`.
    """
    until_ms = whole_parts(until_ms)
    asked = {"until": until_ms}
    connection.execute(LOCK)
    connection.execute(_LOCK)
    ahead = _one(connection.execute(_AHEAD))
    held = connection.execute(_HELD_BEFORE, asked) if ahead else None
    row = (held or connection.execute(_HELD, (until_ms,))).fetchone()
    count, newest = row if row is not None else (0, 0)
    # A day more: the local day across the bound is final as well.
    due = _one(connection.execute(_DUE, {"until": until_ms + DAY_MS}))
    require_held(newest, logged, due=due)
    if ahead:
        _delete(connection, until_ms, layout)
    else:
        _drop_parts(connection, until_ms, layout)
    connection.execute("INSERT INTO series.dropped VALUES (%s, %s)", (until_ms, count))
    return int(count)


def _one(cursor: psycopg.Cursor) -> bool:
    row = cursor.fetchone()
    return row is not None and bool(row[0])


def _drop_parts(connection: psycopg.Connection, until_ms: int, layout: Layout) -> None:
    if layout is Layout.NATIVE:
        for (name,) in connection.execute(_PARTS, (until_ms,)).fetchall():
            connection.execute(f"DROP TABLE {name}".encode())
    else:
        connection.execute("SELECT drop_chunks('series.reading', older_than => %s)", (until_ms,))
    connection.execute("DELETE FROM series.stray WHERE time < %s", (until_ms,))
    connection.execute("DELETE FROM series.rival WHERE time < %s", (until_ms,))


def _delete(connection: psycopg.Connection, until_ms: int, layout: Layout) -> None:
    if layout is not Layout.NATIVE:
        connection.execute("SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
    for statement in _ROW_BY_ROW:
        connection.execute(statement.encode(), {"until": until_ms})


def kept_since(connection: psycopg.Connection) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    row = connection.execute("SELECT coalesce(max(until), 0) FROM series.dropped").fetchone()
    return 0 if row is None else int(row[0])
