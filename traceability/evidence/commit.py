"""Days of devices into the log: each once it is over, and again when readings came late.

A day's entry names the device's entry before it, so that the last one stands for all of
them: leaving a day out, or swapping one, changes every hash after it. What comes late makes
a new revision at the end of that chain; nothing is edited.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.bucket import ticks
from domain.clock import Beat, ClockVerdict
from domain.device import Datastream, Placement
from domain.ids import AreaCode, Channel, DeviceId, SeriesId
from domain.window import DAY_MS, HOUR_MS, LAST_MS, Window, day_window, from_ms, local_day
from store.judged import Read, as_known
from store.records import Records, Transaction
from store.records.days import DayDue, DayRevision
from store.series import Series, Touched
from traceability.evidence.device_day import (
    Before,
    DayRead,
    Line,
    lines_of,
    root_over,
    runs_of,
    summary,
)
from traceability.evidence.dropped import dropped_of, is_dropped
from traceability.log.append import record
from traceability.log.entry import DEVICE_DAY
from traceability.log.merkle import leaf_hash

Cycles = Callable[[Sequence[SeriesId], Window], list[Beat]]
_SETTLE_MS = HOUR_MS  # most of what a poor line holds up at midnight is there by one o'clock
_LOOK_BACK_MS = 40 * DAY_MS
_AT_ONCE = 100
_BEATS = 6_000


@dataclass(frozen=True, slots=True)
class Station:
    """A device's datastreams, where it stood when, and the zone that its days are those of."""

    device: DeviceId
    streams: tuple[Datastream, ...]
    placements: tuple[Placement, ...]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Source:
    """What readings are read with: the series store's own questions."""

    read: Read
    cycles: Cycles
    beats: Callable[[DeviceId, int], list[Beat]]
    fence: Callable[[int], None]

    @classmethod
    def of(cls, series: Series) -> "Source":
        """Return the questions of a store."""
        return cls(series.read, series.cycles, series.beats, series.fence)


def measuring(
    transaction: Transaction, now_ms: int, of: Collection[DeviceId] | None = None
) -> dict[DeviceId, Station]:
    """Return every device that has stood on a plot, or those of some.

    Its days are those of the plot that it stood on last; an area that changes its zone keeps
    the days that were logged, and the next ones follow the new one.
    """
    register = transaction.devices.register(of)
    if of is None:
        plots = {plot.id: plot for plot in transaction.places.plots()}
    else:
        plots = transaction.places.these({p[-1].plot for p in register.placements.values()})
    zones: dict[AreaCode, ZoneInfo] = {}
    found = {}
    for device, placements in register.placements.items():
        if placements:
            plot = plots[placements[-1].plot]
            if plot.area not in zones:
                zones[plot.area] = transaction.places.zone_of(plot, from_ms(now_ms).date())
            streams = tuple(register.streams.get(device, {}).values())
            found[device] = Station(device, streams, tuple(placements), zones[plot.area])
    return found


def read_day(
    source: Source, one: Station, day: date, known_ms: int, there: DayRevision | None = None
) -> DayRead:
    """Return a device's day as known at a moment, and how it stands to what is ``there``."""
    window = day_window(day, one.zone)
    told, lines = day_lines(as_known(source.read, known_ms), one, day)
    beats = source.cycles([stream.series for stream in one.streams], window)
    cycles, boots = runs_of(beat for beat in beats if beat.received_ms <= known_ms)
    root = root_over(one.device, told, lines)
    expected = sum(_expected(one, window).values())
    before = None if there is None else _before(source, one, there)
    return DayRead(
        one.device, day, one.zone.key, known_ms, expected, len(lines), cycles, boots, root, before
    )


def clock_was_off(source: Source, device: DeviceId) -> bool:
    """Whether cycles of the device that came last were moved, or flagged for their clock."""
    off = (ClockVerdict.BACKWARDS, ClockVerdict.OFFSET)
    return any(b.skew_ms or b.clock in off for b in source.beats(device, _BEATS))


def _before(source: Source, one: Station, there: DayRevision) -> Before:
    continues = made_again(source.read, one, there) is not None
    return Before(there.revision, continues, not continues and clock_was_off(source, one.device))


def day_lines(read: Read, one: Station, day: date) -> tuple[bytes, list[Line]]:
    """Return the summary and the lines of a device's day, in order."""
    window = day_window(day, one.zone)
    lines = {s.channel: lines_of(s.channel, read(s.series, window)) for s in one.streams}
    told = summary((one.device, day, one.zone.key), one.streams, lines, _expected(one, window))
    return told, [line for channel in sorted(lines) for line in lines[channel]]


def made_again(read: Read, one: Station, of: DayRevision) -> tuple[bytes, list[Line]] | None:
    """Return the summary and lines of a day that give a revision's root, None where none do.

    A channel that was declared since is not in it. Series are numbered as they are declared,
    so those there were at the time are the first of today's, however many: the root decides.
    """
    known, declared = as_known(read, of.known_ms), sorted(one.streams, key=lambda s: s.series)
    for count in range(len(declared), 0, -1):
        told, lines = day_lines(known, replace(one, streams=tuple(declared[:count])), of.day)
        if root_over(one.device, told, lines) == of.root:
            return told, lines
    return None


def _expected(one: Station, window: Window) -> dict[Channel, int]:
    """Return how many readings each channel is due while the device stood somewhere."""
    served = [_cut(placement, window) for placement in one.placements]
    stood = [stay for stay in served if stay is not None]
    return {
        stream.channel: sum(ticks(stay, stream.interval_s * 1000) for stay in stood)
        for stream in one.streams
    }


def log_day(transaction: Transaction, read: DayRead, zone: ZoneInfo, now_ms: int) -> bool:
    """Log a day as it was read, unless that is what the log says already, or it was dropped.

    False when somebody else has logged it since what it was compared with: it is still due.
    """
    transaction.log.lock()
    device = DeviceId(read.device)
    there = transaction.days.newest(device, read.day, read.day).get(read.day)
    if (there and there.revision) != (read.before and read.before.revision):
        return False  # somebody else has logged it meanwhile; it stays due
    if there is not None and is_dropped(dropped_of(transaction, device), there):
        return True  # its readings were let go: what is left of them is not what was logged
    if there is not None:
        final = there.known_ms >= day_window(read.day, zone).end_ms
        if there.known_ms >= read.known_ms or (final and there.root == read.root):
            return True  # what is there was read later than this, or is the same
    before = transaction.log.newest(DEVICE_DAY, device)
    previous = b"" if before is None else leaf_hash(before.entry)
    revision = 1 if there is None else there.revision + 1
    logged = record(transaction, DEVICE_DAY, device, read.body(revision, previous), now_ms)
    transaction.days.add(
        DayRevision(device, read.day, revision, logged.number, read.root, read.known_ms)
    )
    return True


def log_due(records: Records, source: Source, now_ms: int, limit: int = _AT_ONCE) -> int:
    """Log days that are over and have changed, up to ``limit``; return how many were looked at.

    Asks for those days and their devices alone, however many others there are.
    """
    with records.reading() as transaction:
        until = _over(transaction.places.zones(), now_ms)
        due = transaction.days.due(until, limit)
        measured = measuring(transaction, now_ms, {one.device for one in due}) if due else {}
    ready = [one for one in due if _is_over(one, measured, now_ms)]
    return log_days(records, source, measured, ready, now_ms)


def log_silent(records: Records, source: Source, now_ms: int, limit: int = _AT_ONCE) -> int:
    """Log days that are over and brought nothing at all, up to ``limit``; return how many.

    Looks at every device there is, and so is for every few minutes.
    """
    with records.reading() as transaction:
        measured = measuring(transaction, now_ms)
        missed = _missed(transaction.days.last_days(), measured, now_ms, limit)
    silent = [DayDue(device, day, 0) for device, day in missed]
    return log_days(records, source, measured, silent, now_ms)


def log_days(
    records: Records, source: Source, measured: Mapping[DeviceId, Station],
    days: Sequence[DayDue], now_ms: int,
) -> int:  # fmt: skip
    """Log these days as they are now, and strike them out; return how many.

    What bears a time up to now is closed first: a root is over all that is known at its
    moment, and a batch on its way then would make it a lie.
    """
    if days:
        source.fence(now_ms)
    for start in range(0, len(days), _AT_ONCE):
        some = days[start : start + _AT_ONCE]
        with records.reading() as transaction:
            there = [
                transaction.days.newest(one.device, one.day, one.day).get(one.day) for one in some
            ]
        read = [
            read_day(source, measured[one.device], one.day, now_ms, revision)
            for one, revision in zip(some, there, strict=True)
        ]
        with records.transaction() as transaction:
            for due, day in zip(some, read, strict=True):
                zone = measured[due.device].zone
                if not log_day(transaction, day, zone, now_ms):
                    continue
                if day.known_ms >= day_window(due.day, zone).end_ms:
                    transaction.days.done(due)
                else:  # under way: to be logged again when it is over, whoever marks it meanwhile
                    transaction.days.mark([(due.device, due.day)])
    return len(days)


def days_touched(
    measured: Mapping[DeviceId, Station], touched: Iterable[Touched]
) -> set[tuple[DeviceId, date]]:
    """Return the days of devices that touched hours lie in."""
    owners = {stream.series: one for one in measured.values() for stream in one.streams}
    found: set[tuple[DeviceId, date]] = set()
    for hour in touched:
        one = owners.get(hour.series)
        if one is not None:
            for edge in (hour.hour_ms, min(hour.hour_ms + HOUR_MS - 1, LAST_MS)):
                found.add((one.device, local_day(edge, one.zone)))
    return found


def _cut(placement: Placement, window: Window) -> Window | None:
    start = max(placement.start_ms, window.start_ms)
    end = window.end_ms if placement.end_ms is None else min(placement.end_ms, window.end_ms)
    return Window(start, end) if start < end else None


def _over(zones: Iterable[ZoneInfo], now_ms: int) -> date:
    """Return the first local day that is over nowhere yet."""
    days = [local_day(max(0, now_ms - _SETTLE_MS), zone) for zone in zones]
    return max(days, default=date.min)


def _is_over(due: DayDue, measured: Mapping[DeviceId, Station], now_ms: int) -> bool:
    one = measured.get(due.device)
    return one is not None and due.day < local_day(max(0, now_ms - _SETTLE_MS), one.zone)


def _missed(
    last: Mapping[DeviceId, date], measured: Mapping[DeviceId, Station], now_ms: int, limit: int
) -> list[tuple[DeviceId, date]]:
    """Return days without a word, after the last that is in the log: silence is logged too."""
    found: list[tuple[DeviceId, date]] = []
    for device, day in last.items():
        one = measured.get(device)
        if one is None:
            continue
        # A clock that began in 1970 must not make twenty thousand silent days.
        recent = local_day(max(0, now_ms - _LOOK_BACK_MS), one.zone)
        following = max(day + timedelta(days=1), recent)
        while len(found) < limit and _is_over(DayDue(device, following, 0), measured, now_ms):
            if any(_cut(p, day_window(following, one.zone)) for p in one.placements):
                found.append((device, following))
            following += timedelta(days=1)
    return found
