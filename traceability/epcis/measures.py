"""Units and kinds of measurement as EPCIS tells them, and conversion between units.

Both tables are data with a source. Conversion is linear and exact, in fractions: 26.1 °C
is 299.25 K and not a hair more or less, so that a query for ``GE_value_KEL`` does not lose
an event at its edge (EPCIS 2.0 section 8.2.7.1, TCR-53 step 26).
"""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any

from domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Unit:
    """A UN/CEFACT code: what it measures, and how to get to that quantity's base unit."""

    code: str
    quantity: str
    factor: Fraction
    offset: Fraction


@dataclass(frozen=True, slots=True)
class Measure:
    """How an observed property is told: GS1's ``type`` or None, ``uom`` or None.

    ``substance`` is the InChIKey of what a concentration is of, None elsewhere.
    """

    property: str
    type: str | None
    uom: str | None
    substance: str | None


@lru_cache(maxsize=1)
def units() -> Mapping[str, Unit]:
    """Return every unit that can be converted, by code."""
    return {
        code: Unit(code, quantity, Fraction(str(factor)), Fraction(str(offset)))
        for quantity, rows in _table("units.toml").items()
        if isinstance(rows, dict)
        for code, (factor, offset) in rows.items()
    }


@lru_cache(maxsize=1)
def measures() -> Mapping[str, Measure]:
    """Return how each observed property is told, by its name."""
    return {
        name: Measure(name, row.get("type"), row.get("uom"), row.get("substance"))
        for name, row in _table("measurements.toml")["property"].items()
    }


def measure(name: str) -> Measure:
    """Return how a property is told; raises `InvalidInput`."""
    found = measures().get(name)
    if found is None:
        message = f"{name[:60]!r} has no measurement type in EPCIS"
        raise InvalidInput(message, "property")
    return found


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("traceability.epcis").joinpath(name).read_text("utf-8"))


def in_base(value: float | Fraction, uom: str) -> tuple[str, Fraction]:
    """Return (quantity, value in its base unit); an unknown unit is a quantity of its own."""
    number = Fraction(str(value))
    unit = units().get(uom)
    if unit is None:
        return uom, number
    return unit.quantity, number * unit.factor + unit.offset


def as_float(value: Fraction) -> float:
    """Return the nearest double; beyond all doubles, the largest one."""
    return float(min(max(value, -_LARGEST), _LARGEST))


_LARGEST = Fraction(sys.float_info.max)
