"""Readings with the verdict of their neighbours: spike, rate of change, flat line, gap.

Judged when read and never stored: a neighbour may still come, or come late, and a
verdict that is a function of what is there is the same whatever order it came in.
Readings that failed by themselves and values in dispute are nobody's neighbours.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from domain.device import Datastream
from domain.ids import SeriesId
from domain.limits import History, Limits, in_force, overlaid
from domain.properties import observed_properties
from domain.qartod import flat_line, gap, rate_of_change, spike
from domain.quality import Flag, QcTest, also, counts_in_statistics
from domain.reading import StoredReading
from domain.window import DAY_MS, Window

Read = Callable[[SeriesId, Window], Iterable[StoredReading]]
_NEIGHBOUR_INTERVALS = 3
_WORSE = frozenset({Flag.SUSPECT, Flag.FAIL})
_AT_ONCE_MS = 31 * DAY_MS


def reach(limits: History, interval_ms: int) -> tuple[int, int]:
    """Return how far back and ahead, in ms, a reading's verdict may look."""
    near = _NEIGHBOUR_INTERVALS * interval_ms
    back = [float(near)]
    for _, one in limits:
        if one.flat_line is not None:
            seconds = (one.flat_line.suspect_s, one.flat_line.fail_s)
            back += [s * 1000 + interval_ms for s in seconds if s is not None]
        if one.gap is not None:
            back.append((max(one.gap.suspect, one.gap.fail or 0) + 1) * interval_ms)
    return round(max(back)), near


def judged(
    read: Read, series: SeriesId, window: Window, interval_ms: int, limits: History
) -> Iterator[StoredReading]:
    """Yield the readings of a window by (time, value), each with its whole verdict."""
    start = window.start_ms
    while start < window.end_ms:
        part = Window(start, min(start + _AT_ONCE_MS, window.end_ms))
        yield from _judged_part(read, series, part, interval_ms, limits)
        start = part.end_ms


def judged_stream(read: Read, stream: Datastream, window: Window) -> Iterator[StoredReading]:
    """Yield the readings of a datastream, judged by its own limits and its property's."""
    return judged(read, stream.series, window, stream.interval_s * 1000, limits_of(stream))


def as_known(read: Read, moment_ms: int) -> Read:
    """Return a way to read what was committed by a moment, and nothing that came later."""

    def read_known(series: SeriesId, window: Window) -> Iterator[StoredReading]:
        disputed: list[StoredReading] = []  # those at one time, of which some may be too new
        for reading in read(series, window):
            if disputed and reading.time_ms != disputed[0].time_ms:
                yield from _undisputed(disputed)
                disputed = []
            if reading.committed_ms > moment_ms:
                continue
            if reading.conflict:
                disputed.append(reading)
            else:
                yield reading
        yield from _undisputed(disputed)

    return read_known


def _undisputed(values: Sequence[StoredReading]) -> Iterable[StoredReading]:
    """Return values at one time, in conflict no more when there is but one."""
    return values if len(values) != 1 else [replace(values[0], conflict=False)]


def judge_newest(read: Read, stream: Datastream, newest: StoredReading) -> StoredReading:
    """Return a datastream's newest reading with its whole verdict.

    Looks back as far as a flat line may reach only where the last readings are alike.
    """
    interval_ms, limits = stream.interval_s * 1000, limits_of(stream)
    now = Window(newest.time_ms, newest.time_ms + 1)
    near = Window(max(0, now.start_ms - _NEIGHBOUR_INTERVALS * interval_ms), now.end_ms)
    flat = in_force(limits, newest.time_ms).flat_line
    values = [r.value for r in read(stream.series, near) if counts_in_statistics(r.quality)]
    if flat is None or (values and max(values) - min(values) > flat.tolerance):
        limits = tuple((since, replace(one, flat_line=None)) for since, one in limits)
    found = judged(read, stream.series, now, interval_ms, limits)
    return next((r for r in found if r.value == newest.value), newest)


def limits_of(stream: Datastream) -> History:
    """Return the limits that a datastream's readings are judged by."""
    return overlaid(observed_properties().get(stream.property).limits, stream.limits)


def _judged_part(
    read: Read, series: SeriesId, window: Window, interval_ms: int, limits: History
) -> list[StoredReading]:
    back, ahead = reach(limits, interval_ms)
    wide = Window(max(0, window.start_ms - back), window.end_ms + ahead)
    readings = list(read(series, wide))
    eligible = [r for r in readings if not r.conflict and counts_in_statistics(r.quality)]
    preceded = _preceded(read, series, eligible, wide, window)
    verdicts = _in_context(eligible, interval_ms, limits, preceded)
    inside = [r for r in readings if window.start_ms <= r.time_ms < window.end_ms]
    if not verdicts:
        return inside
    return [r if r.conflict else _with(r, verdicts.get((r.time_ms, r.value), ())) for r in inside]


def _preceded(
    read: Read, series: SeriesId, eligible: Sequence[StoredReading], wide: Window, window: Window
) -> int | None:
    """Return a time before all of ``eligible`` when there was one; it matters only at a gap."""
    if not eligible or eligible[0].time_ms < window.start_ms:
        return None
    earlier = next(iter(read(series, Window(0, wide.start_ms))), None)
    return None if earlier is None else wide.start_ms - 1


def _with(reading: StoredReading, failed: Sequence[tuple[QcTest, Flag]]) -> StoredReading:
    if not failed:
        return reading
    quality = reading.quality
    for test, flag in failed:
        quality = also(quality, flag, test)
    return StoredReading(
        reading.series, reading.time_ms, reading.value, quality, reading.received_ms,
        reading.committed_ms, reading.conflict, reading.skew_ms,
    )  # fmt: skip


_Failed = dict[tuple[int, float], list[tuple[QcTest, Flag]]]


def _in_context(
    readings: Sequence[StoredReading], interval_ms: int, history: History, preceded: int | None
) -> _Failed:
    """Return the tests that did not pass, by (time, value); each reading by its day's limits."""
    found: _Failed = {}
    starts = [since for since, _ in history]
    first, last = (
        (max(0, bisect_right(starts, r.time_ms) - 1) for r in (readings[0], readings[-1]))
        if readings
        else (0, -1)
    )
    for number in range(first, last + 1):
        limits = history[number][1] if history else Limits()
        for test, flags in _run(readings, interval_ms, limits, preceded):
            for i in [i for i, flag in enumerate(flags) if flag in _WORSE]:
                reading = readings[i]
                if in_force(history, reading.time_ms) is limits:
                    found.setdefault((reading.time_ms, reading.value), []).append((test, flags[i]))
    return found


def _run(
    readings: Sequence[StoredReading], interval_ms: int, limits: Limits, preceded: int | None
) -> Iterator[tuple[QcTest, list[Flag]]]:
    times = [r.time_ms for r in readings]
    values = [r.value for r in readings]
    if limits.spike is not None:
        flags = [f for run in _runs(times, interval_ms) for f in spike(values[run], limits.spike)]
        yield QcTest.SPIKE, flags
    if limits.rate_of_change is not None:
        rate = limits.rate_of_change
        runs = _runs(times, interval_ms)
        flags = [f for run in runs for f in rate_of_change(times[run], values[run], rate)]
        yield QcTest.RATE_OF_CHANGE, flags
    if limits.flat_line is not None:
        yield QcTest.FLAT_LINE, flat_line(times, values, limits.flat_line, interval_ms)
    if limits.gap is not None:
        yield QcTest.GAP, gap(times, limits.gap, interval_ms, preceded)


def _runs(times: Sequence[int], interval_ms: int) -> list[slice]:
    """Return the stretches in which each reading is a neighbour of the one before."""
    breaks = [
        i
        for i, (a, b) in enumerate(pairwise(times), 1)
        if b - a > _NEIGHBOUR_INTERVALS * interval_ms
    ]
    return [slice(a, b) for a, b in pairwise([0, *breaks, len(times)])]
