"""Observed properties: what may be measured, in which unit, within which limits.

The table is data with a date and a source (``observed_properties.toml``); nothing
here knows a number of its own.
"""

import enum
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from domain.errors import InvalidInput
from domain.limits import GrossRange, History, Limits, from_day, in_force, parse_limits


class Statistic(enum.StrEnum):
    """What a stretch of readings of a property may be summed up as."""

    MEAN = "mean"
    SUM = "sum"
    CIRCULAR = "circular"


GROUPS = ("soil", "plant", "water", "weather", "device")
"""Groups in the order people look for them; ``device`` is the node's own health."""


@dataclass(frozen=True, slots=True)
class ObservedProperty:
    """One property; ``limits`` are those of its quality tests, in ``unit``, dated."""

    name: str
    group: str
    unit: str
    statistic: Statistic
    decimals: int
    limits: History
    label_vi: str
    label_en: str

    @property
    def of_field(self) -> bool:
        """Whether it says something of the field, and not of the device."""
        return self.group != "device"

    def gross_range(self, instant_ms: int) -> GrossRange:
        """Return what is possible and what is usual at an instant."""
        found = in_force(self.limits, instant_ms).gross_range
        return found or GrossRange((float("-inf"), float("inf")))

    def label(self, language: str) -> str:
        """Return the label in ``vi`` or ``en``."""
        return self.label_vi if language == "vi" else self.label_en


@dataclass(frozen=True, slots=True)
class PropertyTable:
    """The whole table as it holds from ``valid_from``."""

    valid_from: date
    source: str
    sentinels: frozenset[float]
    rows: dict[str, ObservedProperty]

    def get(self, name: str) -> ObservedProperty:
        """Return a property by name; raises `InvalidInput`."""
        if name not in self.rows:
            message = f"no observed property {name[:60]!r}"
            raise InvalidInput(message, "property")
        return self.rows[name]


@cache
def observed_properties() -> PropertyTable:
    """Return the table that is shipped with the program."""
    text = resources.files("domain").joinpath("observed_properties.toml").read_text("utf-8")
    data = tomllib.loads(text)
    since: date = data["valid_from"]
    rows: dict[str, ObservedProperty] = {}
    for row in data["property"]:
        told = {**data.get("default", {}), **row}
        rows[row["name"]] = _row(told, since, rows.get(row["name"]))
    return PropertyTable(since, data["source"], frozenset(data["sentinels"]), rows)


def _row(row: dict[str, object], since: date, older: ObservedProperty | None) -> ObservedProperty:
    """Return a property; a later row of the same name adds limits from its own day on."""
    day = row.get("valid_from", since)
    limits = _limits(row)
    if not isinstance(day, date):
        message = f"valid_from is a day: {day!r}"
        raise InvalidInput(message, "valid_from")
    return ObservedProperty(
        name=str(row["name"]),
        group=str(row["group"]),
        unit=str(row["unit"]),
        statistic=Statistic(str(row["statistic"])),
        decimals=int(str(row["decimals"])),
        limits=(*(older.limits if older else ()), (from_day(day), limits)),
        label_vi=str(row["label_vi"]),
        label_en=str(row["label_en"]),
    )


def _limits(row: dict[str, object]) -> Limits:
    tests = ("spike", "rate_of_change", "flat_line", "gap")
    ranges = {key: row[key] for key in ("fail", "suspect") if key in row}
    named = {name: row[name] for name in tests if name in row}
    return parse_limits({"gross_range": ranges, **named})
