"""The page of a lot's lineage: one step back, one step on, and all of it, drawn and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from api import i18n
from api.deps import Given, Visitor, own_lot
from api.i18n import language_of
from api.office.tree import Row, Words, picture
from api.pages import render, text
from api.wording import N_
from domain.gs1 import Gtin, LotNumber
from domain.lineage import Portion, Step, StepKind
from domain.lot import LotState
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.lineage.graph import key_of
from traceability.lineage.reading import Node, Seen, seen

router = APIRouter(include_in_schema=False)

_KINDS = {
    StepKind.SPLIT: N_("Split"),
    StepKind.MERGE: N_("Merged"),
    StepKind.TRANSFORM: N_("Processed"),
    StepKind.SHIP: N_("Shipped"),
    StepKind.RECEIVE: N_("Arrived"),
    StepKind.DESTROY: N_("Destroyed"),
    StepKind.PACK: N_("Packed"),
    StepKind.UNPACK: N_("Unpacked"),
}
_PROCESSES = {"packing": N_("Packing"), "latex-to-dry": N_("Latex to dry rubber")}
_STATES = {
    LotState.VALID: "",
    LotState.EXPIRED: N_("Expired"),
    LotState.DOUBTED: N_("Under review"),
    LotState.RECALLED: N_("Recalled"),
}


@dataclass(frozen=True, slots=True)
class LotLine:
    """A lot in words."""

    number: str
    path: str
    product: str
    kilograms: str
    left: str
    state: str
    here: bool


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in words; ``near`` is ``back`` or ``forward`` for those one away."""

    kind: str
    detail: str
    at: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    near: str


@router.get("/qt/lo/{gtin}/{lot}")
def lineage_page(request: Request, given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """Where a lot came from and where it went; for the office, and for whose product it is."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        own_lot(transaction, visitor, found)
        told = seen(transaction, found, given.clock())
        zone = transaction.places.zone_of(transaction.places.plot(found.plot), found.harvested)
        says = _Says(request, language_of(request), zone)
        steps = [says.step(transaction, told, step) for step in told.steps]
    lots = [says.lot(told, node) for node in told.nodes]
    context = {
        "lot": found,
        "product": lots[[node.lot for node in told.nodes].index(found)].product,
        "lots": lots,
        "steps": steps,
        "back": [step for step in steps if step.near == "back"],
        "forward": [step for step in steps if step.near == "forward"],
        "picture": picture(told, says.words(told, steps)),
        "whole": told.whole,
    }
    return render(request, "lineage.html", context)


@dataclass(frozen=True, slots=True)
class _Says:
    """Nouns into the reader's words."""

    request: Request
    language: str
    zone: ZoneInfo

    def lot(self, told: Seen, node: Node) -> LotLine:
        """Return a lot in words."""
        product = node.product
        return LotLine(
            node.lot.number,
            f"/qt/lo/{node.lot.gtin}/{quote(node.lot.number, safe='')}",
            product.name_vi if self.language == "vi" else product.name_en,
            i18n.amount(node.lot.kilograms, self.language),
            i18n.amount(node.left, self.language),
            node.state.value,
            node.lot == told.lot,
        )

    def step(self, transaction: Transaction, told: Seen, step: Step) -> StepLine:
        """Return a step in words."""
        near = "back" if step in told.back else "forward" if step in told.forward else ""
        return StepLine(
            text(self.request, _KINDS[step.kind]),
            self._detail(transaction, step),
            i18n.moment(step.at_ms, self.zone, self.language),
            tuple(self._portions(step.inputs)),
            tuple(self._portions(step.outputs)),
            near,
        )

    def words(self, told: Seen, steps: list[StepLine]) -> Words:
        """Return what the picture's rows say."""
        lots = {key_of(node.lot): self._row(told, node) for node in told.nodes}
        rows = {
            str(step.id): Row(f"{line.kind} {line.detail}".strip(), self._weights(line, step))
            for step, line in zip(told.steps, steps, strict=True)
        }
        title = text(self.request, N_("Lineage of the lot; the same stands in words below"))
        return Words(title, lots, rows)

    def _row(self, told: Seen, node: Node) -> Row:
        line = self.lot(told, node)
        state = _STATES.get(node.state, "")
        left = text(self.request, N_("%(left)s kg left")) % {"left": line.left}
        body = f"{line.product} · {line.kilograms} kg · {left}"
        beside = text(self.request, state) if state else ""
        return Row(line.number, body, beside, node.state.value, line.here)

    def _weights(self, line: StepLine, step: Step) -> str:
        whole = i18n.amount(sum(one.kilograms for one in step.inputs), self.language)
        if not step.outputs:
            return f"{whole} kg · {line.at}"
        made = i18n.amount(sum(one.kilograms for one in step.outputs), self.language)
        return f"{whole} → {made} kg · {line.at}"

    def _portions(self, portions: tuple[Portion, ...]) -> Iterator[tuple[str, str]]:
        for one in portions:
            kilograms = f"{i18n.amount(one.kilograms, self.language)} kg"
            if one.dry_rubber is not None:
                share = i18n.number(100 * one.dry_rubber, 1, language=self.language)
                kilograms += ", " + text(self.request, N_("%s %% dry rubber")) % share
            yield one.number, kilograms

    def _detail(self, transaction: Transaction, step: Step) -> str:
        if step.process is not None:
            known = _PROCESSES.get(step.process)
            return f"({text(self.request, known) if known else step.process})"
        units = ", ".join(step.ssccs)
        if step.kind is not StepKind.SHIP:
            return units
        # A digest says nothing to people: where the name was erased, nobody is named.
        name = transaction.lineage.party_name(step.id)
        gln = step.party if step.party and step.party.isdigit() and len(step.party) == 13 else None
        return " ".join(part for part in (units, f"→ {name or gln}" if name or gln else "") if part)
