"""Letting old readings go from the embedded store; inside the caller's transaction."""

import apsw

from domain.window import DAY_MS
from store.retention import require_held, whole_parts
from store.sqlite import touches
from store.sqlite.append import first_of

# What was claimed before the bound and lies before it: a cycle that is moved past it stays.
_GONE = """SELECT f.id, f.readings FROM frame f
        WHERE f.shape > 0 AND f.time < ?1 AND f.time + f.skew < ?1
    UNION ALL SELECT p.frame, p.readings FROM part p JOIN frame f ON f.id = p.frame
        WHERE p.time < ?1 AND p.time + f.skew < ?1"""
_HELD = f"SELECT coalesce(max(id), 0), coalesce(sum(length(readings)), 0) / 8 FROM ({_GONE})"  # noqa: S608 - both of ours
_DUE = "SELECT EXISTS (SELECT 1 FROM touched WHERE hour < ?)"
_EMPTY = """UPDATE frame SET shape = NULL, readings = NULL, qualities = NULL
    WHERE shape > 0 AND time < ?1 AND time + skew < ?1"""
_STRIKE = """DELETE FROM part WHERE time < ?1
    AND time + (SELECT skew FROM frame WHERE id = part.frame) < ?1"""


def drop(connection: apsw.Connection, until_ms: int, logged: int) -> int:
    """Drop what was claimed before a moment, in whole parts; return how many readings.

    Raises `Refused`; see :class:`store.series.Series`.
    """
    until_ms = whole_parts(until_ms)
    while touches.fold(connection):
        pass
    newest, count = next(iter(connection.execute(_HELD, (until_ms,))))
    # A day more: the local day across the bound is final as well.
    due = first_of(connection.execute(_DUE, (until_ms + DAY_MS,)))
    require_held(newest, logged, due=bool(due))
    connection.execute(_STRIKE, (until_ms,))
    connection.execute(_EMPTY, (until_ms,))
    connection.execute("INSERT INTO dropped VALUES (?, ?)", (until_ms, count))
    return int(count)


def kept_since(connection: apsw.Connection) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    return first_of(connection.execute("SELECT coalesce(max(until), 0) FROM dropped"))
