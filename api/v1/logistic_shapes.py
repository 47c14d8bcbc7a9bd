"""The shapes of logistic units under ``/v1/logistic-units``, and of packing into them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from api.v1.lineage_shapes import Key, NewInput, NewParty, NewStep, StepAnswer, Weight
from domain.gs1 import Gtin, SerialNumber, Sscc
from domain.ids import StepId
from domain.lineage import Bag, Portion, StepKind
from traceability.lineage.asked import MOST_BAGS, MOST_PORTIONS, Asked, Party
from traceability.lineage.logistic import Content, SeenUnit


class NewBag(BaseModel):
    """A unit of a lot, by the serial on its label."""

    gtin: str
    serial: str

    def bag(self) -> Bag:
        """Return it in our nouns; raises `InvalidInput`."""
        return Gtin.parse(self.gtin), SerialNumber.parse(self.serial)


Bags = Annotated[list[NewBag], Field(max_length=MOST_BAGS, default_factory=list)]
Ssccs = Annotated[list[str], Field(max_length=MOST_PORTIONS, default_factory=list)]
Inputs = Annotated[list[NewInput], Field(max_length=MOST_PORTIONS, default_factory=list)]


class NewPacking(NewStep):
    """Some of a lot, and perhaps of others, goes into a logistic unit.

    ``sscc`` is the unit's number; without it one is minted. ``serials`` are those of the units
    packed that have labels of their own; what they hold is part of the weights.
    """

    kilograms: Weight
    others: Inputs
    sscc: str | None = None
    serials: Bags

    def asked(self, lot: Key, prefix: str) -> Asked:
        """Return the step; raises `InvalidInput`."""
        inputs = [Portion(*lot, self.kilograms), *(other.portion() for other in self.others)]
        step = self._asked(StepKind.PACK, inputs)
        ssccs = () if self.sscc is None else (Sscc.parse(self.sscc),)
        bags = tuple(one.bag() for one in self.serials)
        return Asked(step.id, step.kind, step.inputs, place=step.place, ssccs=ssccs, bags=bags,
                     prefix=prefix)  # fmt: skip


class NewUnpacking(NewStep):
    """Something comes out of a logistic unit: what is named, or all that is in it."""

    parts: Inputs
    serials: Bags

    def asked(self, sscc: Sscc) -> Asked:
        """Return the step; raises `InvalidInput`."""
        step = self._asked(StepKind.UNPACK, [one.portion() for one in self.parts])
        bags = tuple(one.bag() for one in self.serials)
        return Asked(step.id, step.kind, step.inputs, place=step.place, ssccs=(sscc,), bags=bags)


class NewUnitShipment(NewStep):
    """A logistic unit, and perhaps ``others``, leave for somebody else with all that is in them."""

    to: NewParty
    others: Ssccs

    def asked(self, sscc: Sscc) -> Asked:
        """Return the step; raises `InvalidInput`."""
        step = self._asked(StepKind.SHIP, ())
        ssccs = (sscc, *map(Sscc.parse, self.others))
        party: Party = self.to.party()
        return Asked(step.id, step.kind, (), place=step.place, party=party, ssccs=ssccs)


class NewUnitReceipt(NewStep):
    """A logistic unit, and perhaps ``others``, arrive as they were shipped."""

    shipment: str
    others: Ssccs

    def asked(self, sscc: Sscc) -> Asked:
        """Return the step; raises `InvalidInput`."""
        step = self._asked(StepKind.RECEIVE, ())
        ssccs = (sscc, *map(Sscc.parse, self.others))
        return Asked(step.id, step.kind, (), place=step.place, about=StepId.parse(self.shipment),
                     ssccs=ssccs)  # fmt: skip


class ContentAnswer(BaseModel):
    """Some of a lot in a unit, and what holds of the lot today."""

    gtin: str
    number: str
    product_vi: str
    product_en: str
    kilograms: float
    state: str
    harvested: date
    expires: date

    @classmethod
    def of(cls, one: Content) -> "ContentAnswer":
        """Return the answer for some of a lot."""
        return cls(
            gtin=one.lot.gtin,
            number=one.lot.number,
            product_vi=one.product.name_vi,
            product_en=one.product.name_en,
            kilograms=one.kilograms,
            state=one.state.value,
            harvested=one.lot.harvested,
            expires=one.lot.expires,
        )


class LogisticUnitAnswer(BaseModel):
    """A logistic unit as it stands; ``state`` is the worst that holds of a lot in it.

    ``whereabouts`` is ``here``, ``under-way`` or ``arrived``; ``serials`` is how many units in it
    have serials that were named.
    """

    sscc: str
    state: str | None
    whereabouts: str
    contents: list[ContentAnswer]
    serials: int
    steps: list[StepAnswer]

    @classmethod
    def of(cls, unit: SeenUnit) -> "LogisticUnitAnswer":
        """Return the answer for a unit."""
        return cls(
            sscc=unit.sscc,
            state=None if unit.state is None else unit.state.value,
            whereabouts=unit.whereabouts.value,
            contents=[ContentAnswer.of(one) for one in unit.contents],
            serials=len(unit.bags),
            steps=[StepAnswer.of(step) for step in unit.steps],
        )
