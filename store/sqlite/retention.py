"""Letting old readings go from the embedded store; inside the caller's transaction."""

import apsw

from store.retention import require_held, whole_parts
from store.sqlite import touches
from store.sqlite.append import first_of

_NEWEST = "SELECT coalesce(max(frame), 0) FROM reading WHERE time < ?"
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
    connection.execute("DELETE FROM reading WHERE time < ?", (until_ms,))
    count = connection.changes()
    connection.execute("INSERT INTO dropped VALUES (?, ?)", (until_ms, count))
    return count


def kept_since(connection: apsw.Connection) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    return first_of(connection.execute("SELECT coalesce(max(until), 0) FROM dropped"))
