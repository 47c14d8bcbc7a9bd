"""Who held a plot when: dated, since a lot is judged by the holder of its day of harvest."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.deps import Caller, Given, require_office
from api.v1.schemas import Day
from domain.errors import Clash, InvalidInput
from domain.ids import PlotId, ProducerId
from domain.plot import Holding
from domain.text import plain
from store.records import Transaction

router = APIRouter(tags=["office"])
MAX_SOURCE = 200


class NewHolding(BaseModel):
    """A holder from a day (in) to a day (out); ``source`` is the paper that says so."""

    producer: str
    valid_from: Day
    valid_to: Day | None = None
    source: Annotated[str, Field(max_length=MAX_SOURCE)]


class HoldingAnswer(BaseModel):
    """A holder as kept."""

    producer: str
    valid_from: date
    valid_to: date | None
    source: str

    @classmethod
    def of(cls, one: Holding) -> "HoldingAnswer":
        """Return the answer for a holding."""
        return cls(producer=one.producer, valid_from=one.valid_from, valid_to=one.valid_to,
                   source=one.source)  # fmt: skip


@router.get("/plots/{plot}/holdings", operation_id="list_holdings")
def list_holdings(given: Given, caller: Caller, plot: str) -> list[HoldingAnswer]:
    """Return the dated holders of a plot, oldest first; none where the register alone counts."""
    require_office(caller)
    with given.records.reading() as transaction:
        found = transaction.places.plot(PlotId.parse(plot))
        return [HoldingAnswer.of(one) for one in transaction.places.holdings(found.id)]


@router.post("/plots/{plot}/holdings", status_code=201, operation_id="add_holding")
def post_holding(
    given: Given, caller: Caller, plot: str, body: NewHolding, response: Response
) -> HoldingAnswer:
    """Write down who holds a plot from a day on; the same again changes nothing.

    From the first one on, days that none covers have no holder: write down earlier ones too.
    Of several that cover a day, the one that began last holds.
    """
    require_office(caller)
    source = plain(body.source, "source", MAX_SOURCE)
    if not source:
        message = "the paper that says who holds the plot is needed"
        raise InvalidInput(message, "source")
    if body.valid_to is not None and body.valid_to <= body.valid_from:
        message = "the day on which it ends is after the one on which it begins"
        raise InvalidInput(message, "valid_to")
    with given.records.transaction() as transaction:
        found = transaction.places.plot(PlotId.parse(plot))
        holder = transaction.places.producer(ProducerId.parse(body.producer))
        holding = Holding(found.id, holder.id, body.valid_from, body.valid_to, source)
        if not _add(transaction, holding):
            response.status_code = 200
    return HoldingAnswer.of(holding)


def _add(transaction: Transaction, holding: Holding) -> bool:
    known = transaction.places.holdings(holding.plot)
    if holding in known:
        return False
    if any(one.valid_from == holding.valid_from for one in known):
        message = f"another holder of {holding.plot} begins on {holding.valid_from}"
        raise Clash(message)
    transaction.places.add_holding(holding)
    return True
