"""Devices, their datastreams, and where they stood when.

SensorThings vocabulary: a Thing has Datastreams; a Datastream has one
ObservedProperty and one unit. ``Placement`` is dated, so that "which sensors covered
this plot between planting and harvest" has one answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import NotFound
from domain.gs1 import Giai
from domain.ids import Channel, DeviceId, PlotId, SeriesId
from domain.limits import History


@dataclass(frozen=True, slots=True)
class Device:
    """A registered field node. ``installed_ms`` bounds believable device times.

    ``giai`` is its number among GS1's assets, AI (8004), None while it has none.
    """

    id: DeviceId
    name: str
    installed_ms: int
    giai: Giai | None = None


@dataclass(frozen=True, slots=True)
class Datastream:
    """One channel of one device; ``depth_m`` is metres below ground, None above it.

    ``limits`` are its own for quality tests, over those of its property.
    """

    series: SeriesId
    device: DeviceId
    channel: Channel
    property: str
    depth_m: float | None
    interval_s: int
    limits: History = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """A device serves a plot from ``start_ms`` until ``end_ms`` (None: still)."""

    device: DeviceId
    plot: PlotId
    start_ms: int
    end_ms: int | None

    def holds(self, instant_ms: int) -> bool:
        """Whether the device served the plot at that instant."""
        return self.start_ms <= instant_ms and (self.end_ms is None or instant_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class Register:
    """A snapshot of who may send what, and from where."""

    devices: Mapping[DeviceId, Device]
    streams: Mapping[DeviceId, Mapping[str, Datastream]]
    placements: Mapping[DeviceId, Sequence[Placement]]

    def device(self, device: DeviceId) -> Device:
        """Return a registered device; raises `NotFound`."""
        if device not in self.devices:
            message = f"no device {device}"
            raise NotFound(message)
        return self.devices[device]

    def placed(self, device: DeviceId, instant_ms: int) -> bool:
        """Whether the device stood on any plot at that instant."""
        return any(p.holds(instant_ms) for p in self.placements.get(device, ()))
