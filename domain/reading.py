"""A reading on its way: from the message that carried it to the row that keeps it.

``Frame`` is one measuring cycle of a device: one boot, one sequence number, one set
of observations. ``Delivery`` is one MQTT message: zero or more frames to keep and
zero or more refusals to put in quarantine. Everything a message turns into is in it,
so one delivery commits whole or not at all. What there is several of in a message is a
`NamedTuple`: a frozen dataclass takes three times as long to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from domain.clock import ClockVerdict
from domain.ids import DeviceId, SeriesId


class Observation(NamedTuple):
    """What a device says: a value on one of its channels, unit as sent."""

    channel: str
    time_ms: int
    value: float
    unit: str | None


class Cycle(NamedTuple):
    """One measuring cycle as decoded. ``boot`` and ``seq`` are None where a format has none."""

    boot: int | None
    seq: int | None
    observations: tuple[Observation, ...]


class Told(NamedTuple):
    """What a message says: its cycles, and by channel why a value is no measurement at all."""

    cycles: tuple[Cycle, ...]
    unfit: Mapping[str, str]


class Reading(NamedTuple):
    """A value of a series at its device time, in the property's unit, with its verdict.

    Identity is (series, time). ``quality`` is :meth:`domain.quality.Verdict.pack`.
    """

    series: SeriesId
    time_ms: int
    value: float
    quality: int


class Frame(NamedTuple):
    """The readings of one cycle, ready to be kept, and what is believed of its clock.

    ``time_ms`` is the newest time claimed in it, of refused observations too; None where
    the readings tell.
    """

    boot: int | None
    seq: int | None
    readings: tuple[Reading, ...]
    clock: ClockVerdict = ClockVerdict.UNSUSPECTED
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message, or one part of it, cannot be kept as readings.

    ``reason`` is the ``code`` of a `DeviceError`; ``part`` names the channels
    concerned, None when the whole message is refused.
    """

    reason: str
    detail: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and everything it turned into."""

    topic: str
    payload: bytes
    received_ms: int
    device: DeviceId | None
    frames: tuple[Frame, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading as the store gives it back, with all three times.

    ``time_ms`` orders it: the device's claim plus ``skew_ms``, which is 0 unless its
    clock is known to be off by a constant. ``conflict`` is set when another value is
    kept for the same series and time.
    """

    series: SeriesId
    time_ms: int
    value: float
    quality: int
    received_ms: int
    committed_ms: int
    conflict: bool
    skew_ms: int = 0

    @property
    def claimed_ms(self) -> int:
        """The time that the device claimed."""
        return self.time_ms - self.skew_ms
