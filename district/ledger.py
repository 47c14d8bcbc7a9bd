"""What each device owed and delivered, day by day, from the sequence ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.account import Account, account
from domain.ids import DeviceId
from domain.window import DAY_MS, Window, day_window, days_window, local_day
from store.records import Transaction
from store.series import Series

_UTC = ZoneInfo("UTC")
_AROUND_MS = 8 * DAY_MS
_SLOWEST_S = 3_600


@dataclass(frozen=True, slots=True)
class DeviceDay:
    """The account of one local day."""

    day: date
    account: Account


def device_days(
    transaction: Transaction,
    series: Series,
    device: DeviceId,
    days: tuple[date, date],
    zone: ZoneInfo,
) -> Iterator[DeviceDay]:
    """Yield a device's account for each local day; raises `NotFound`."""
    register = transaction.devices.register()
    register.device(device)
    streams = list(register.streams.get(device, {}).values())
    interval_ms = min((s.interval_s for s in streams), default=_SLOWEST_S) * 1000
    whole = days_window(*days, zone)
    around = Window(max(0, whole.start_ms - _AROUND_MS), whole.end_ms + _AROUND_MS)
    beats = series.cycles([s.series for s in streams], around)
    kept = series.ledger(device)
    day = days[0]
    while day <= days[1]:
        yield DeviceDay(day, account(beats, kept, day_window(day, zone), interval_ms))
        day += timedelta(days=1)


def zone_of_device(transaction: Transaction, device: DeviceId, now_ms: int) -> ZoneInfo:
    """Return the zone of the plot that a device serves or served last, UTC if none."""
    placements = transaction.devices.register().placements.get(device, ())
    if not placements:
        return _UTC
    plot = transaction.places.plot(placements[-1].plot)
    return transaction.places.zone_of(plot, local_day(now_ms, _UTC))
