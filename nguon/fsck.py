"""Re-check everything the stores claim: structure, ledger, roll-ups, events, passports.

Prints nothing itself; yields one finding a line, in the order checked. Nothing is
repaired: what is wrong is for a person to see.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.bucket import fold
from domain.errors import NguonError, VerificationFailed
from domain.ids import SeriesId
from domain.lot import IssuedPassport
from domain.window import LAST_MS, Size, Window, day_window, local_day
from nguon import audit
from nguon.audit_days import QUIET, Looked
from nguon.compose import Stores, rhythms
from nguon.settings import Settings
from store.judged import as_known, judged, limits_of, reach
from store.rollups import Rhythm
from traceability.canonical import to_bytes
from traceability.dossier import Measured, compile_document, dossier, require_lot
from traceability.epcis.repository import recheck
from traceability.erasing.noted import Noted, claims_in, noted
from traceability.evidence.dropped import dropped_of
from traceability.evidence.statistics import METHOD
from traceability.keys import TrustedKey
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.standing import doubts, recall_of
from traceability.trust import Trust
from traceability.verify import verify


def shown(settings: Settings, trust: Trust) -> "Shown | None":
    """Return what is shown of the log of the settings."""
    return None if trust.log is None else Shown(LogFiles(settings.log_folder()), trust.log)


@dataclass(frozen=True, slots=True)
class Shown:
    """What outsiders are shown of the log, and whose signatures it bears."""

    files: LogFiles
    policy: Policy


def findings(
    opened: Stores,
    trusted: Sequence[TrustedKey],
    shown: Shown | None = None,
    looked: Looked = QUIET,
) -> Iterator[str]:
    """Yield what is wrong, nothing when all is well.

    Without ``shown`` the log is left out.
    """
    say = looked.say
    say("structure and ledger")
    yield from opened.series.check()
    rhythm = rhythms(opened.records)
    every = list(opened.series.series_ids())
    for number, series in enumerate(every, 1):
        say(f"roll-ups of series {number} of {len(every)}")
        if series not in rhythm:
            yield f"series {series} has readings, but its device serves no plot"
        else:
            yield from _rollups(opened, series, rhythm[series])
    yield from _doubted(opened)
    say("events")
    with opened.records.reading() as transaction:
        yield from recheck(transaction)
    yield from _passports(opened, trusted, looked)
    if shown is not None:
        yield from audit.findings(opened, shown.files, shown.policy, looked)


def _rollups(opened: Stores, series: SeriesId, rhythm: Rhythm) -> Iterator[str]:
    # Days whose readings were let go cannot be computed again, and are final.
    kept = Window(opened.series.kept_since(), LAST_MS + 1)
    back, _ = reach(rhythm.limits, rhythm.interval_ms)
    due = {t.hour_ms for t in opened.series.touched(1_000_000) if t.series == series}
    buckets = opened.series.buckets(series, kept, Size.DAY)
    for bucket in buckets[1:] if kept.start_ms else buckets:  # the first one's neighbours went
        if kept.start_ms and bucket.start_ms - back < kept.start_ms:
            continue
        day = day_window(local_day(bucket.start_ms, rhythm.zone), rhythm.zone)
        if any(day.holds(hour) for hour in due):
            continue
        readings = judged(opened.series.read, series, day, rhythm.interval_ms, rhythm.limits)
        again = fold(series, Size.DAY, day, readings, rhythm.interval_ms)
        if again != bucket:
            yield f"series {series}, day {local_day(day.start_ms, rhythm.zone)}: roll-up differs"


def _doubted(opened: Stores) -> Iterator[str]:
    with opened.records.reading() as transaction:
        lots = transaction.lots.lots()
        open_lots = [o for o in lots if recall_of(transaction, o) is None]
        found = [(lot, doubt) for lot in open_lots for doubt in doubts(transaction, lot)]
    for lot, doubt in found:
        yield (
            f"lot {lot.number} ({lot.gtin}): {doubt.name} was sprayed on {doubt.entry.day},"
            f" its harvest on {lot.harvested} was not free of it"
        )


def _passports(opened: Stores, trusted: Sequence[TrustedKey], looked: Looked) -> Iterator[str]:
    with opened.records.reading() as transaction:
        passports = transaction.lots.passports()
        revoked = {key.id for key in transaction.keys.every() if key.revoked}
        erased = noted(claims_in(transaction))
    newest = {(one.gtin, one.number): one.issued_ms for one in passports}
    # What a revoked key signed is no finding any more once the lot's passport is issued again.
    passports = [
        one
        for one in passports
        if one.key_id not in revoked or newest[one.gtin, one.number] == one.issued_ms
    ]
    # One short transaction a passport: an open one would hold up every writer.
    for number, passport in enumerate(passports, 1):
        looked.say(f"passport {number} of {len(passports)}")
        yield from _passport(opened, passport, trusted, looked, erased)


def _rests_on(opened: Stores, one: Measured) -> bool:
    """Whether figures of a datastream rest on readings that may have been dropped.

    Those of its windows, what they were judged by, and whether anything came before at all.
    """
    kept_ms = opened.series.kept_since()
    back, _ = reach(limits_of(one.stream), one.stream.interval_s * 1000)
    begins_ms = min((window.start_ms for window in one.windows), default=0) - back
    before = Window(kept_ms, max(kept_ms, begins_ms))
    return next(iter(opened.series.read(one.stream.series, before)), None) is None


def _shut(
    now: Mapping[str, Any], signed: Mapping[str, Any], erased: Noted
) -> Mapping[str, Any]:  # fmt: skip
    """Return a document with the digest of a producer that only the log knows any more."""
    said = signed["producer"]["commitment"]
    if now["producer"]["commitment"] is not None or said not in erased.digests:
        return now
    return {**now, "producer": {**now["producer"], "commitment": said}}


def _passport(
    opened: Stores,
    passport: IssuedPassport,
    trusted: Sequence[TrustedKey],
    looked: Looked,
    erased: Noted,
) -> Iterator[str]:
    name = f"passport of lot {passport.number} ({passport.gtin})"
    read = as_known(opened.series.read, passport.issued_ms)
    try:
        verdict = verify(passport.envelope, trusted, logged=True)
        if verdict.document["method"] != METHOD or "log" not in verdict.document:
            return  # an older method's figures are not today's; its signature holds
        issuer = verdict.document["issuer"]
        with opened.records.reading() as transaction:
            lot = require_lot(transaction, passport.gtin, passport.number)
            known = dossier(transaction, lot, issuer, passport.issued_ms)
            devices = {one.stream.device for one in known.measured}
            dropped = {one for one in devices if dropped_of(transaction, one)}
        if any(_rests_on(opened, one) for one in known.measured if one.stream.device in dropped):
            looked.tell(f"{name}: signature and log were looked at, its readings were dropped")
            return
        bound = {name: verdict.document[name] for name in ("device_days", "log")}
        now = compile_document(known, read, bound)
    except VerificationFailed as error:
        yield f"{name}: {error}"
    except NguonError as error:
        yield f"{name}: cannot be recomputed: {error}"
    else:
        if to_bytes(_shut(now, verdict.document, erased)) != to_bytes(verdict.document):
            yield f"{name}: readings or diary have changed since it was issued"
