"""Silence is the first alarm: which sensors are not heard, decided from stored data.

On a timer and not from events, per sensor and not per gateway: a message that never
comes raises no event, and a gateway that is alive must not hide a probe that is dead.
A sensor is silent after one and a half of its intervals without a reading of its own.
"""

from dataclasses import dataclass

from domain.bucket import heard_ms, patience_ms
from domain.clock import FUTURE_TOLERANCE_MS
from domain.device import Register
from domain.ids import SeriesId
from store.records import Transaction
from store.records.silences import Silence
from store.series import Series


@dataclass(frozen=True, slots=True)
class Change:
    """What a look has changed."""

    begun: tuple[Silence, ...]
    ended: tuple[Silence, ...]


def look(transaction: Transaction, series: Series, now_ms: int) -> Change:
    """Record which silences have begun and which are over since the last look."""
    due = _expected(transaction.devices.register(), now_ms)
    newest = series.latest(list(due), now_ms + FUTURE_TOLERANCE_MS)
    silent: dict[SeriesId, int] = {}
    for one, (placed_ms, interval_ms) in due.items():
        heard = newest.get(one)
        last = 0 if heard is None else heard_ms(heard.time_ms, heard.received_ms, interval_ms)
        since = max(last, placed_ms)
        if now_ms - since > patience_ms(interval_ms):
            silent[one] = since
    running = {s.series: s for s in transaction.silences.running()}
    begun = [Silence(s, since, now_ms, None) for s, since in silent.items() if s not in running]
    ended = [s for s in running.values() if s.series not in silent]
    # What a backlog brought makes a silence shorter; it neither ends it nor begins another.
    for one, since_ms in silent.items():
        if one in running and running[one].since_ms != since_ms:
            transaction.silences.shift(running[one], since_ms)
    transaction.silences.end(ended, now_ms)
    transaction.silences.begin(begun)
    return Change(tuple(begun), tuple(ended))


def _expected(register: Register, now_ms: int) -> dict[SeriesId, tuple[int, int]]:
    """Return since when, and how often in ms, each series of a placed device is due."""
    found = {}
    for device, streams in register.streams.items():
        starts = [p.start_ms for p in register.placements.get(device, ()) if p.holds(now_ms)]
        for stream in streams.values():
            if starts:
                found[stream.series] = (max(starts), stream.interval_s * 1000)
    return found
