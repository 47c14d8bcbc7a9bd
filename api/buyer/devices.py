"""What is told of a device by its number: what it measures, where it stood, how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from api import i18n
from api.views import label
from domain.device import Datastream, Device, Placement
from domain.gs1 import Gln
from domain.ids import DeviceId
from domain.plot import Area
from domain.properties import observed_properties
from domain.window import local_day
from store.records import Transaction
from store.series import Series
from traceability.log.checkpoint import parse_checkpoint
from traceability.log.files import LogFiles
from traceability.log.note import parse_note
from traceability.log.tiles import WIDTH, tile_path

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class StayView:
    """A plot that the device served; ``first`` is None where it always has, as far as is known."""

    gln: Gln
    area: Area
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class LoggedView:
    """The last day that is logged, the entry's number, and its file once that is published."""

    day: date
    number: int
    path: str | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """The page of a device; ``measures`` are pairs of what and how often."""

    device: Device
    measures: tuple[tuple[str, str], ...]
    stays: tuple[StayView, ...]
    newest: str | None
    logged: LoggedView | None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the page's facts come from, and the moment and language they are told in."""

    transaction: Transaction
    series: Series
    files: LogFiles
    now_ms: int
    language: str


def device_view(sources: Sources, device: Device) -> DeviceView:
    """Return what the page of a device shows."""
    register = sources.transaction.devices.register([device.id])
    streams = list(register.streams.get(device.id, {}).values())
    placements = sorted(register.placements.get(device.id, ()), key=lambda one: one.start_ms)
    stays, zone = _stays(sources, placements)
    return DeviceView(
        device, tuple(_measure(stream, sources.language) for stream in streams), stays,
        _newest(sources, streams, zone), _logged(sources, device.id),
    )  # fmt: skip


def _measure(stream: Datastream, language: str) -> tuple[str, str]:
    name = label(observed_properties().get(stream.property), stream.depth_m, language)
    return name, i18n.span(stream.interval_s, language)


def _stays(
    sources: Sources, placements: Sequence[Placement]
) -> tuple[tuple[StayView, ...], ZoneInfo]:
    """Return the plots served, oldest first, and the zone of the last of them."""
    places, zone, found = sources.transaction.places, _UTC, []
    for one in placements:
        plot = places.plot(one.plot)
        area = places.area(plot.area, local_day(sources.now_ms, _UTC))
        zone = area.zone
        # From the beginning of time: whoever enrolled it did not know since when.
        first = local_day(one.start_ms, zone) if one.start_ms else None
        last = None if one.end_ms is None else local_day(one.end_ms, zone)
        found.append(StayView(plot.gln, area, first, last))
    return tuple(found), zone


def _newest(sources: Sources, streams: Sequence[Datastream], zone: ZoneInfo) -> str | None:
    latest = sources.series.latest([stream.series for stream in streams], sources.now_ms)
    times = [reading.time_ms for reading in latest.values()]
    return i18n.moment(max(times), zone, sources.language) if times else None


def _logged(sources: Sources, device: DeviceId) -> LoggedView | None:
    last = sources.transaction.days.last(device)
    if last is None:
        return None
    return LoggedView(last.day, last.number, _file_of(sources.files, last.number))


def _file_of(files: LogFiles, number: int) -> str | None:
    """Return the address of the bundle with an entry, None while no checkpoint is over it."""
    note = files.checkpoint()
    size = 0 if note is None else parse_checkpoint(parse_note(note)).size
    if number >= size:
        return None
    which = number // WIDTH
    return f"/log/{tile_path('entries', which, min(WIDTH, size - which * WIDTH))}"
