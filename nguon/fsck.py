"""Re-check everything the stores claim: structure, ledger, roll-ups, events, passports.

Prints nothing itself; yields one finding a line, in the order checked. Nothing is
repaired: what is wrong is for a person to see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from domain.bucket import fold
from domain.errors import NguonError, VerificationFailed
from domain.ids import SeriesId
from domain.lot import IssuedPassport
from domain.window import LAST_MS, Size, Window, day_window, local_day
from nguon import audit
from nguon.compose import Stores, rhythms
from nguon.settings import Settings
from store.judged import as_known, judged
from store.rollups import Rhythm
from traceability.canonical import to_bytes
from traceability.dossier import compile_document, dossier, require_lot
from traceability.epcis.repository import recheck
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
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:
    """Yield what is wrong, nothing when all is well; ``say`` is told how far it is.

    Without ``shown`` the log is left out.
    """
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
    yield from _passports(opened, trusted, say)
    if shown is not None:
        yield from audit.findings(opened, shown.files, shown.policy, say)


def _rollups(opened: Stores, series: SeriesId, rhythm: Rhythm) -> Iterator[str]:
    # Days whose readings were let go cannot be computed again, and are final.
    kept = Window(opened.series.kept_since(), LAST_MS + 1)
    due = {t.hour_ms for t in opened.series.touched(1_000_000) if t.series == series}
    for bucket in opened.series.buckets(series, kept, Size.DAY):
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


def _passports(
    opened: Stores, trusted: Sequence[TrustedKey], say: Callable[[str], None]
) -> Iterator[str]:
    with opened.records.reading() as transaction:
        passports = transaction.lots.passports()
        revoked = {key.id for key in transaction.keys.every() if key.revoked}
    newest = {(one.gtin, one.number): one.issued_ms for one in passports}
    # What a revoked key signed is no finding any more once the lot's passport is issued again.
    passports = [
        one
        for one in passports
        if one.key_id not in revoked or newest[one.gtin, one.number] == one.issued_ms
    ]
    # One short transaction a passport: an open one would hold up every writer.
    for number, passport in enumerate(passports, 1):
        say(f"passport {number} of {len(passports)}")
        yield from _passport(opened, passport, trusted)


def _passport(
    opened: Stores, passport: IssuedPassport, trusted: Sequence[TrustedKey]
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
        bound = {name: verdict.document[name] for name in ("device_days", "log")}
        now = compile_document(known, read, bound)
    except VerificationFailed as error:
        yield f"{name}: {error}"
    except NguonError as error:
        yield f"{name}: cannot be recomputed: {error}"
    else:
        if to_bytes(now) != to_bytes(verdict.document):
            yield f"{name}: readings or diary have changed since it was issued"
