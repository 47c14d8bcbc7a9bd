"""The records store: open it, migrate it, and work on it in transactions.

On SQLite the journal is a rollback journal, not WAL: the library that Python brings
may be older than the fix of the WAL corruption bug, and records are written seldom.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from domain.errors import Clash, InvalidInput, StoreTooNew, StoreUnavailable
from store.records.accounts import Accounts
from store.records.captures import Captures
from store.records.days import Days
from store.records.decisions import Decisions
from store.records.devices import Devices
from store.records.diary import Diary
from store.records.erasing import TABLES, Erasing
from store.records.events import Events
from store.records.gs1_keys import Gs1Keys
from store.records.keys import Keys
from store.records.lineage import Lineage
from store.records.log import Log
from store.records.logistics import Logistics
from store.records.lots import Lots
from store.records.papers import Papers
from store.records.places import Places
from store.records.salts import Salts
from store.records.scans import Scans
from store.records.silences import Silences
from store.records.tokens import Tokens
from store.records.units import Units

_MIGRATIONS = Path(__file__).parent / "migrations"
# Together as many as the threads that a web server runs routes in; few are kept open.
_KEPT, _EXTRA = 8, 32


@dataclass(frozen=True)
class Transaction:
    """What can be asked and told within one transaction, by subject."""

    connection: sa.Connection

    @cached_property
    def places(self) -> Places:
        """Areas, producers, plots, crops, seasons."""
        return Places(self.connection)

    @cached_property
    def devices(self) -> Devices:
        """Devices, datastreams, placements."""
        return Devices(self.connection)

    @cached_property
    def tokens(self) -> Tokens:
        """What devices show over HTTP."""
        return Tokens(self.connection)

    @cached_property
    def silences(self) -> Silences:
        """Sensors that are, or were, not heard."""
        return Silences(self.connection)

    @cached_property
    def gs1(self) -> Gs1Keys:
        """Numbers of parties and devices."""
        return Gs1Keys(self.connection)

    @cached_property
    def diary(self) -> Diary:
        """Diary entries and permitted products."""
        return Diary(self.connection)

    @cached_property
    def lots(self) -> Lots:
        """Products, lots, passports, recalls, buyers' reports."""
        return Lots(self.connection)

    @cached_property
    def decisions(self) -> Decisions:
        """Proposals to recall, and growers' denials."""
        return Decisions(self.connection)

    @cached_property
    def scans(self) -> Scans:
        """How often labels were opened."""
        return Scans(self.connection)

    @cached_property
    def lineage(self) -> Lineage:
        """Steps between lots."""
        return Lineage(self.connection)

    @cached_property
    def logistics(self) -> Logistics:
        """Logistic units, by their SSCC."""
        return Logistics(self.connection)

    @cached_property
    def log(self) -> Log:
        """The log of what was claimed."""
        return Log(self.connection)

    @cached_property
    def days(self) -> Days:
        """Days of devices: logged, and due to be."""
        return Days(self.connection)

    @cached_property
    def keys(self) -> Keys:
        """Public keys that passports were signed with."""
        return Keys(self.connection)

    @cached_property
    def salts(self) -> Salts:
        """Salts of digests in the log."""
        return Salts(self.connection)

    @cached_property
    def events(self) -> Events:
        """EPCIS events, and what they are found by."""
        return Events(self.connection)

    @cached_property
    def captures(self) -> Captures:
        """How EPCIS events came in, and queries under a name."""
        return Captures(self.connection)

    @cached_property
    def units(self) -> Units:
        """Units of lots, by the serials on their labels."""
        return Units(self.connection)

    @cached_property
    def papers(self) -> Papers:
        """Certificates, pictures of products, and their files."""
        return Papers(self.connection)

    @cached_property
    def erasing(self) -> Erasing:
        """Names to be taken out."""
        return Erasing(self.connection)

    @cached_property
    def accounts(self) -> Accounts:
        """Logins and sessions."""
        return Accounts(self.connection)


class Records:
    """One relational database, given as an SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(
            parsed, pool_pre_ping=True, pool_size=_KEPT, max_overflow=_EXTRA, pool_timeout=10
        )
        self._reader = self._engine.execution_options(nguon_reading=True)
        if parsed.drivername == "sqlite":
            sa.event.listen(self._engine, "connect", _on_sqlite_connect)
            sa.event.listen(self._engine, "begin", _on_sqlite_begin)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Work in one transaction: all of it is kept, or on any error nothing.

        Raises `StoreUnavailable` when the database does not answer, `InvalidInput` when
        it cannot hold a value.
        """
        with _foreign_errors_end_here(), self._engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Ask in one consistent transaction that will not write, and holds up nobody."""
        with _foreign_errors_end_here(), self._reader.begin() as connection:
            yield Transaction(connection)

    def migrate(self) -> str:
        """Bring the database to this program's revision, which is returned.

        Raises `StoreTooNew` when a newer program has written it.
        """
        script = ScriptDirectory(str(_MIGRATIONS))
        head = script.get_current_head() or ""
        with _foreign_errors_end_here(), self._engine.begin() as connection:
            _lock_out_others(connection)
            _refuse_newer(script, MigrationContext.configure(connection).get_current_revision())
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return head

    def revision(self) -> str | None:
        """Return the revision the database is at, None when it holds no records."""
        with _foreign_errors_end_here(), self._reader.begin() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def compact(self) -> None:
        """Write anew what names are erased from, so that no file of the database holds them.

        Raises `StoreUnavailable` while somebody else is at it; nothing is lost then.
        """
        raw = self._engine.raw_connection()
        try:
            if self._engine.dialect.name == "sqlite":
                raw.cursor().execute("VACUUM")
            else:
                _compact_postgres(raw)
        except self._engine.dialect.loaded_dbapi.Error as error:
            message = f"records: {type(error).__name__}: {error}"
            raise StoreUnavailable(message) from error
        finally:
            raw.close()

    def close(self) -> None:
        """Release every connection."""
        self._engine.dispose()


def _compact_postgres(raw: sa.PoolProxiedConnection) -> None:
    driver = raw.driver_connection
    driver.autocommit = True  # type: ignore[union-attr] # psycopg's own; VACUUM is no transaction
    try:
        # Whoever reads now is waited for, and not for ever: it can be said again.
        raw.cursor().execute("SET lock_timeout = '10s'")
        for name in TABLES:
            # ANALYZE too: the planner's statistics keep the commonest values of a column.
            raw.cursor().execute(f'VACUUM (FULL, ANALYZE) "{name}"')
        raw.cursor().execute("VACUUM pg_catalog.pg_statistic")
    finally:
        raw.cursor().execute("RESET lock_timeout")
        driver.autocommit = False  # type: ignore[union-attr] # see above


@contextmanager
def _foreign_errors_end_here() -> Iterator[None]:
    try:
        yield
    except sa.exc.DataError as error:
        message = f"the database cannot hold this: {error.orig}"
        raise InvalidInput(message) from error
    except sa.exc.IntegrityError as error:
        message = "somebody else was faster, or wrote the same; look, and try again"
        raise Clash(message) from error
    except sa.exc.DBAPIError as error:
        message = f"records: {type(error.orig).__name__}: {error.orig}"
        raise StoreUnavailable(message) from error
    except sa.exc.TimeoutError as error:
        message = f"records: no connection was free: {error}"
        raise StoreUnavailable(message) from error


def _refuse_newer(script: ScriptDirectory, found: str | None) -> None:
    try:
        script.get_revision(found)  # type: ignore[arg-type] # None is the empty database
    except CommandError as error:
        message = f"records are at revision {found}, which this program does not know"
        raise StoreTooNew(message) from error


def _lock_out_others(connection: sa.Connection) -> None:
    # SQLite has begun IMMEDIATE already; PostgreSQL needs telling.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(5144583)"))


def _on_sqlite_connect(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode = DELETE", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    # What is taken out is overwritten at once, not whenever its room is needed.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.close()


def _on_sqlite_begin(connection: sa.Connection) -> None:
    # IMMEDIATE: a transaction that reads a rule and then writes by it must not be overtaken.
    reading = connection.get_execution_options().get("nguon_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
