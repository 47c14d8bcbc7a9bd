"""Re-check everything the stores claim: structure, ledger, roll-ups, events, passports.

Prints nothing itself; yields one finding a line, in the order checked. Nothing is
repaired: what is wrong is for a person to see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.bucket import fold
from domain.ids import SeriesId
from domain.window import LAST_MS, Size, Window, day_window, local_day
from nguon import audit
from nguon.audit_days import QUIET, Looked
from nguon.audit_passports import passports_made_again
from nguon.compose import Stores, rhythms
from nguon.settings import Settings
from store.judged import judged, reach
from store.rollups import Rhythm
from traceability.epcis.repository import recheck
from traceability.keys import TrustedKey
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.standing import doubts, recall_of
from traceability.trust import Trust


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
    yield from passports_made_again(opened, trusted, looked)
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
