"""Sensor health over the district: who is heard, who is silent, what was lost.

From stored data alone, per sensor and not per gateway: a gateway that is alive must
not hide a probe that is dead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.bucket import heard_ms, patience_ms
from domain.device import Datastream, Device, Register
from domain.ids import DeviceId, SeriesId
from domain.plot import Plot
from domain.ranges import missing, size
from domain.reading import StoredReading
from domain.window import local_day
from field.state import FUTURE_MS, is_faulty
from store.records import Transaction
from store.series import Series, Tally


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """One device: streams silent and faulty out of all, newest time, cycles received and missing.

    ``faulty`` counts streams whose newest reading fails by itself or is in dispute; what
    only its neighbours show (a spike, a flat line) is judged on the plot's own page.
    """

    device: Device
    plots: tuple[Plot, ...]
    area_vi: str
    area_en: str
    streams: int
    silent: int
    faulty: int
    newest_ms: int | None
    received: int
    missing: int


@dataclass(frozen=True, slots=True)
class Health:
    """All devices, worst first, and what the store holds."""

    devices: tuple[DeviceHealth, ...]
    tally: Tally


def health(transaction: Transaction, series: Series, now_ms: int) -> Health:
    """Return how the sensor network stands."""
    register = transaction.devices.register()
    streams = [s for channels in register.streams.values() for s in channels.values()]
    newest = series.latest([s.series for s in streams], now_ms + FUTURE_MS)
    names = _area_names(transaction, now_ms)
    serves = _plots_served(transaction, register, now_ms)
    rows = [
        _device_health(device, register, newest, series, serves[device.id], names, now_ms)
        for device in register.devices.values()
    ]
    rows.sort(key=lambda row: (-row.silent, -row.faulty, -row.missing, row.device.id))
    return Health(tuple(rows), series.tally())


def _device_health(  # noqa: PLR0913 - a join of six lists, all needed
    device: Device,
    register: Register,
    newest: Mapping[SeriesId, StoredReading],
    series: Series,
    plots: tuple[Plot, ...],
    names: Mapping[str, tuple[str, str]],
    now_ms: int,
) -> DeviceHealth:
    channels = list(register.streams.get(device.id, {}).values())
    silent = _silent(channels, newest, now_ms)
    ledger = list(series.ledger(device.id).values())
    area_vi, area_en = names.get(plots[0].area, ("", "")) if plots else ("", "")
    times = [newest[s.series].time_ms for s in channels if s.series in newest]
    return DeviceHealth(
        device=device,
        plots=plots,
        area_vi=area_vi,
        area_en=area_en,
        streams=len(channels),
        silent=len(silent),
        faulty=sum(1 for s in channels if s not in silent and is_faulty(newest[s.series])),
        newest_ms=max(times, default=None),
        received=sum(size(runs) for runs in ledger),
        missing=sum(size(missing(runs)) for runs in ledger),
    )


def _silent(
    channels: Sequence[Datastream], newest: Mapping[SeriesId, StoredReading], now_ms: int
) -> list[Datastream]:
    return [
        s
        for s in channels
        if s.series not in newest
        or now_ms - _heard(s, newest[s.series]) > patience_ms(s.interval_s * 1000)
    ]


def _heard(stream: Datastream, newest: StoredReading) -> int:
    return heard_ms(newest.time_ms, newest.received_ms, stream.interval_s * 1000)


def _plots_served(
    transaction: Transaction, register: Register, now_ms: int
) -> dict[DeviceId, tuple[Plot, ...]]:
    plots = {plot.id: plot for plot in transaction.places.plots()}
    return {
        device: tuple(plots[p.plot] for p in register.placements.get(device, ()) if p.holds(now_ms))
        for device in register.devices
    }


def _area_names(transaction: Transaction, now_ms: int) -> dict[str, tuple[str, str]]:
    today = local_day(now_ms, ZoneInfo("UTC"))
    return {a.code: (a.name_vi, a.name_en) for a in transaction.places.areas(today)}
