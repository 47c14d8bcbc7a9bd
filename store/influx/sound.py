"""What InfluxDB can never keep, found before the first write: a batch is taken whole."""

import math
from collections.abc import Sequence

from domain.errors import InvalidInput, StoreRefused
from domain.ids import DeviceId
from domain.reading import Delivery, Frame, Reading
from store.influx.times import LAST_NS, scale_of

_LARGEST = 2**63 - 1


def refuse_unsound(deliveries: Sequence[Delivery], committed_ms: int) -> None:
    """Raise `StoreRefused` where a batch holds what cannot be kept."""
    _number("time of commitment", committed_ms)
    for delivery in deliveries:
        _number("time of receipt", delivery.received_ms)
        if delivery.device is not None:
            refuse_unsound_name(delivery.device)
        for frame in delivery.frames:
            _frame(frame)


def refuse_unsound_name(device: str) -> None:
    """Raise `StoreRefused` where a device has no name that can be a tag."""
    try:
        DeviceId.parse(device)
    except InvalidInput as error:
        raise StoreRefused(str(error)) from error


def _frame(frame: Frame) -> None:
    for name, number in (("boot", frame.boot), ("seq", frame.seq), ("time", frame.time_ms)):
        if number is not None:
            _number(name, number, LAST_NS - 1 if name == "boot" else _LARGEST)
    for reading in frame.readings:
        _reading(reading)


def _reading(reading: Reading) -> None:
    _number("series", reading.series)
    _number("verdict", reading.quality)
    _number("time", reading.time_ms, least=-_LARGEST)
    scale_of(reading.time_ms)
    value: object = reading.value
    if not isinstance(value, int | float) or not math.isfinite(value):
        message = f"no value that InfluxDB can keep: {str(value)[:40]}"
        raise StoreRefused(message)


def _number(name: str, number: object, most: int = _LARGEST, least: int = 0) -> None:
    if not isinstance(number, int) or not least <= number <= most:
        message = f"no {name} that InfluxDB can keep: {str(number)[:40]}"
        raise StoreRefused(message)
