"""The moment up to which nothing more is committed; inside the caller's transaction.

The file takes one writer at a time, so whoever sets it knows that no batch is under way.
"""

import apsw

from store.sqlite.append import first_of

_MOMENT = "SELECT coalesce(max(moment), 0) FROM fence"
_LIFT = "DELETE FROM fence WHERE moment < ?"
_SET = "INSERT INTO fence SELECT ? WHERE NOT EXISTS (SELECT 1 FROM fence)"


def moment(connection: apsw.Connection) -> int:
    """Return the moment up to which nothing more is committed, 0 when none was ever set."""
    return first_of(connection.execute(_MOMENT))


def set_to(connection: apsw.Connection, moment_ms: int) -> None:
    """Let nothing more be committed up to a moment."""
    connection.execute(_LIFT, (moment_ms,))
    connection.execute(_SET, (moment_ms,))
