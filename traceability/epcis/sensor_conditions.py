"""Conditions on what sensors reported, and on fields that users added.

Figures compare whatever unit they were told in: 26 °C lies above 200 K. An attribute
counts wherever it stands, in the metadata or in the report (TCR-53, steps 26 and 28).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from traceability.epcis.conditions import COMPARE, compares
from traceability.epcis.facts import Facts
from traceability.epcis.measures import units
from traceability.epcis.values import as_text, instant, print_number


@dataclass(frozen=True, slots=True)
class HasSensors:
    """The event carries what sensors reported."""

    wanted: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it does."""
        return not self.wanted or bool(facts.reports)


@dataclass(frozen=True, slots=True)
class Sensed:
    """An attribute of a sensor report, or of the metadata that holds for it."""

    attribute: str
    values: frozenset[Any]

    def holds(self, facts: Facts) -> bool:
        """Whether it is one of them."""
        return any(
            type(each) is type(wanted) and each == wanted
            for each in facts.sensed(self.attribute)
            for wanted in self.values
        )


@dataclass(frozen=True, slots=True)
class SensedTime:
    """A time of a sensor report compares with a moment."""

    attribute: str
    operator: str
    moment: datetime

    def holds(self, facts: Facts) -> bool:
        """Whether one does."""
        times = (instant(str(each)) for each in facts.sensed(self.attribute))
        return any(t is not None and COMPARE[self.operator](t, self.moment) for t in times)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a sensor report compares with a number, whatever unit it was told in.

    ``uom`` is the number's unit; None compares numbers as they are.
    """

    attribute: str
    operator: str
    number: float
    uom: str | None

    def holds(self, facts: Facts) -> bool:
        """Whether one does."""
        return any(self._holds(each) for each in facts.reports if self.attribute in each)

    def _holds(self, report: Mapping[str, Any]) -> bool:
        value, told = report[self.attribute], report.get("uom")
        if self.attribute == "sDev" and self.uom is not None and told is not None:
            return self._spread(value, told)
        return compares(self.operator, value, told, self.number, self.uom)

    def _spread(self, value: float, told: str) -> bool:
        """Compare standard deviations: a difference has no zero point to move."""
        one, other = units().get(told), units().get(self.uom or "")
        if one is None or other is None or one.quantity != other.quantity:
            return told == self.uom and COMPARE[self.operator](value, self.number)
        wanted = Fraction(str(self.number)) * other.factor
        return COMPARE[self.operator](Fraction(str(value)) * one.factor, wanted)


@dataclass(frozen=True, slots=True)
class HasField:
    """A user's own field is there."""

    level: str
    name: str
    deep: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it is."""
        return any(True for _ in _named(facts, self.level, self.name, deep=self.deep))


@dataclass(frozen=True, slots=True)
class FieldIs:
    """A user's own field is one of ``values``; numbers are compared as numbers."""

    level: str
    name: str
    values: frozenset[str]
    deep: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it is."""
        wanted = {print_number(each) for each in self.values}
        return any(
            print_number(as_text(each)) in wanted
            for each in _named(facts, self.level, self.name, deep=self.deep)
        )


@dataclass(frozen=True, slots=True)
class FieldBeyond:
    """A user's own field compares with a number or a moment."""

    level: str
    name: str
    operator: str
    wanted: float | datetime
    deep: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it does; what is no number, or no time, compares with none."""
        for each in _named(facts, self.level, self.name, deep=self.deep):
            found = _as(type(self.wanted), as_text(each))
            if found is not None and COMPARE[self.operator](found, self.wanted):
                return True
        return False


def _as(kind: type, text: str) -> float | datetime | None:
    if kind is datetime:
        return instant(text)
    try:
        return float(text)
    except ValueError:
        return None


def _named(facts: Facts, level: str, name: str, *, deep: bool) -> list[Any]:
    found = facts.inner(level) if deep else facts.added(level)
    return [value for key, value in found if name in (key, key.replace("#", "", 1))]
