"""Connections to the embedded store: which SQLite, which pragmas, how many.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write or
checkpoint at once (sqlite.org/wal.html#walresetbug). apsw carries a newer library
than distributions do; an older one is refused here instead of hoped about.
"""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from domain.errors import StoreAbsent, StoreRefused, StoreTooNew, StoreUnavailable
from domain.os_errors import told
from store.migrations import scripts
from store.sqlite.cells import teach

OLDEST_SAFE = 3_051_003
_BUSY_MS = 10_000
_MAX_IDLE = 8
# The content's fault: the same again would be refused again.
_NEVER = (apsw.ConstraintError, apsw.MismatchError, apsw.RangeError, apsw.TooBigError)

# The machine's, in the words that every other refusal of it has.
_MACHINE: dict[type[apsw.Error], int] = {
    apsw.CantOpenError: errno.EACCES,
    apsw.PermissionsError: errno.EACCES,
    apsw.ReadOnlyError: errno.EROFS,
    apsw.FullError: errno.ENOSPC,
    apsw.IOError: errno.EIO,
}


class Connections:
    """Connections lent to one thread at a time and kept for the next one.

    Not one a thread: web servers make and drop threads as they please, and each would
    leave its files open.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        refuse_unsafe_library(apsw.sqlitelibversion())
        self._path = path
        self._idle: list[apsw.Connection] = []
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.guarded() as connection:
            _prepare(connection, path, new=new)

    @contextmanager
    def guarded(self) -> Iterator[apsw.Connection]:
        """Lend a connection; foreign errors leave as `StoreUnavailable` or `StoreRefused`."""
        try:
            connection = self._take()
            try:
                yield connection
            except BaseException:
                # Who knows what it is in the middle of; closing undoes all of it.
                connection.close()
                raise
            self._give_back(connection)
        except _NEVER as error:
            message = f"{self._path.name}: {type(error).__name__}: {error}"
            raise StoreRefused(message) from error
        except tuple(_MACHINE) as error:
            refused = OSError(_MACHINE.get(type(error), errno.EIO), str(error), str(self._path))
            raise StoreUnavailable(told(refused)) from error
        except apsw.Error as error:
            message = f"{self._path.name}: {type(error).__name__}: {error}"
            raise StoreUnavailable(message) from error

    def close(self) -> None:
        """Close every connection that is not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> apsw.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = apsw.Connection(str(self._path))
        connection.set_busy_timeout(_BUSY_MS)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk when it returns. NORMAL may lose the last ones.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def refuse_unsafe_library(version: str) -> None:
    """Raise `StoreUnavailable` when this SQLite has the WAL corruption bug."""
    major, minor, patch = (int(part) for part in (*version.split("."), "0")[:3])
    if major * 1_000_000 + minor * 1_000 + patch < OLDEST_SAFE:
        message = f"SQLite {version} can corrupt a WAL database; 3.51.3 or newer is needed"
        raise StoreUnavailable(message)


def _prepare(connection: apsw.Connection, path: Path, *, new: bool) -> None:
    steps = scripts("store.sqlite")
    teach(connection)
    # IMMEDIATE: two processes starting at once must not both find an empty file.
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = int(str(connection.pragma("user_version")))
        if not new:
            _refuse_absent(found, path)
        _refuse_newer(found, max(steps), path)
        for number, script in steps.items():
            if number > found:
                connection.execute(script)
                connection.pragma("user_version", number)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _refuse_absent(found: int, path: Path) -> None:
    if not found:
        message = f"{path} holds no readings at all, not even an empty table for them"
        raise StoreAbsent(message)


def _refuse_newer(found: int, known: int, path: Path) -> None:
    if found > known:
        message = f"{path.name} has schema {found}, this program knows {known}"
        raise StoreTooNew(message)
