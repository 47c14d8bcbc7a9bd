"""The moment up to which nothing more is committed; inside the caller's transaction.

Batches run side by side, and each has taken its time before it commits. So each holds a
lock that others may share from before it looks here until it is committed, and whoever sets
the moment takes that lock alone: what was under way is committed then, and what comes sees it.
"""

import psycopg

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('series.fence', 0))"
_SHARE = "SELECT pg_advisory_xact_lock_shared(hashtextextended('series.fence', 0))"
_MOMENT = "SELECT coalesce(max(moment), 0) FROM series.fence"
_LIFT = "DELETE FROM series.fence WHERE moment < %s"
_SET = "INSERT INTO series.fence SELECT %s WHERE NOT EXISTS (SELECT FROM series.fence)"


def ask(connection: psycopg.Connection) -> psycopg.Cursor:
    """Ask for the moment up to which nothing more is committed, which stands until we commit."""
    connection.execute(_SHARE)
    # Another statement: one that had waited for the lock would see what was there before.
    return connection.execute(_MOMENT)


def answer(asked: psycopg.Cursor) -> int:
    """Return what was asked for, 0 when none was ever set."""
    row = asked.fetchone()
    return 0 if row is None else int(row[0])


def is_set(connection: psycopg.Connection, moment_ms: int) -> bool:
    """Whether nothing more is committed up to a moment already."""
    return answer(connection.execute(_MOMENT)) >= moment_ms


def set_to(connection: psycopg.Connection, moment_ms: int) -> None:
    """Let nothing more be committed up to a moment, once all that is under way is."""
    connection.execute(_LOCK)
    connection.execute(_LIFT, (moment_ms,))
    connection.execute(_SET, (moment_ms,))
