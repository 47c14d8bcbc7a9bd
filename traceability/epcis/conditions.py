"""Conditions of a query: each says of one event whether it holds.

They look at :class:`Facts`, where every value has one spelling; a store may narrow the
events first, by what it has indexed, and these decide.
"""

import operator as op
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from traceability.epcis.facts import CLASS_FIELDS, EPC_FIELDS, Facts, plain_word
from traceability.epcis.measures import in_base
from traceability.epcis.values import instant

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": op.eq, "GT": op.gt, "GE": op.ge, "LT": op.lt, "LE": op.le
}  # fmt: skip

MATCHED: Mapping[str, tuple[str, ...]] = {
    "epc": ("epcList", "childEPCs"),
    "parentID": ("parentID",),
    "inputEPC": ("inputEPCList",),
    "outputEPC": ("outputEPCList",),
    "anyEPC": EPC_FIELDS,
    "epcClass": ("quantityList", "childQuantityList"),
    "inputEPCClass": ("inputQuantityList",),
    "outputEPCClass": ("outputQuantityList",),
    "anyEPCClass": CLASS_FIELDS,
}
"""``MATCH_`` parameter → the fields that it looks into."""

PARTIES = ("bizTransaction", "source", "destination")


class Condition(Protocol):
    """One condition."""

    def holds(self, facts: Facts) -> bool:
        """Whether it holds of an event."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """type, action, bizStep, disposition, eventID or transformationID is one of ``values``."""

    field: str
    values: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether the field is there and is one of them."""
        if self.field in ("bizStep", "disposition"):
            return facts.word(self.field) in self.values
        if self.field == "type":
            return facts.kind in self.values
        value, ids = facts.text(self.field), ("eventID", "transformationID")
        if value is not None and self.field in ids:
            value = facts.id_of(value)
        return value in self.values


@dataclass(frozen=True, slots=True)
class Lasting:
    """A disposition is set or unset for good."""

    field: str
    values: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether one of them is."""
        return not self.values.isdisjoint(facts.lasting(self.field))


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was; ``below`` takes what lies within the place as well.

    Within a GLN lie its extensions (AI 254); other hierarchies would need master data.
    """

    field: str
    values: frozenset[str]
    below: bool = False

    def holds(self, facts: Facts) -> bool:
        """Whether it was there."""
        found = facts.place(self.field)
        if found is None:
            return False
        return found in self.values or (self.below and found.partition("/254/")[0] in self.values)


@dataclass(frozen=True, slots=True)
class Time:
    """eventTime or recordTime is at or after (GE), or before (LT), a moment."""

    field: str
    operator: str
    moment: datetime

    def holds(self, facts: Facts) -> bool:
        """Whether it is."""
        found = instant(facts.text(self.field) or "")
        return found is not None and COMPARE[self.operator](found, self.moment)


@dataclass(frozen=True, slots=True)
class Match:
    """An EPC or EPC class is one of ``wholes``, or is an instance of one of ``stems``."""

    of: str
    wholes: frozenset[str]
    stems: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether one of the fields names one of them."""
        for field in MATCHED[self.of]:
            named = facts.classes(field) if field in CLASS_FIELDS else facts.epcs(field)
            for each in named:
                if each in self.wholes or any(each.startswith(stem) for stem in self.stems):
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity compares with a number, whatever unit it was told in.

    ``uom`` is the number's unit; None compares numbers as they are.
    """

    operator: str
    number: float
    uom: str | None = None

    def holds(self, facts: Facts) -> bool:
        """Whether one does."""
        return any(
            compares(self.operator, each, told, self.number, self.uom)
            for each, told in facts.quantities()
        )


def compares(
    operator: str, value: float, told: str | None, number: float, uom: str | None
) -> bool:  # fmt: skip
    """Whether ``value`` in the unit ``told`` compares with ``number`` in ``uom``."""
    if uom is None:
        return COMPARE[operator](value, number)
    if told is None:
        return False
    quantity, found = in_base(value, told)
    wanted_quantity, wanted = in_base(number, uom)
    return quantity == wanted_quantity and COMPARE[operator](found, wanted)


@dataclass(frozen=True, slots=True)
class Party:
    """A business transaction, source or destination of a type is one of ``values``."""

    field: str
    type: str
    values: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether one is."""
        return any(t == self.type and i in self.values for t, i in facts.parties(self.field))


@dataclass(frozen=True, slots=True)
class Declared:
    """The event declares an error; not ``wanted`` asks nothing, as the standard says."""

    wanted: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it does."""
        return not self.wanted or facts.declaration() is not None


@dataclass(frozen=True, slots=True)
class DeclaredReason:
    """The error declared has one of these reasons."""

    values: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether it has."""
        reason = (facts.declaration() or {}).get("reason")
        return reason is not None and plain_word(reason, "error_reason", facts.known) in self.values


@dataclass(frozen=True, slots=True)
class CorrectedBy:
    """The error declared is put right by one of these events."""

    values: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether it is."""
        told = (facts.declaration() or {}).get("correctiveEventIDs", ())
        return not self.values.isdisjoint(facts.id_of(each) for each in told)


@dataclass(frozen=True, slots=True)
class DeclaredAt:
    """The error was declared at or after, or before, a moment."""

    operator: str
    moment: datetime

    def holds(self, facts: Facts) -> bool:
        """Whether it was."""
        found = instant((facts.declaration() or {}).get("declarationTime", ""))
        return found is not None and COMPARE[self.operator](found, self.moment)
