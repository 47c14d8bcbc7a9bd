"""The dated table of what the Commission's system takes, read once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from domain.errors import NotFound

_TABLE = Path(__file__).parent / "rules.toml"


@dataclass(frozen=True, slots=True)
class Edition:
    """Limits in force from a day on: areas in hectares, sizes in bytes, shares of 1."""

    valid_from: date
    source: str
    reviewer: str
    decimals: int
    polygon_above_ha: float
    default_area_ha: float
    least_area_ha: float
    most_bytes: int
    most_producers: int
    overlap_share: float
    area_tolerance: float
    speck_ha: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that may be wrong; ``ec`` is where the Commission says so.

    An ``error`` keeps the file from being taken, or its content from counting; a ``warning``
    does not.
    """

    name: str
    ec: str
    severity: str
    title: str
    mend_vi: str
    mend_en: str
    valid_from: date = date.min
    valid_to: date = date.max

    @property
    def is_error(self) -> bool:
        """Whether the plot cannot be handed in as it is."""
        return self.severity == "error"


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees between which a country lies; a hint against slips, never a border."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Return whether a position is within."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


@dataclass(frozen=True, slots=True)
class Law:
    """What is in force on a day: limits, rules by name, boxes of countries by code."""

    edition: Edition
    rules: Mapping[str, Rule]
    boxes: Mapping[str, Box]


def law(on: date) -> Law:
    """Return what is in force on a day; raises `NotFound` before the first edition."""
    table = _table()
    editions = sorted((Edition(**row) for row in table["edition"]), key=lambda e: e.valid_from)
    begun = [one for one in editions if one.valid_from <= on]
    if not begun:
        message = f"no edition of the file description is known from before {on}"
        raise NotFound(message)
    rules = (Rule(**row) for row in table["rule"])
    in_force = {one.name: one for one in rules if one.valid_from <= on < one.valid_to}
    boxes = {r["code"]: Box(r["west"], r["south"], r["east"], r["north"]) for r in table["country"]}
    return Law(begun[-1], in_force, boxes)


@cache
def countries() -> frozenset[str]:
    """Return the codes of ISO 3166-1 alpha-2, as the time zone database lists them."""
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in text.splitlines() if line and line[0] != "#")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(_TABLE.read_text("utf-8"))
