"""Letting old readings go without breaking what the log says: archive, log, and only then delete.

Every reading that would go is shown to be in a logged day first. A device's days go into an
archive file that is read back; an entry of the log names it; then the store drops. Cut short
anywhere, it is said again: an entry without a deletion closes days and loses nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from domain.errors import Clash, Refused
from domain.ids import DeviceId, SeriesId
from domain.window import DAY_MS, Window, day_window, local_day
from store.judged import Read
from store.records import Records
from store.records.days import DayRevision
from store.retention import whole_parts
from store.series import Series
from traceability.evidence.archived import read_archive, write_archive
from traceability.evidence.commit import Station, day_lines, made_again, measuring
from traceability.evidence.device_day import Line
from traceability.evidence.dropped import Dropped, dropped_of, is_dropped
from traceability.log.append import record
from traceability.log.entry import DROP

_RULE = "retention"
_TOUCHED = 1_000_000
_SHOWN = 3

Say = Callable[[str], None]
_Days = Mapping[date, DayRevision]


@dataclass(frozen=True, slots=True)
class Let:
    """What was let go: the bound, the entries, and how many readings the store dropped."""

    until_ms: int
    entries: Sequence[Dropped]
    readings: int


@dataclass(frozen=True, slots=True)
class _Archived:
    """What is in a device's file, and the newest revision of every day it was made beside."""

    dropped: Dropped
    beside: _Days


def let_go(
    records: Records, series: Series, until_ms: int, folder: Path, now_ms: int, say: Say
) -> Let:
    """Archive, log and drop the readings from before a moment, in whole parts of 30 days.

    Raises `Refused` (rule ``retention``) where a reading would go that no logged day holds, or
    a day in there is still to be logged; `Clash` where one was logged meanwhile. Nothing is
    deleted then.
    """
    until_ms = whole_parts(min(until_ms, now_ms))
    if until_ms <= series.kept_since():
        message = "readings go in whole parts of 30 days, and there is no part more before then"
        raise Refused(message, _RULE)
    with records.reading() as transaction:
        stations = measuring(transaction, now_ms)
    # Cycles numbered up to here that are under way are there once the moment is closed; what
    # comes later has a greater number, and the store then drops nothing.
    last = max((b.frame for device in stations for b in series.beats(device, 1)), default=0)
    series.fence(now_ms)
    _require_rolled_up(series, until_ms)
    _require_known(series, stations, until_ms)
    folder.mkdir(parents=True, exist_ok=True)
    archived = list(_archive(records, series, stations, until_ms, folder, say))
    entries = _log(records, archived, now_ms)
    say("dropping")
    return Let(until_ms, entries, series.drop(until_ms, last))


def _require_rolled_up(series: Series, until_ms: int) -> None:
    if any(one.hour_ms < until_ms + DAY_MS for one in series.touched(_TOUCHED)):
        message = "hours before then are still to be rolled up, and their days to be logged"
        raise Refused(message, _RULE)


def _require_known(series: Series, stations: Mapping[DeviceId, Station], until_ms: int) -> None:
    """Raise `Refused` where a series that no logged day speaks of would lose readings."""
    ours = {stream.series for one in stations.values() for stream in one.streams}
    others = [one for one in series.series_ids() if one not in ours]
    lost = [one for one in others if _holds_any(series, one, Window(0, until_ms))]
    if lost:
        named = ", ".join(map(str, lost[:_SHOWN]))
        message = f"series {named} has readings, and its device serves no plot: no day holds them"
        raise Refused(message, _RULE)


def _holds_any(series: Series, one: SeriesId, window: Window) -> bool:
    return next(iter(series.read(one, window)), None) is not None


def _archive(
    records: Records, series: Series, stations: Mapping[DeviceId, Station], until_ms: int,
    folder: Path, say: Say,
) -> Iterator[_Archived]:  # fmt: skip
    for number, station in enumerate(stations.values(), 1):
        say(f"device {number} of {len(stations)}: {station.device}")
        last = local_day(until_ms - 1, station.zone)
        with records.reading() as transaction:
            newest = transaction.days.newest(station.device, date.min, last)
            drops = dropped_of(transaction, station.device)
        closed = {day for day, one in newest.items() if is_dropped(drops, one)}
        there = _days_of(series, station, until_ms)
        _require_logged(station, there - newest.keys())
        whole = [newest[day] for day in sorted(newest.keys() - closed)]
        late = [newest[day] for day in sorted(there & closed)]
        late = [one for one in late if _has_come(series, station, one)]
        if whole or late:
            yield _Archived(_file(series, station, whole, late, until_ms, folder), newest)


def _days_of(series: Series, station: Station, until_ms: int) -> set[date]:
    """Return the local days of a device that have readings before the bound."""
    window = Window(0, until_ms)
    return {
        local_day(reading.time_ms, station.zone)
        for stream in station.streams
        for reading in series.read(stream.series, window)
    }


def _require_logged(station: Station, days: set[date]) -> None:
    if days:
        named = ", ".join(day.isoformat() for day in sorted(days)[:_SHOWN])
        message = f"no logged day holds the readings of {station.device} of {named}"
        raise Refused(message, _RULE)


def _has_come(series: Series, station: Station, one: DayRevision) -> bool:
    """Whether anything has come for a day since it was closed."""
    return bool(day_lines(_since(series.read, one.known_ms), station, one.day)[1])


def _file(
    series: Series, station: Station, whole: Sequence[DayRevision], late: Sequence[DayRevision],
    until_ms: int, folder: Path,
) -> Dropped:  # fmt: skip
    """Write a device's days into a file, read it back, and return what the log will say of it."""
    days = sorted(one.day for one in (*whole, *late))
    count = 0

    def told() -> Iterator[tuple[bytes, list[Line]]]:
        nonlocal count
        for one in whole:
            summary, lines = _as_logged(series, station, one)
            count += len(lines)
            yield summary, lines
        for one in late:
            summary, lines = day_lines(_since(series.read, one.known_ms), station, one.day)
            count += len(lines)
            yield summary, lines

    name, sha256 = write_archive(folder, station.device, (days[0], days[-1]), told())
    channels = tuple(sorted(stream.channel for stream in station.streams))
    dropped = Dropped(station.device, channels, days[0], days[-1], until_ms, len(days), count,
                      name, sha256)  # fmt: skip
    there = read_archive(folder, dropped)
    if any(one.day not in there or there[one.day].root != one.root for one in whole):
        message = f"{folder / name} was written and does not read back as the log has it"
        raise Refused(message, _RULE)
    return dropped


def _as_logged(series: Series, station: Station, one: DayRevision) -> tuple[bytes, list[Line]]:
    again = made_again(series.read, station, one)
    is_over = one.known_ms >= day_window(one.day, station.zone).end_ms
    if not is_over or again is None or again[1] != day_lines(series.read, station, one.day)[1]:
        message = (
            f"{station.device}, day {one.day}: its readings are not those that were logged; let"
            " the watcher run, and see what `nguon fsck` says"
        )
        raise Refused(message, _RULE)
    return again


def _since(read: Read, moment_ms: int) -> Read:
    """Return a way to read what came after a moment: for a closed day, what no entry holds."""
    return lambda series, window: (r for r in read(series, window) if r.committed_ms > moment_ms)


def _log(records: Records, archived: Sequence[_Archived], now_ms: int) -> list[Dropped]:
    """Say in the log what goes; raises `Clash` where a day was logged since it was archived."""
    with records.transaction() as transaction:
        transaction.log.lock()
        for one in archived:
            device = DeviceId(one.dropped.device)
            if transaction.days.newest(device, date.min, max(one.beside)) != one.beside:
                message = f"a day of {device} was logged meanwhile; say it again"
                raise Clash(message)
            record(transaction, DROP, device, one.dropped.body(), now_ms)
    return [one.dropped for one in archived]
