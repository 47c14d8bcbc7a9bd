"""Issuing a lot's passport: gather what is known, bind it to the log, sign it, log it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import Clash, NotFound, Refused
from domain.lot import IssuedPassport, Lot
from domain.window import MINUTE_MS, print_instant
from store.judged import as_known
from store.records import Records, Transaction
from store.records.log import LogEntry
from store.series import Series
from traceability.canonical import to_bytes
from traceability.composition.compiling import (
    Origin,
    compile_made_of,
    is_made_of_several,
    require_few,
)
from traceability.diary import log_older
from traceability.dossier import PRODUCER, Dossier, compile_document, dossier, producer_said
from traceability.envelope import (
    MADE_OF_TYPE,
    PAYLOAD_TYPE,
    Envelope,
    digest_of,
    pre_authentication,
)
from traceability.evidence.binding import Bound, bind, log_season
from traceability.key_register import require_valid, trusted
from traceability.keys import TrustedKey
from traceability.lineage.graph import origins
from traceability.log.append import record
from traceability.log.entry import PASSPORT, decode
from traceability.log.salted import salted
from traceability.lots import require_waited
from traceability.signer import Signer
from traceability.verify import verify

_TRIES = 5
_CLOCKS_APART_MS = 10 * MINUTE_MS


@dataclass(frozen=True)
class Issuer:
    """Who issues passports, from which stores; ``log`` is the name of the log they go into."""

    records: Records
    series: Series
    signer: Signer
    name: str
    log: str


def issue(by: Issuer, lot: Lot, now_ms: int) -> IssuedPassport:
    """Gather, sign, log and keep the passport of a lot, and of what it is made of if need be.

    The passport of a lot of one season and day of harvest has that season's evidence. Any other
    names the passports of the lots it is made of; one that has none that holds is issued one
    first. When somebody else has issued it meanwhile, theirs is returned. Raises `Refused` when
    a spraying forbids it (then nothing is issued) or it is made of too many, `Clash` when the
    records changed.
    """
    with by.records.reading() as transaction:
        behind = origins(transaction, lot)
        before_ms = transaction.lots.issued_ms(lot)
        if not is_made_of_several(behind):
            lacking = None
        else:
            _require_all_waited(transaction, behind)
            require_few(lot, behind)
            keys = trusted(transaction)
            lacking = [one for one in behind if _holding(transaction, one, keys) is None]
    if lacking is None:
        return _issue_season(by, lot, now_ms)
    # Days that were logged meanwhile may have made theirs later than now.
    theirs = [_issue_season(by, one, now_ms).issued_ms for one in lacking]
    return _issue_made_of(by, lot, before_ms, max([now_ms, *theirs]))


def _issue_season(by: Issuer, lot: Lot, now_ms: int) -> IssuedPassport:
    """Issue the passport of a lot of one season and day of harvest.

    The days it rests on are put into the log first, and its figures are of what was known when
    the last of them was: what comes while they are gathered is in neither. Readings are
    gathered outside any transaction: a season takes seconds to judge, and no diary entry
    should wait for it. When somebody else has issued it meanwhile, theirs is returned. Raises
    `Refused` when a spraying forbids it, `Clash` when the records changed.
    """
    with by.records.transaction() as transaction:
        _prepare(transaction, lot, now_ms)
    for _ in range(_TRIES):
        with by.records.reading() as transaction:
            before = _permitted_dossier(transaction, lot, by.name, now_ms)
            theirs = transaction.lots.passport(lot.gtin, lot.number)
        if theirs is not None and theirs.issued_ms >= now_ms:
            return theirs  # issued in this very millisecond, or by a clock before ours
        log_season(by.records, by.series, before.measured, now_ms)
        with by.records.reading() as transaction:
            days = bind(transaction, before.measured, now_ms)
        _require_there(lot, days)
        if days.known_ms <= now_ms:
            break
        # The watcher has logged a day meanwhile, with what came since.
        now_ms = _later(now_ms, days.known_ms)
    else:
        message = "days are logged as fast as they are bound; issue it again"
        raise Clash(message)
    bound = {"device_days": days.rows, "log": by.log}
    document = compile_document(before, as_known(by.series.read, now_ms), bound)
    envelope = _sealed(by, PAYLOAD_TYPE, document)
    passport = IssuedPassport(lot.gtin, lot.number, envelope, by.signer.public().id, now_ms)
    with by.records.transaction() as transaction:
        transaction.lots.lock(lot)
        require_valid(transaction, by.signer.public(), now_ms)
        now = _permitted_dossier(transaction, lot, by.name, now_ms)
        if now.issued_ms != before.issued_ms:
            theirs = transaction.lots.passport(lot.gtin, lot.number)
            if theirs is not None:
                return theirs
        if now != before:
            message = "the diary or the register was written to meanwhile; issue it again"
            raise Clash(message)
        _keep(transaction, passport)
    return passport


def _issue_made_of(by: Issuer, lot: Lot, before_ms: int | None, now_ms: int) -> IssuedPassport:
    """Issue the passport of a lot made of several: the records alone say what is in it.

    ``before_ms`` is when its newest one was issued as this one was asked for.
    """
    said = {"issued": print_instant(now_ms), "issuer": by.name, "log": by.log}
    with by.records.transaction() as transaction:
        transaction.lots.lock(lot)
        require_valid(transaction, by.signer.public(), now_ms)
        theirs = transaction.lots.passport(lot.gtin, lot.number)
        if theirs is not None and (theirs.issued_ms != before_ms or theirs.issued_ms >= now_ms):
            return theirs
        behind = origins(transaction, lot)
        _require_all_waited(transaction, behind)
        keys = trusted(transaction)
        found = [one for one in (_holding(transaction, each, keys) for each in behind) if one]
        if len(found) < len(behind):
            message = f"a passport behind lot {lot.number} was taken back meanwhile; issue it again"
            raise Clash(message)
        document = compile_made_of(transaction, lot, found, said)
        envelope = _sealed(by, MADE_OF_TYPE, document)
        passport = IssuedPassport(lot.gtin, lot.number, envelope, by.signer.public().id, now_ms)
        _keep(transaction, passport)
    return passport


def _keep(transaction: Transaction, passport: IssuedPassport) -> None:
    transaction.lots.add_passport(passport)
    record(transaction, PASSPORT, subject_of(passport), logged(passport), passport.issued_ms)


def _holding(transaction: Transaction, lot: Lot, keys: Sequence[TrustedKey]) -> Origin | None:
    """Return a harvested lot with its newest passport, None where that proves nothing.

    It proves nothing from before there was a log, nor signed by a key that was revoked by then.
    """
    passport = transaction.lots.passport(lot.gtin, lot.number)
    if passport is None:
        return None
    try:
        entry = entry_of(transaction, passport)
    except NotFound:
        return None
    key = next((one for one in keys if one.id == passport.key_id), None)
    if key is None or not (key.holds(passport.issued_ms) and key.holds(entry.at_ms)):
        return None
    return Origin(lot, passport, entry.number)


def subject_of(passport: IssuedPassport) -> str:
    """Return what a passport's entry in the log is filed under."""
    return subject(passport.gtin, passport.number, passport.issued_ms)


def subject(gtin: str, number: str, issued_ms: int) -> str:
    """Return what the entry of the passport issued to a lot at a moment is filed under."""
    return f"{gtin}/{number}/{issued_ms}"


def logged(passport: IssuedPassport) -> Mapping[str, Any]:
    """Return what the log says of a passport."""
    return {
        "gtin": passport.gtin,
        "lot": passport.number,
        "issued": print_instant(passport.issued_ms),
        "key": passport.key_id,
        "envelope": digest_of(passport.envelope),
    }


def _require_there(lot: Lot, days: Bound) -> None:
    """Raise `Refused` where readings were let go: figures of the rest would be no figures."""
    if days.dropped:
        device, day = min(days.dropped)
        message = (
            f"readings that lot {lot.number} rests on were dropped, {device} on {day} first;"
            " no passport is made of the rest, and one that it had before still holds"
        )
        raise Refused(message, "retention")


def _later(now_ms: int, known_ms: int) -> int:
    """Return when the last of the days was known; raises `Clash` where that is no present time."""
    if known_ms > now_ms + _CLOCKS_APART_MS:
        message = f"a day was logged as known at {print_instant(known_ms)}, which is to come"
        raise Clash(message)
    return known_ms


def entry_of(transaction: Transaction, passport: IssuedPassport) -> LogEntry:
    """Return a passport's entry in the log; raises `NotFound` for one from before the log."""
    said = logged(passport)
    entries = transaction.log.about(PASSPORT, subject_of(passport))
    entry = next((one for one in entries if decode(one.entry).body == said), None)
    if entry is None:
        message = f"the passport of lot {passport.number} is from before the log; issue it again"
        raise NotFound(message)
    return entry


def _prepare(transaction: Transaction, lot: Lot, now_ms: int) -> None:
    """Draw the salts that the passport's digests need, and log what is older than the log."""
    plot, season = transaction.places.plot(lot.plot), transaction.places.season(lot.season)
    producer = transaction.places.producer(plot.producer)
    if not producer.name_erased:
        salted(transaction, PRODUCER, producer.id, producer_said(producer))
    log_older(transaction, plot.id, season.started, lot.harvested, now_ms)


def _sealed(by: Issuer, kind: str, document: Mapping[str, Any]) -> bytes:
    payload = to_bytes(document)
    signature = by.signer.sign(pre_authentication(kind, payload))
    envelope = Envelope(kind, payload, by.signer.public().id, signature).encode()
    verify(envelope, [by.signer.public()])  # nothing is published that we would not accept
    return envelope


def _require_all_waited(transaction: Transaction, behind: Sequence[Lot]) -> None:
    """A spraying may have been written down since the lots were opened; asked once a harvest."""
    harvests = {(origin.plot, origin.harvested): origin.harvest for origin in behind}
    for harvest in harvests.values():
        require_waited(transaction, transaction.diary.entry(harvest))


def _permitted_dossier(transaction: Transaction, lot: Lot, issuer: str, now_ms: int) -> Dossier:
    _require_all_waited(transaction, origins(transaction, lot))
    return dossier(transaction, lot, issuer, now_ms)
