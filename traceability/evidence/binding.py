"""What binds a passport to the log: the days of the devices that measured for it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from domain.device import Datastream
from domain.ids import DeviceId
from domain.window import Window, day_window, local_day
from store.records import Records, Transaction
from store.records.days import DayDue
from store.series import Series
from traceability.evidence.commit import Source, Station, days_touched, log_days, measuring
from traceability.evidence.dropped import dropped_of, is_dropped
from traceability.log.entry import DEVICE_DAY
from traceability.log.merkle import leaf_hash

_TOUCHED = 1_000_000


class Served(Protocol):
    """A datastream and when it served the plot."""

    @property
    def stream(self) -> Datastream:
        """The datastream."""

    @property
    def windows(self) -> Sequence[Window]:
        """When it served the plot."""


def log_season(records: Records, series: Series, served: Sequence[Served], now_ms: int) -> None:
    """Put every day of the devices' service into the log, as its readings are now."""
    source = Source.of(series)
    source.fence(now_ms)
    # Before the records are asked: the watcher marks a day there before it strikes its hours off.
    hours = series.touched(_TOUCHED)
    with records.reading() as transaction:
        stations = measuring(transaction, now_ms)
        spans = _spans(served, stations)
        touched = days_touched({device: stations[device] for device in spans}, hours)
        wanted = [
            due
            for device, days in spans.items()
            for due in _wanted(transaction, stations[device], days, touched, now_ms)
        ]
    log_days(records, source, stations, wanted, now_ms)


class Bound(NamedTuple):
    """What a passport says of the days of each device, and when the last of them was known.

    ``dropped`` are those days, device by device, whose readings were let go.
    """

    rows: list[dict[str, Any]]
    known_ms: int
    dropped: list[tuple[DeviceId, date]]


def bind(transaction: Transaction, served: Sequence[Served], now_ms: int) -> Bound:
    """Return, a device, what its days in the log say, and the entry that stands for them.

    ``tip`` is the leaf hash of the device's newest entry, ``number`` its place in the log.
    """
    stations = measuring(transaction, now_ms)
    rows, known_ms, dropped = [], 0, []
    for device, days in sorted(_spans(served, stations).items()):
        newest = transaction.days.newest(device, days[0], days[-1])
        tip = transaction.log.newest(DEVICE_DAY, device)
        if tip is None:
            continue
        drops = dropped_of(transaction, device)
        dropped += [(device, day) for day, one in newest.items() if is_dropped(drops, one)]
        known_ms = max(known_ms, *(one.known_ms for one in newest.values()), 0)
        rows.append(
            {
                "device": device,
                "zone": stations[device].zone.key,
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "days": sum(day in newest for day in days),
                "number": tip.number,
                "tip": leaf_hash(tip.entry).hex(),
            }
        )
    return Bound(rows, known_ms, dropped)


def _spans(
    served: Sequence[Served], stations: Mapping[DeviceId, Station]
) -> dict[DeviceId, list[date]]:
    """Return the local days that each device served on, ascending."""
    found: dict[DeviceId, set[date]] = {}
    for one in served:
        station = stations[one.stream.device]
        for window in one.windows:
            if window.length_ms:
                day = local_day(window.start_ms, station.zone)
                last = local_day(window.end_ms - 1, station.zone)
                days = found.setdefault(station.device, set())
                while day <= last:
                    days.add(day)
                    day += timedelta(days=1)
    return {device: sorted(days) for device, days in found.items()}


def _wanted(
    transaction: Transaction,
    station: Station,
    days: Sequence[date],
    touched: set[tuple[DeviceId, date]],
    now_ms: int,
) -> list[DayDue]:
    """Return the days that the log does not hold as they are now."""
    newest = transaction.days.newest(station.device, days[0], days[-1])
    due = {one.day: one for one in transaction.days.due_of(station.device)}
    wanted = []
    for day in days:
        there = newest.get(day)
        over_ms = min(day_window(day, station.zone).end_ms, now_ms)
        changed = day in due or (station.device, day) in touched
        if there is None or changed or there.known_ms < over_ms:
            wanted.append(due.get(day, DayDue(station.device, day, 0)))
    return wanted
