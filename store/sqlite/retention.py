"""Letting old readings go from the embedded store; inside the caller's transaction."""

import apsw

from store.retention import require_held, whole_parts
from store.sqlite import touches
from store.sqlite.append import first_of

_NEWEST = """SELECT max((SELECT coalesce(max(id), 0) FROM frame WHERE shape > 0 AND time < ?1),
    (SELECT coalesce(max(frame), 0) FROM part WHERE time < ?1))"""
_COUNT = """SELECT coalesce(sum(length(readings)), 0) / 8 FROM (
    SELECT readings FROM frame WHERE shape > 0 AND time < ?1
    UNION ALL SELECT readings FROM part WHERE time < ?1)"""
_EMPTY = """UPDATE frame SET shape = NULL, readings = NULL, qualities = NULL
    WHERE shape > 0 AND time < ?"""
_DUE = "SELECT EXISTS (SELECT 1 FROM touched WHERE hour < ?)"


def drop(connection: apsw.Connection, until_ms: int, logged: int) -> int:
    """Drop what was claimed before a moment, in whole parts; return how many readings.

    Raises `Refused`; see :class:`store.series.Series`.
    """
    until_ms = whole_parts(until_ms)
    while touches.fold(connection):
        pass
    newest = first_of(connection.execute(_NEWEST, (until_ms,)))
    due = first_of(connection.execute(_DUE, (until_ms,)))
    require_held(newest, logged, due=bool(due))
    count = first_of(connection.execute(_COUNT, (until_ms,)))
    connection.execute(_EMPTY, (until_ms,))
    connection.execute("DELETE FROM part WHERE time < ?", (until_ms,))
    connection.execute("INSERT INTO dropped VALUES (?, ?)", (until_ms, count))
    return count


def kept_since(connection: apsw.Connection) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    return first_of(connection.execute("SELECT coalesce(max(until), 0) FROM dropped"))
