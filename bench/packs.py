"""The messages of the benchmarks: one cycle of four readings each, from so many devices."""

from collections.abc import Iterator

from domain.device import Datastream, Device, Placement, Register
from domain.ids import Channel, DeviceId, PlotId, SeriesId
from domain.pack import Coding, encode
from domain.reading import Cycle, Observation

STREAMS = (
    ("soil_moisture_20", "soil_moisture", "%"),
    ("soil_temperature_20", "soil_temperature", "Cel"),
    ("air_temperature", "air_temperature", "Cel"),
    ("air_humidity", "air_relative_humidity", "%"),
)
INTERVAL_S = 900
START_MS = 1_790_000_000_000


def names(devices: int) -> list[DeviceId]:
    """Return the devices' ids."""
    return [DeviceId(f"node-{number:05d}") for number in range(devices)]


def packs(messages: int, devices: int, coding: Coding) -> Iterator[tuple[str, bytes]]:
    """Yield topic and payload of so many messages, each device in its turn."""
    known = names(devices)
    for number in range(messages):
        device, seq = known[number % devices], number // devices
        time_ms = START_MS + seq * INTERVAL_S * 1000
        row = tuple(
            Observation(channel, time_ms, 20.0 + (number * 7 + i) % 97 / 10, unit)
            for i, (channel, _, unit) in enumerate(STREAMS)
        )
        yield f"nguon/v1/{device}/up", encode(device, [Cycle(0, seq, row)], coding)


def register(devices: int) -> Register:
    """Return the register that knows them."""
    known = names(devices)
    streams = {
        device: {
            channel: Datastream(
                SeriesId(number * len(STREAMS) + i + 1), device, Channel(channel), what, None,
                INTERVAL_S,
            )
            for i, (channel, what, _) in enumerate(STREAMS)
        }
        for number, device in enumerate(known)
    }  # fmt: skip
    placements = {device: [Placement(device, PlotId("ruong-1"), 0, None)] for device in known}
    return Register({device: Device(device, device, 0) for device in known}, streams, placements)
