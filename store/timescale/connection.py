"""A small pool of PostgreSQL connections; foreign errors end here."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.errors import StoreAbsent, StoreRefused, StoreTooNew, StoreUnavailable
from store.migrations import scripts
from store.timescale.arrays import teach

_TIMEOUT_S = 10.0
# Any number will do, as long as every program of ours takes the same one.
_MIGRATION_LOCK = 0x4E_67_75_6F_6E


class Connections:
    """Connections to one database, each used by one thread at a time."""

    def __init__(self, dsn: str, *, new: bool) -> None:
        self._pool = ConnectionPool(
            dsn, min_size=1, max_size=8, timeout=_TIMEOUT_S, open=False,
            check=ConnectionPool.check_connection, configure=teach,
        )  # fmt: skip
        self._pool.open()
        try:
            with self.transaction() as connection:
                _prepare(connection, new=new)
        except BaseException:
            # A refused pool left to the garbage collector may be collected by its own
            # worker, which then cannot join itself.
            self._pool.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """Give a connection inside a transaction that commits on leaving.

        Raises `StoreUnavailable` when the server cannot be reached or the commit failed,
        `StoreRefused` when it will not take the content, now or ever.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            message = f"PostgreSQL: {type(error).__name__}: {str(error).strip()}"
            raise StoreRefused(message) from error
        except (psycopg.Error, PoolTimeout) as error:
            message = f"PostgreSQL: {type(error).__name__}: {str(error).strip()}"
            raise StoreUnavailable(message) from error

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


def _prepare(connection: psycopg.Connection, *, new: bool) -> None:
    steps = scripts("store.timescale")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
    row = connection.execute("SELECT to_regclass('series.version')").fetchone()
    found = 0
    if row is not None and row[0] is not None:
        newest = connection.execute("SELECT max(number) FROM series.version").fetchone()
        found = newest[0] if newest is not None else 0
    if not found and not new:
        message = "PostgreSQL holds no readings at all, not even an empty table for them"
        raise StoreAbsent(message)
    if found > max(steps):
        message = f"PostgreSQL has series schema {found}, this program knows {max(steps)}"
        raise StoreTooNew(message)
    for number, script in steps.items():
        if number > found:
            connection.execute(script.encode())
            connection.execute("INSERT INTO series.version VALUES (%s)", (number,))
