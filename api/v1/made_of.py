"""What the passport of a lot made of several harvests says, for programs that open no ZIP file."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import Given
from api.v1.lineage_shapes import PortionAnswer
from api.v1.lots import GtinPath, LotPath
from domain.errors import NotFound
from domain.gs1 import Gtin, LotNumber
from domain.lineage import StepKind
from domain.lot import LotState
from domain.window import local_day, print_instant
from traceability.composition.claims import LoggedStep
from traceability.composition.summary import Harvested, harvested, made_of
from traceability.dossier import require_lot
from traceability.lineage.graph import key_of
from traceability.lineage.weights import kilograms
from traceability.standing import standings

router = APIRouter(tags=["lots"])


class HarvestAnswer(BaseModel):
    """A harvested lot in another: ``kilograms`` of the ``weighed`` went in, as if evenly mixed.

    ``share`` is that of all that went in; ``filled`` of ``expected`` readings due were there, by
    its passport, whose SHA-256 is ``envelope`` and whose place in the log is ``logged``. ``state``
    is what holds of it today.
    """

    gtin: str
    number: str
    plot: str
    place: str
    started: date
    harvested: date
    weighed: float
    kilograms: float
    share: float
    filled: int
    expected: int
    issued: str
    envelope: str
    logged: int
    state: LotState

    @classmethod
    def of(cls, one: Harvested, state: LotState) -> "HarvestAnswer":
        """Return the answer for a harvested lot."""
        part = one.part
        return cls(
            gtin=part.lot[0],
            number=part.lot[1],
            plot=one.plot.name,
            place=one.plot.gln,
            started=one.started,
            harvested=part.harvested,
            weighed=kilograms(part.weighed),
            kilograms=kilograms(part.grams),
            share=part.share,
            filled=one.filled,
            expected=one.expected,
            issued=part.issued,
            envelope=part.envelope,
            logged=part.number,
            state=state,
        )


class LoggedStepAnswer(BaseModel):
    """A step between: what it took and made, its event's hash id, and its place in the log."""

    id: str
    kind: StepKind
    at: str
    inputs: list[PortionAnswer]
    outputs: list[PortionAnswer]
    event: str
    logged: int

    @classmethod
    def of(cls, one: LoggedStep) -> "LoggedStepAnswer":
        """Return the answer for a step."""
        return cls(
            id=one.step.id,
            kind=one.step.kind,
            at=print_instant(one.step.at_ms),
            inputs=[PortionAnswer.of(portion) for portion in one.step.inputs],
            outputs=[PortionAnswer.of(portion) for portion in one.step.outputs],
            event=one.event,
            logged=one.number,
        )


class MadeOfAnswer(BaseModel):
    """The harvests that a lot was made of, by day, and the steps between, in the log's order."""

    gtin: str
    number: str
    kilograms: float
    made_of: list[HarvestAnswer]
    steps: list[LoggedStepAnswer]


@router.get("/lots/{gtin}/{lot}/made-of", operation_id="get_made_of")
def get_made_of(given: Given, gtin: GtinPath, lot: LotPath) -> MadeOfAnswer:
    """Return what a lot's newest passport says that it was made of, to anyone.

    404 when it has none, or one of a single season: that is the passport itself.
    """
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        passport = transaction.lots.passport(found.gtin, found.number)
        said = None if passport is None else made_of(passport)
        if said is None:
            message = f"lot {found.number} has no passport that names several harvests"
            raise NotFound(message)
        rows = harvested(transaction, said.parts)
        plot = transaction.places.plot(found.plot)
        today = local_day(given.clock(), transaction.places.zone_of(plot, found.harvested))
        states = standings(transaction, [one.lot for one in rows], today)
    return MadeOfAnswer(
        gtin=found.gtin,
        number=found.number,
        kilograms=kilograms(said.grams),
        made_of=[HarvestAnswer.of(one, states[key_of(one.lot)]) for one in rows],
        steps=[LoggedStepAnswer.of(one) for one in said.steps],
    )
