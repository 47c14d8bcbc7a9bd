"""The shapes of steps between lots under ``/v1/lots``; weights are kilograms, to the gram."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from api.v1.schemas import Text
from domain.gs1 import Gln, Gtin, LotNumber
from domain.ids import StepId
from domain.lineage import Portion, Step, StepKind
from domain.window import print_instant
from traceability.lineage.asked import MOST_PORTIONS, Asked, Party
from traceability.lineage.reading import Node, Seen

Weight = Annotated[float, Field(strict=True)]
Share = Annotated[float, Field(strict=True)]
Key = tuple[Gtin, LotNumber]


class NewPart(BaseModel):
    """A lot to make, of the product that the step keeps to."""

    number: str
    kilograms: Weight


class NewInput(BaseModel):
    """Another lot to take of; ``dry_rubber`` is the share measured of its latex, 0 to 1."""

    gtin: str
    number: str
    kilograms: Weight
    dry_rubber: Share | None = None

    def portion(self) -> Portion:
        """Return it in our nouns; raises `InvalidInput`."""
        number = LotNumber.parse(self.number)
        return Portion(Gtin.parse(self.gtin), number, self.kilograms, self.dry_rubber)


class NewProduce(BaseModel):
    """A lot to make, of any product of the same crop."""

    gtin: str
    number: str
    kilograms: Weight


class NewStep(BaseModel):
    """What every step has. The client makes the id; the same post again changes nothing.

    ``place`` is the GLN of where it was done; without it, where the lot grew.
    """

    id: str
    place: str | None = None

    def _asked(
        self, kind: StepKind, inputs: Sequence[Portion], outputs: Sequence[Portion] = ()
    ) -> Asked:
        place = None if self.place is None else Gln.parse(self.place)
        return Asked(StepId.parse(self.id), kind, tuple(inputs), tuple(outputs), place)


class NewSplit(NewStep):
    """Some or all of a lot becomes several of the same product."""

    parts: Annotated[list[NewPart], Field(max_length=MOST_PORTIONS)]

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        parts = [Portion(lot[0], LotNumber.parse(p.number), p.kilograms) for p in self.parts]
        whole = round(sum(part.kilograms for part in parts), 3)
        return self._asked(StepKind.SPLIT, [Portion(*lot, whole)], parts)


class NewMerge(NewStep):
    """A lot and others of the same product become one, under a number of its own."""

    kilograms: Weight
    others: Annotated[list[NewInput], Field(max_length=MOST_PORTIONS)]
    into: str

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        inputs = [Portion(*lot, self.kilograms), *(other.portion() for other in self.others)]
        whole = round(sum(one.kilograms for one in inputs), 3)
        into = Portion(lot[0], LotNumber.parse(self.into), whole)
        return self._asked(StepKind.MERGE, inputs, [into])


class NewTransform(NewStep):
    """A lot, and perhaps others, become other products of their crop."""

    process: Text
    kilograms: Weight
    dry_rubber: Share | None = None
    others: Annotated[list[NewInput], Field(max_length=MOST_PORTIONS)] = []
    makes: Annotated[list[NewProduce], Field(max_length=MOST_PORTIONS)]

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        first = Portion(*lot, self.kilograms, self.dry_rubber)
        made = [
            Portion(Gtin.parse(one.gtin), LotNumber.parse(one.number), one.kilograms)
            for one in self.makes
        ]
        inputs = [first, *(other.portion() for other in self.others)]
        asked = self._asked(StepKind.TRANSFORM, inputs, made)
        return Asked(asked.id, asked.kind, asked.inputs, asked.outputs, asked.place,
                     process=self.process)  # fmt: skip


class NewParty(BaseModel):
    """Who takes a shipment: its GLN, or a name, which is told to nobody."""

    gln: str | None = None
    name: Text | None = None

    def party(self) -> Party:
        """Return it in our nouns; raises `InvalidInput`."""
        return Party(None if self.gln is None else Gln.parse(self.gln), self.name)


class NewShipment(NewStep):
    """Some of a lot leaves for somebody else."""

    kilograms: Weight
    to: NewParty

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        asked = self._asked(StepKind.SHIP, [Portion(*lot, self.kilograms)])
        return Asked(asked.id, asked.kind, asked.inputs, place=asked.place, party=self.to.party())


class NewReceipt(NewStep):
    """What arrived of a shipment; ``place`` says where, and is needed."""

    kilograms: Weight
    shipment: str

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        asked = self._asked(StepKind.RECEIVE, [Portion(*lot, self.kilograms)])
        return Asked(asked.id, asked.kind, asked.inputs, place=asked.place,
                     about=StepId.parse(self.shipment))  # fmt: skip


class NewDestruction(NewStep):
    """Some of a lot is destroyed."""

    kilograms: Weight

    def asked(self, lot: Key) -> Asked:
        """Return the step; raises `InvalidInput`."""
        return self._asked(StepKind.DESTROY, [Portion(*lot, self.kilograms)])


class PortionAnswer(BaseModel):
    """Some of a lot in a step."""

    gtin: str
    number: str
    kilograms: float
    dry_rubber: float | None

    @classmethod
    def of(cls, one: Portion) -> "PortionAnswer":
        """Return the answer for a portion."""
        return cls(gtin=one.gtin, number=one.number, kilograms=one.kilograms,
                   dry_rubber=one.dry_rubber)  # fmt: skip


class StepAnswer(BaseModel):
    """A step as kept; ``party`` is a GLN, or the salted SHA-256 of a name.

    ``ssccs`` are the logistic units of the step, ``serials`` how many units of lots it named by
    the serials on their labels. Which ones is not told here, where anyone reads.
    """

    id: str
    kind: StepKind
    at: str
    place: str
    inputs: list[PortionAnswer]
    outputs: list[PortionAnswer]
    party: str | None
    process: str | None
    about: str | None
    ssccs: list[str]
    serials: int

    @classmethod
    def of(cls, step: Step) -> "StepAnswer":
        """Return the answer for a step."""
        return cls(
            id=step.id,
            kind=step.kind,
            at=print_instant(step.at_ms),
            place=step.place,
            inputs=[PortionAnswer.of(one) for one in step.inputs],
            outputs=[PortionAnswer.of(one) for one in step.outputs],
            party=step.party,
            process=step.process,
            about=step.about,
            ssccs=list(step.ssccs),
            serials=len(step.bags),
        )


class NodeAnswer(BaseModel):
    """A lot in the lineage of another; ``left`` is what no step has taken yet.

    ``packed`` are those of it that are in logistic units, and are unpacked first or shipped so.
    """

    gtin: str
    number: str
    product_vi: str
    product_en: str
    kilograms: float
    left: float
    packed: float
    state: str
    harvested: date
    expires: date
    made_by: str | None

    @classmethod
    def of(cls, node: Node) -> "NodeAnswer":
        """Return the answer for a lot."""
        return cls(
            gtin=node.lot.gtin,
            number=node.lot.number,
            product_vi=node.product.name_vi,
            product_en=node.product.name_en,
            kilograms=node.lot.kilograms,
            left=node.left,
            packed=node.packed,
            state=node.state.value,
            harvested=node.lot.harvested,
            expires=node.lot.expires,
            made_by=node.lot.made_by,
        )


class LineageAnswer(BaseModel):
    """The whole lineage of a lot, both ways: parents before children, steps by time.

    ``back`` and ``forward`` are the ids of the steps one away. ``whole`` is false when there
    are more lots than are told at once.
    """

    gtin: str
    number: str
    lots: list[NodeAnswer]
    steps: list[StepAnswer]
    back: list[str]
    forward: list[str]
    whole: bool

    @classmethod
    def of(cls, seen: Seen) -> "LineageAnswer":
        """Return the answer for a lineage."""
        return cls(
            gtin=seen.lot.gtin,
            number=seen.lot.number,
            lots=[NodeAnswer.of(node) for node in seen.nodes],
            steps=[StepAnswer.of(step) for step in seen.steps],
            back=[step.id for step in seen.back],
            forward=[step.id for step in seen.forward],
            whole=seen.whole,
        )
