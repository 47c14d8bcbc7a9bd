"""Recompute roll-ups from raw readings, for the hours that appends have touched.

Ours, and not a database's continuous aggregate: those have dropped rows on bulk
writes with time-zone buckets (timescaledb issue 10296), and plain PostgreSQL and
SQLite must be enough. A reading that comes late also changes what is believed of its
neighbours, so the hours within their reach are done again with it.
"""

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.bucket import Bucket, fold
from domain.errors import OperatorError
from domain.ids import SeriesId
from domain.limits import History
from domain.reading import StoredReading
from domain.window import HOUR_MS, LAST_MS, Size, Window, day_window, days_window, local_day
from store.judged import judged, reach
from store.series import Series, Touched

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a series is due, where its day begins, and what its tests allow."""

    interval_ms: int
    zone: ZoneInfo
    limits: History = ()


def roll_up(
    store: Series,
    rhythms: Mapping[SeriesId, Rhythm],
    limit: int = 2_000,
    note: Callable[[Sequence[Touched]], None] = lambda _: None,
) -> int:
    """Bring up to ``limit`` touched hours, and their days, up to date.

    Returns how many hours were done; 0 means nothing is left. Series without a rhythm
    were never registered; they are settled without buckets, since nothing can be
    expected of them. A series that cannot be rolled up stays on the list, is logged, and
    holds up no other. ``note`` is told the hours before they are struck off the list.
    """
    touched = store.touched(limit)
    done = roll_up_hours(store, rhythms, touched, note)
    if not done and len(touched) == limit:
        return roll_up(store, rhythms, limit * 2, note)
    return done


def roll_up_hours(
    store: Series,
    rhythms: Mapping[SeriesId, Rhythm],
    touched: Sequence[Touched],
    note: Callable[[Sequence[Touched]], None] = lambda _: None,
) -> int:
    """Bring these hours, as `Series.touched` gave them, up to date; return how many were done.

    ``rhythms`` are those of their series; otherwise as :func:`roll_up`.
    """
    hours: defaultdict[SeriesId, list[Touched]] = defaultdict(list)
    for one in touched:
        hours[one.series].append(one)
    buckets: list[Bucket] = []
    done: list[Touched] = []
    for series, ones in hours.items():
        try:
            if series in rhythms:
                buckets += list(_recompute(store, series, rhythms[series], ones))
        except OperatorError:
            raise  # the store is away, for all of them
        except Exception:  # noqa: BLE001 - see above; whatever it is, the rest goes on
            _log.exception("series %d cannot be rolled up", series)
        else:
            done += ones
    if done:
        note(done)
        store.settle(buckets, done)
    return len(done)


def _recompute(
    store: Series, series: SeriesId, rhythm: Rhythm, touched: Sequence[Touched]
) -> Iterator[Bucket]:
    """Yield the buckets of the touched hours, of those in their reach, and of their days."""
    back, ahead = reach(rhythm.limits, rhythm.interval_ms)
    spans = [_in_reach(t.hour_ms, back, ahead) for t in touched]
    wanted = {t.hour_ms for t in touched}
    for stretch in _merged([_whole_days(span, rhythm.zone) for span in spans]):
        inside = [span for span in spans if stretch.start_ms <= span.start_ms < stretch.end_ms]
        readings = list(judged(store.read, series, stretch, rhythm.interval_ms, rhythm.limits))
        yield from _fold(series, rhythm, readings, _merged(inside), wanted)
        if readings and _hour(readings[-1].time_ms) in wanted:
            yield from _follower(store, series, rhythm, stretch.end_ms)


def _follower(store: Series, series: SeriesId, rhythm: Rhythm, end_ms: int) -> Iterator[Bucket]:
    """Yield the buckets of the next reading after a stretch: what came makes its silence a gap."""
    if end_ms > LAST_MS:
        return
    following = next(iter(store.read(series, Window(end_ms, LAST_MS + 1))), None)
    if following is None:
        return
    hour = Window(_hour(following.time_ms), _hour(following.time_ms) + HOUR_MS)
    days = _whole_days(hour, rhythm.zone)
    readings = list(judged(store.read, series, days, rhythm.interval_ms, rhythm.limits))
    yield from _fold(series, rhythm, readings, [hour], {hour.start_ms})


def _hour(instant_ms: int) -> int:
    return instant_ms - instant_ms % HOUR_MS


def _fold(
    series: SeriesId,
    rhythm: Rhythm,
    readings: Sequence[StoredReading],
    spans: Sequence[Window],
    wanted: set[int],
) -> Iterator[Bucket]:
    by_hour: defaultdict[int, list[StoredReading]] = defaultdict(list)
    for reading in readings:
        by_hour[_hour(reading.time_ms)].append(reading)
    days: set[Window] = set()
    heard = {hour for hour in by_hour if _near(hour, spans)}
    for hour in sorted(heard | {hour for hour in wanted if _near(hour, spans)}):
        window = Window(hour, hour + HOUR_MS)
        days |= {_day_of(edge, rhythm.zone) for edge in (hour, hour + HOUR_MS - 1)}
        yield fold(series, Size.HOUR, window, by_hour[hour], rhythm.interval_ms)
    times = [reading.time_ms for reading in readings]
    for day in sorted(days, key=lambda d: d.start_ms):
        inside = readings[bisect_left(times, day.start_ms) : bisect_left(times, day.end_ms)]
        yield fold(series, Size.DAY, day, inside, rhythm.interval_ms)


def _in_reach(hour_ms: int, back_ms: int, ahead_ms: int) -> Window:
    """Return where a reading of that hour may change a verdict; calendars end in 9999."""
    end = max(hour_ms + HOUR_MS, min(hour_ms + HOUR_MS + back_ms, LAST_MS))
    return Window(max(0, hour_ms - ahead_ms), end)


def _near(hour_ms: int, spans: Sequence[Window]) -> bool:
    return any(span.start_ms - HOUR_MS < hour_ms < span.end_ms for span in spans)


def _day_of(instant_ms: int, zone: ZoneInfo) -> Window:
    return day_window(local_day(instant_ms, zone), zone)


def _whole_days(span: Window, zone: ZoneInfo) -> Window:
    """Return the local days that a span touches, and the whole UTC hours at their edges."""
    days = days_window(
        local_day(span.start_ms - HOUR_MS, zone), local_day(span.end_ms + HOUR_MS, zone), zone
    )
    start = days.start_ms - days.start_ms % HOUR_MS
    return Window(max(0, start), -(-days.end_ms // HOUR_MS) * HOUR_MS)


def _merged(spans: Sequence[Window]) -> list[Window]:
    found: list[Window] = []
    for span in sorted(spans, key=lambda s: s.start_ms):
        if found and span.start_ms <= found[-1].end_ms:
            found[-1] = Window(found[-1].start_ms, max(found[-1].end_ms, span.end_ms))
        else:
            found.append(span)
    return found
