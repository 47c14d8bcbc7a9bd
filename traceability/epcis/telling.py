"""What every event of ours is told with: a moment, a place, an amount, a name.

An event is named by its content (eventID is its event hash id), so that telling it twice
is telling it once. CBV 2.0 section 8: things and places are GS1 Digital Links.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from domain.gs1 import Gln, Gtin, LotNumber, SerialNumber, Sscc
from domain.window import from_ms
from traceability.epcis.document import CONTEXT, Found
from traceability.epcis.event_hash import CBV_2_0, Rules, event_hash_id
from traceability.epcis.identifiers import STEM
from traceability.epcis.validate import validate_event

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class When:
    """An instant, and the zone whose offset from UTC it is told with."""

    time_ms: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Where:
    """Where it was seen, and where the things are afterwards (None: under way, or gone)."""

    read_point: Gln
    location: Gln | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """Some of a lot, in kilograms."""

    gtin: Gtin
    lot: LotNumber
    kilograms: float

    @property
    def uri(self) -> str:
        """Return the canonical Digital Link of the lot, which is its EPC class."""
        return f"{STEM}/01/{self.gtin}/10/{quote(self.lot, safe='')}"

    def told(self) -> dict[str, Any]:
        """Return a quantity element."""
        return {"epcClass": self.uri, "quantity": self.kilograms, "uom": "KGM"}


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of a product, by the serial on its label (SGTIN)."""

    gtin: Gtin
    serial: SerialNumber

    @property
    def uri(self) -> str:
        """Return the canonical Digital Link of the unit, which is its EPC."""
        return f"{STEM}/01/{self.gtin}/21/{quote(self.serial, safe='')}"


def named(event: Event, context: Any = CONTEXT, rules: Rules = CBV_2_0) -> Event:
    """Return a valid event with its hash id as eventID; raises `InvalidInput`."""
    checked(event, context)
    return {"type": event["type"], "eventID": event_hash_id(event, rules, context), **event}


def checked(event: Event, context: Any = CONTEXT) -> Event:
    """Return the event itself when it is valid; raises `InvalidInput`."""
    validate_event(Found("event", event, context))
    return event


def base_event(kind: str, when: When) -> Event:
    """Return the fields that every event has."""
    return {
        "type": kind,
        "eventTime": print_moment(when),
        "eventTimeZoneOffset": _offset(_local(when)),
    }


def place(gln: Gln) -> dict[str, str]:
    """Return a read point or business location."""
    return {"id": f"{STEM}/414/{gln}"}


def logistic(unit: Sscc) -> str:
    """Return the canonical Digital Link of a logistic unit, which is its EPC."""
    return f"{STEM}/00/{unit}"


def _local(when: When) -> datetime:
    return from_ms(when.time_ms).astimezone(when.zone)


def print_moment(when: When) -> str:
    """Return an instant as RFC 3339, with the zone's offset."""
    return _local(when).isoformat(timespec="milliseconds")


def _offset(local: datetime) -> str:
    minutes = round((local.utcoffset() or timedelta(0)) / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
