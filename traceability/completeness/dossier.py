"""What is known of a lot, each fact with where it was found and until when it holds.

A field an item of a regime; a source that comes later (brands) fills its field, and no rule
changes. Personal data has no field here.
"""

from dataclasses import dataclass
from datetime import date

from domain.gs1 import Gln, Gtin, LotNumber, print_date


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known: as shown, found where, and the last day on which it holds."""

    shown: str
    found_in: str
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, by what Circular 02/2024 asks of each: two codes and a time."""

    name: str
    product_code: Gtin | None
    location_code: Gln | None
    day: date | None
    found_in: str

    @property
    def whole(self) -> bool:
        """Whether nothing that is asked of a stage is lacking."""
        return None not in (self.product_code, self.location_code, self.day)


@dataclass(frozen=True, slots=True)
class TraceCode:
    """The composite code: product, place, lot, time of the event (here the harvest)."""

    product: Gtin | None
    location: Gln | None
    lot: LotNumber | None
    event: date | None
    found_in: str

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return the parts that are not there, by their GS1 application identifier."""
        parts = {"(01)": self.product, "(416)": self.location, "(10)": self.lot,
                 "(7007)": self.event}  # fmt: skip
        return tuple(name for name, part in parts.items() if part is None)

    def printed(self) -> str:
        """Return the parts that are there as a GS1 element string with brackets."""
        day = None if self.event is None else print_date(self.event)
        parts = [("01", self.product), ("416", self.location), ("10", self.lot), ("7007", day)]
        return "".join(f"({ai}){part}" for ai, part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a regime may ask for. None or empty: not known here."""

    product_name: Fact | None = None
    images: tuple[Fact, ...] = ()
    producer_name: Fact | None = None
    producer_address: Fact | None = None
    stages: tuple[Stage, ...] = ()
    production_time: Fact | None = None
    trace_code: TraceCode | None = None
    brand: Fact | None = None
    best_before: Fact | None = None
    standards: tuple[Fact, ...] = ()
