"""Letting old readings go: whole parts, and only what the log and the roll-ups hold already.

A part is dropped as a table or a chunk, in no time and without a row being touched. What
lies beside the parts is deleted. Appends wait meanwhile, or one could add a reading between
the look and the drop.
"""

import psycopg

from store.retention import require_held, whole_parts
from store.timescale.partitions import Layout

_LOCK = "LOCK TABLE series.reading, series.stray, series.rival IN SHARE ROW EXCLUSIVE MODE"
_HELD = "SELECT count(*), coalesce(max(frame), 0) FROM series.every_reading WHERE time < %s"
_DUE = """SELECT EXISTS (SELECT FROM series.touched WHERE hour < %(until)s) OR EXISTS (
    SELECT FROM series.touch CROSS JOIN LATERAL unnest(hour) AS h WHERE h < %(until)s)"""
_PARTS = """SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = 'series.reading'::regclass AND (regexp_match(
        pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid),
        'TO \\(''(\\d+)''\\)'))[1]::bigint <= %s"""


def drop(connection: psycopg.Connection, until_ms: int, logged: int, layout: Layout) -> int:
    """Drop what was claimed before a moment, in whole parts; return how many readings.

    Raises `Refused`; see :class:`store.series.Series`.
    """
    until_ms = whole_parts(until_ms)
    connection.execute(_LOCK)
    row = connection.execute(_HELD, (until_ms,)).fetchone()
    count, newest = row if row is not None else (0, 0)
    due = connection.execute(_DUE, {"until": until_ms}).fetchone()
    require_held(newest, logged, due=due is not None and due[0])
    if layout is Layout.NATIVE:
        for (name,) in connection.execute(_PARTS, (until_ms,)).fetchall():
            connection.execute(f"DROP TABLE {name}".encode())
    else:
        connection.execute("SELECT drop_chunks('series.reading', older_than => %s)", (until_ms,))
    connection.execute("DELETE FROM series.stray WHERE time < %s", (until_ms,))
    connection.execute("DELETE FROM series.rival WHERE time < %s", (until_ms,))
    connection.execute("INSERT INTO series.dropped VALUES (%s, %s)", (until_ms, count))
    return int(count)


def kept_since(connection: psycopg.Connection) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    row = connection.execute("SELECT coalesce(max(until), 0) FROM series.dropped").fetchone()
    return 0 if row is None else int(row[0])
