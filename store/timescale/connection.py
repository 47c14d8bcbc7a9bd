"""A small pool of PostgreSQL connections; foreign errors end here."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.errors import StoreAbsent, StoreRefused, StoreTooNew, StoreUnavailable
from store.migrations import scripts
from store.timescale.arrays import teach

_TIMEOUT_S = 10.0
_PAUSES_S = (0.05, 0.2, 1.0)
# Connection exceptions, rollbacks such as deadlocks, shutting down or starting, read only.
_PASSING = ("08", "40", "57P", "25006")
T = TypeVar("T")
_log = logging.getLogger(__name__)
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
                try:
                    yield connection
                except psycopg.errors.ReadOnlySqlTransaction:
                    # A primary that has become a standby: the next one is looked for.
                    connection.close()
                    raise
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            message = f"PostgreSQL: {type(error).__name__}: {str(error).strip()}"
            raise StoreRefused(message) from error
        except (psycopg.Error, PoolTimeout) as error:
            message = f"PostgreSQL: {type(error).__name__}: {str(error).strip()}"
            raise StoreUnavailable(message) from error

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """Give a connection that sees one moment, however many statements are asked."""
        with self.transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    def repeat(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Do work in a transaction; again after a lost line, a failover or a serialization error.

        Only for work that may be done twice: a line may break after the server has committed.
        Raises as `transaction` does, once trying again has not helped.
        """
        for pause_s in _PAUSES_S:
            try:
                with self.transaction() as connection:
                    return work(connection)
            except StoreUnavailable as error:
                if not _passes(error.__cause__):
                    raise
                _log.warning("trying again: %s", error)
            time.sleep(pause_s)
        with self.transaction() as connection:
            return work(connection)

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


def _passes(error: BaseException | None) -> bool:
    """Whether it may go well the next time: the line was lost, or the server says so itself."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InternalError):
        return False
    if isinstance(error, PoolTimeout):
        return False  # waited for long enough already
    return error.sqlstate is None or error.sqlstate.startswith(_PASSING)


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
