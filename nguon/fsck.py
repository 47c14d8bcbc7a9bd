"""Re-check everything the stores claim: structure, ledger, roll-ups, passports.

Prints nothing itself; yields one finding a line, in the order checked. Nothing is
repaired: what is wrong is for a person to see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from domain.bucket import fold
from domain.errors import NguonError, VerificationFailed
from domain.ids import SeriesId
from domain.lot import IssuedPassport
from domain.reading import StoredReading
from domain.window import LAST_MS, Size, Window, day_window, local_day
from nguon.compose import Stores, rhythms
from store.judged import Read, judged
from store.rollups import Rhythm
from traceability.canonical import to_bytes
from traceability.evidence import METHOD
from traceability.keys import TrustedKey
from traceability.passport import compile_document, require_lot
from traceability.verify import verify

_ALL = Window(0, LAST_MS + 1)


def findings(opened: Stores, trusted: Sequence[TrustedKey]) -> Iterator[str]:
    """Yield what is wrong; nothing when all is well."""
    yield from opened.series.check()
    rhythm = rhythms(opened.records)
    for series in opened.series.series_ids():
        if series not in rhythm:
            yield f"series {series} has readings, but its device serves no plot"
        else:
            yield from _rollups(opened, series, rhythm[series])
    yield from _passports(opened, trusted)


def _rollups(opened: Stores, series: SeriesId, rhythm: Rhythm) -> Iterator[str]:
    due = {t.hour_ms for t in opened.series.touched(1_000_000) if t.series == series}
    for bucket in opened.series.buckets(series, _ALL, Size.DAY):
        day = day_window(local_day(bucket.start_ms, rhythm.zone), rhythm.zone)
        if any(day.holds(hour) for hour in due):
            continue
        readings = judged(opened.series.read, series, day, rhythm.interval_ms, rhythm.limits)
        again = fold(series, Size.DAY, day, readings, rhythm.interval_ms)
        if again != bucket:
            yield f"series {series}, day {local_day(day.start_ms, rhythm.zone)}: roll-up differs"


def _passports(opened: Stores, trusted: Sequence[TrustedKey]) -> Iterator[str]:
    with opened.records.reading() as transaction:
        passports = transaction.lots.passports()
    # One short transaction a passport: an open one would hold up every writer.
    for passport in passports:
        yield from _passport(opened, passport, trusted)


def _passport(
    opened: Stores, passport: IssuedPassport, trusted: Sequence[TrustedKey]
) -> Iterator[str]:
    name = f"passport of lot {passport.number} ({passport.gtin})"
    read = _as_it_was(opened, passport.issued_ms)
    try:
        verdict = verify(passport.envelope, trusted)
        if verdict.document["method"] != METHOD:
            return  # an older method's figures are not today's; its signature holds
        issuer = verdict.document["issuer"]
        with opened.records.reading() as transaction:
            lot = require_lot(transaction, passport.gtin, passport.number)
            now = compile_document(transaction, read, lot, issuer, passport.issued_ms)
    except VerificationFailed as error:
        yield f"{name}: {error}"
    except NguonError as error:
        yield f"{name}: cannot be recomputed: {error}"
    else:
        if to_bytes(now) != to_bytes(verdict.document):
            yield f"{name}: readings or diary have changed since it was issued"


def _as_it_was(opened: Stores, moment_ms: int) -> Read:
    """Return a way to read what was committed by a moment; what came later is no finding."""

    def read(series: SeriesId, window: Window) -> Iterator[StoredReading]:
        known = (r for r in opened.series.read(series, window) if r.committed_ms <= moment_ms)
        for _, group in groupby(known, key=lambda r: r.time_ms):
            values = list(group)
            yield from (replace(r, conflict=len(values) > 1) for r in values)

    return read
