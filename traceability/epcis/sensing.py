"""What sensors measured on a plot, as an EPCIS event: statistics here, readings elsewhere.

One event tells one interval on one read point; one sensor element per device, whose
``rawData`` leads to the readings and their proof and whose ``dataProcessingMethod`` names
how they were summed up. Every report says how much of what was due had come: a mean over
a third of an interval must not look like a mean (EPCIS 2.0 section 7.3.7).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from domain.errors import InvalidInput
from domain.gs1 import Giai, Gln
from domain.ids import DeviceId
from domain.window import Window
from traceability.epcis.document import CONTEXT
from traceability.epcis.identifiers import STEM
from traceability.epcis.measures import measure
from traceability.epcis.telling import Amount, Event, When, base_event, named, place, print_moment

PREFIX = "nguon"
_SUBSTANCE = "https://identifiers.org/inchikey:"


@dataclass(frozen=True, slots=True)
class Statistics:
    """One property over an interval, in the property's unit; None where there is none.

    ``total`` is for what adds up, like rain. ``used`` readings went into the figures, out
    of ``expected`` due; ``silence_s`` is the longest time without one, ``depth_m`` how far
    below ground it was measured.
    """

    property: str
    minimum: float | None
    mean: float | None
    maximum: float | None
    total: float | None
    used: int
    expected: int
    silence_s: float
    depth_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse figures that no readings can have."""
        figures = [v for v in (self.minimum, self.mean, self.maximum) if v is not None]
        told = [*figures, *([] if self.total is None else [self.total])]
        if not all(math.isfinite(value) for value in told) or figures != sorted(figures):
            message = f"{self.property}: minimum, mean and maximum are out of order"
            raise InvalidInput(message, self.property)


@dataclass(frozen=True, slots=True)
class Sensed:
    """What one device reported over the interval.

    ``device`` is its URI: a GIAI as a Digital Link, or one under our own address.
    ``raw_data`` is where readings and proof are, ``method`` the URI of the method.
    """

    device: str
    raw_data: str
    method: str
    reports: Sequence[Statistics]


@dataclass(frozen=True, slots=True)
class Namespace:
    """Our own words, under the address that this service answers at."""

    address: str

    @property
    def uri(self) -> str:
        """Return the namespace of our words."""
        return f"{self.address.rstrip('/')}/voc/"

    def context(self) -> list[Any]:
        """Return the ``@context`` that events with our words stand in."""
        return [CONTEXT, {PREFIX: self.uri}]

    def device(self, device: DeviceId, giai: Giai | None = None) -> str:
        """Return the URI of a device: its GIAI's Digital Link, else one under our address."""
        if giai is not None:
            return f"{STEM}/8004/{quote(giai, safe='')}"
        return f"{self.address.rstrip('/')}/devices/{device}"

    def method(self, method: str) -> str:
        """Return the URI of a method of summing up, ``nguon-evidence/2``."""
        return f"{self.address.rstrip('/')}/methods/{method}"


def measured(
    sensed: Sequence[Sensed],
    window: Window,
    when: When,
    read_point: Gln,
    ours: Namespace,
    about: Sequence[Amount] = (),
) -> Event:
    """Return the event of an interval; ``when`` is its end, ``about`` the lots it concerns.

    Without ``about`` it tells of the place alone, which is a plot's history. The event
    belongs into a document whose ``@context`` is ``ours.context()``.
    """
    event = base_event("ObjectEvent", when) | {
        "action": "OBSERVE",
        "bizStep": "sensor_reporting",
        "readPoint": place(read_point),
        "sensorElementList": [_element(one, window, when, ours) for one in sensed],
    }
    if about:
        event["quantityList"] = [amount.told() for amount in about]
    return named(event, ours.context())


def _element(one: Sensed, window: Window, when: When, ours: Namespace) -> dict[str, Any]:
    metadata = {
        "startTime": print_moment(When(window.start_ms, when.zone)),
        "endTime": print_moment(When(window.end_ms, when.zone)),
        "deviceID": one.device,
        "rawData": one.raw_data,
        "dataProcessingMethod": one.method,
    }
    reports = [report(statistics, ours) for statistics in one.reports]
    return {"sensorMetadata": metadata, "sensorReport": reports}


def report(told: Statistics, ours: Namespace) -> dict[str, Any]:
    """Return one sensorReport; raises `InvalidInput` on a property that has no measure."""
    row = measure(told.property)
    figures = {
        "value": told.total,
        "minValue": told.minimum,
        "meanValue": told.mean,
        "maxValue": told.maximum,
    }
    made: dict[str, Any] = {"type": row.type or ours.uri + told.property}
    made |= {name: value for name, value in figures.items() if value is not None}
    if row.uom is not None:
        made["uom"] = row.uom
    if row.substance is not None:
        made["chemicalSubstance"] = _SUBSTANCE + row.substance
    depth = {} if told.depth_m is None else {f"{PREFIX}:depth": told.depth_m}
    return (
        made
        | depth
        | {
            f"{PREFIX}:observedProperty": told.property,
            f"{PREFIX}:used": told.used,
            f"{PREFIX}:expected": told.expected,
            f"{PREFIX}:longestSilence": told.silence_s,
        }
    )
