"""Issuing a lot's passport: gather what is known, bind it to the log, sign it, log it."""

from collections.abc import Mapping
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
from traceability.diary import log_older
from traceability.dossier import PRODUCER, Dossier, compile_document, dossier, producer_said
from traceability.envelope import PAYLOAD_TYPE, Envelope, digest_of, pre_authentication
from traceability.evidence.binding import Bound, bind, log_season
from traceability.key_register import require_valid
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
    """Gather, sign, log and keep the passport of a lot.

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
    envelope = _sealed(by, document)
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
        transaction.lots.add_passport(passport)
        record(transaction, PASSPORT, subject_of(passport), logged(passport), now_ms)
    return passport


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
            " the passport that it had still holds"
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


def _sealed(by: Issuer, document: Mapping[str, Any]) -> bytes:
    payload = to_bytes(document)
    signature = by.signer.sign(pre_authentication(PAYLOAD_TYPE, payload))
    envelope = Envelope(PAYLOAD_TYPE, payload, by.signer.public().id, signature).encode()
    verify(envelope, [by.signer.public()])  # nothing is published that we would not accept
    return envelope


def _permitted_dossier(transaction: Transaction, lot: Lot, issuer: str, now_ms: int) -> Dossier:
    # A spraying may have been written down since the lot was opened.
    behind = origins(transaction, lot)
    for origin in behind:
        require_waited(transaction, transaction.diary.entry(origin.harvest))
    if len({(origin.season, origin.harvested) for origin in behind}) > 1:
        message = (
            f"lot {lot.number} is of several seasons or days of harvest; a passport speaks of one:"
            " the lots it came of have theirs"
        )
        raise Refused(message, "one-season")
    return dossier(transaction, lot, issuer, now_ms)
