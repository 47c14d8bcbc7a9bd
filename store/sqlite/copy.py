"""A copy of an SQLite file while others write to it: what a backup is made of."""

from collections.abc import Callable
from pathlib import Path

import apsw

from domain.errors import StoreUnavailable
from store.sqlite.connection import refuse_unsafe_library

_STEPS_BETWEEN_WORDS = 200_000
_BUSY_MS = 10_000


def copy(source: Path, target: Path, say: Callable[[int], None]) -> None:
    """Write what ``source`` holds at one moment to ``target``, which must not be there.

    VACUUM INTO and not SQLite's backup interface: that one begins anew with every commit
    of another process, and next to a busy ingest would never end. This is one snapshot;
    nobody waits for it, and every row is read on the way. ``say`` is told the bytes
    written so far. Not fsynced. Raises `StoreUnavailable`, with nothing of use written.
    """
    refuse_unsafe_library(apsw.sqlitelibversion())

    def told() -> bool:
        say(target.stat().st_size if target.exists() else 0)
        return False

    try:
        # Not made when it is not there, as by default it would be.
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            connection.set_progress_handler(told, _STEPS_BETWEEN_WORDS)
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except apsw.Error as error:
        message = f"{source.name} cannot be copied: {type(error).__name__}: {error}"
        raise StoreUnavailable(message) from error


def damage(path: Path) -> list[str]:
    """Return what SQLite finds wrong in the structure of a file, nothing when it is sound."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        finally:
            connection.close()
    except apsw.Error as error:
        return [f"{path.name}: {error}"]
    return [] if said == ["ok"] else [f"{path.name}: {line}" for line in said]
