"""Open what the settings name, and hand it to whoever needs it."""

import errno
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from domain.errors import BadSettings, StoreAbsent
from domain.ids import SeriesId
from domain.os_errors import told
from nguon.settings import Settings, file_of
from store.judged import limits_of
from store.records import Records
from store.rollups import Rhythm
from store.series import Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from traceability.evidence.commit import Station, measuring
from traceability.key_register import announce, trusted
from traceability.log.checkpoint import Policy
from traceability.log.key import NamedKey
from traceability.log.key import create as create_log_key
from traceability.log.key import load as load_log_key
from traceability.log.note import Verifier
from traceability.signer import Signer, create, load
from traceability.trust import Trust

UTC_ZONE = ZoneInfo("UTC")
_BEGIN = "a new installation begins with `nguon migrate --new`"


def now_ms() -> int:
    """Return the present instant; the only clock in the program besides the simulator's."""
    return time.time_ns() // 1_000_000


def open_series(url: str, *, new: bool = True) -> Series:
    """Return the time-series store that a URL names; raises `BadSettings`."""
    path = file_of(url)
    if path is not None:
        return SqliteSeries(path, new=new)
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresSeries(url, new=new)
    if url.startswith(("influx://", "influxs://")):
        return _open_influx(url, new=new)
    message = (
        "NGUON_SERIES_URL: sqlite:///FILE, postgresql://… or"
        f" influx://TOKEN@HOST:PORT/ORG/BUCKET, not {url[:12]}…"
    )
    raise BadSettings(message)


def _open_influx(url: str, *, new: bool) -> Series:
    from store.influx import Address, InfluxSeries  # noqa: PLC0415 - its client starts slowly

    try:
        address = Address.parse(url)
    except BadSettings as error:
        message = f"NGUON_SERIES_URL: {error}"
        raise BadSettings(message) from error
    return InfluxSeries(address, new=new)


def open_records(url: str) -> Records:
    """Return the records store that a URL names; raises `BadSettings`."""
    if not url.startswith(("sqlite:///", "postgresql://")):
        message = f"NGUON_RECORDS_URL: sqlite:///FILE or postgresql://…, not {url[:12]}…"
        raise BadSettings(message)
    try:
        return Records(url)
    except ValueError as error:
        message = f"NGUON_RECORDS_URL: {error}"
        raise BadSettings(message) from error


@dataclass(frozen=True)
class Stores:
    """Both stores, open."""

    series: Series
    records: Records


@contextmanager
def stores(settings: Settings, *, new: bool = False) -> Iterator[Stores]:
    """Open both stores, records migrated; close them on leaving.

    Raises `BadSettings` where there are none, unless they are to be made: a wrong folder
    must not look like an installation that has lost everything.
    """
    if new:
        _require_unlocked(settings)
    else:
        require_files(settings)
    records = open_records(settings.records())
    if not new and records.revision() is None:
        records.close()
        message = f"no records in NGUON_RECORDS_URL; {_BEGIN}"
        raise BadSettings(message)
    records.migrate()
    try:
        series = open_series(settings.series(), new=new)
    except StoreAbsent as error:
        records.close()
        message = f"NGUON_SERIES_URL: {error}; {_BEGIN}"
        raise BadSettings(message) from error
    try:
        yield Stores(series, records)
    finally:
        series.close()
        records.close()


def require_files(settings: Settings) -> None:
    """Raise `BadSettings` where a store should be a file and is not there, or is locked."""
    for url in (settings.records(), settings.series()):
        path = file_of(url)
        if path is not None and not path.exists():
            message = f"{path} is not there: is NGUON_DATA the right folder? {_BEGIN}"
            raise BadSettings(message)
    _require_unlocked(settings)


def _require_unlocked(settings: Settings) -> None:
    """Raise `BadSettings` where a store that is a file, or its folder, may not be written.

    SQLite's own words for both are "unable to open"; it writes beside the file, too.
    """
    for path in (file_of(settings.records()), file_of(settings.series())):
        for needed in (path, path.parent) if path is not None else ():
            if needed.exists() and not os.access(needed, os.R_OK | os.W_OK):
                raise BadSettings(told(PermissionError(errno.EACCES, "", str(needed))))


def signer(settings: Settings) -> Signer:
    """Return the signing key; raises `BadSettings` when it is not there.

    Never made in passing: passports signed with a key that nobody knows prove nothing.
    """
    path = settings.key_file()
    if not path.exists():
        message = f"no signing key at {path}: bring it back from a backup; {_BEGIN}"
        raise BadSettings(message)
    return load(path)


def make_signer(settings: Settings) -> Signer:
    """Return the signing key, made if it is not there: for what begins an installation."""
    path = settings.key_file()
    return load(path) if path.exists() else create(path, now_ms())


def log_key(settings: Settings) -> NamedKey:
    """Return the log's key; raises `BadSettings` when it is not there."""
    path = settings.log_key_file()
    if not path.exists():
        message = f"no key of the log at {path}: bring it back from a backup; {_BEGIN}"
        raise BadSettings(message)
    return load_log_key(path)


def make_log_key(settings: Settings, records: Records) -> NamedKey:
    """Return the log's key, made if there is neither it nor anything signed with it.

    The log is named after the address that labels carry, and keeps its name when that changes.
    """
    path = settings.log_key_file()
    if path.exists():
        return load_log_key(path)
    with records.reading() as transaction:
        head = transaction.log.head()
    if head is not None:
        message = f"no key of the log at {path}, and {head.size} entries are signed: bring it back"
        raise BadSettings(message)
    host = urlsplit(settings.address()).netloc
    return create_log_key(path, f"{host}/log")


def trust(settings: Settings, records: Records, key: NamedKey) -> Trust:
    """Return what we tell others to trust: our keys, the log's, its witnesses."""
    witnesses = tuple(Verifier.parse(vkey) for vkey, _ in settings.witness_list())
    quorum = min(settings.witness_quorum, len(witnesses))
    with records.reading() as transaction:
        keys = trusted(transaction)
    return Trust(keys, Policy(key.name, (key.log(),), witnesses, quorum))


def begin_signing(settings: Settings, records: Records) -> Signer:
    """Return the signing key, in the register of keys that others trust."""
    found = signer(settings)
    with records.transaction() as transaction:
        announce(transaction, found.public(), now_ms())
    return found


def rhythms(records: Records) -> dict[SeriesId, Rhythm]:
    """Return how often each series is due and where its day begins."""
    with records.reading() as transaction:
        return rhythms_of(measuring(transaction, now_ms()).values())


def rhythms_of(stations: Iterable[Station]) -> dict[SeriesId, Rhythm]:
    """Return how often the series of some devices are due and where their day begins."""
    return {
        stream.series: Rhythm(stream.interval_s * 1000, one.zone, limits_of(stream))
        for one in stations
        for stream in one.streams
    }
