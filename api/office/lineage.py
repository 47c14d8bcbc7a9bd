"""The page of a lot's lineage: one step back, one step on, and all of it, drawn and in words."""

from fastapi import APIRouter, Request, Response

from api import i18n
from api.deps import Given, Visitor, own_lot
from api.lineage_words import Says, StepLine
from api.office.tree import Row, Words, picture
from api.pages import render, text
from api.wording import N_
from domain.gs1 import Gtin, LotNumber
from domain.lineage import Step
from domain.lot import LotState
from domain.window import local_day
from traceability.dossier import require_lot
from traceability.lineage.graph import key_of
from traceability.lineage.reading import Node, Seen, seen

router = APIRouter(include_in_schema=False)
_STATES = {
    LotState.VALID: "",
    LotState.EXPIRED: N_("Expired"),
    LotState.DOUBTED: N_("Under review"),
    LotState.RECALLED: N_("Recalled"),
}


@router.get("/qt/lo/{gtin}/{lot}")
def lineage_page(request: Request, given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """Where a lot came from and where it went; for the office, and for whose product it is."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        own_lot(transaction, visitor, found)
        told = seen(transaction, found, given.clock())
        zone = transaction.places.zone_of(transaction.places.plot(found.plot), found.harvested)
        says = Says(request, zone, "/qt/lo")
        steps = [says.step(transaction, told, step) for step in told.steps]
    lots = [says.lot(told, node) for node in told.nodes]
    context = {
        "lot": found,
        "product": lots[[node.lot for node in told.nodes].index(found)].product,
        "lots": lots,
        "steps": steps,
        "back": [step for step in steps if step.near == "back"],
        "forward": [step for step in steps if step.near == "forward"],
        "picture": picture(told, _words(says, told, steps)),
        "whole": told.whole,
    }
    return render(request, "lineage.html", context)


def _words(says: Says, told: Seen, steps: list[StepLine]) -> Words:
    """Return what the picture's rows say."""
    lots = {key_of(node.lot): _row(says, told, node) for node in told.nodes}
    rows = {
        str(step.id): Row(f"{line.kind} {line.detail}".strip(), _weights(says, step))
        for step, line in zip(told.steps, steps, strict=True)
    }
    title = text(says.request, N_("Lineage of the lot; the same stands in words below"))
    return Words(title, lots, rows)


def _row(says: Says, told: Seen, node: Node) -> Row:
    line = says.lot(told, node)
    state = _STATES.get(node.state, "")
    left = text(says.request, N_("%(left)s kg left")) % {"left": line.left}
    body = f"{line.product} · {line.kilograms} kg · {left}"
    beside = text(says.request, state) if state else ""
    return Row(line.number, body, beside, node.state.value, line.here)


def _weights(says: Says, step: Step) -> str:
    """Return weights and day; the moment, for which a phone has no room, stands in words below."""
    day = i18n.day(local_day(step.at_ms, says.zone), says.language)
    whole = i18n.amount(sum(one.kilograms for one in step.inputs), says.language)
    if not step.outputs:
        return f"{whole} kg · {day}"
    made = i18n.amount(sum(one.kilograms for one in step.outputs), says.language)
    return f"{whole} → {made} kg · {day}"
