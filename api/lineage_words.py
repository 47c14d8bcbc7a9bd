"""Lots and the steps between them in a reader's words, wherever a page tells of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request

from api import i18n
from api.i18n import language_of
from api.pages import text
from api.wording import N_
from domain.lineage import Portion, Step, StepKind
from store.records import Transaction
from traceability.lineage.reading import Node, Seen

KINDS = {
    StepKind.SPLIT: N_("Split"),
    StepKind.MERGE: N_("Merged"),
    StepKind.TRANSFORM: N_("Processed"),
    StepKind.SHIP: N_("Shipped"),
    StepKind.RECEIVE: N_("Arrived"),
    StepKind.DESTROY: N_("Destroyed"),
    StepKind.PACK: N_("Packed"),
    StepKind.UNPACK: N_("Unpacked"),
}
PROCESSES = {"packing": N_("Packing"), "latex-to-dry": N_("Latex to dry rubber")}


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
class Part:
    """Some of a lot in a step, and where that lot's page is."""

    number: str
    kilograms: str
    path: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in words; ``near`` is ``back`` or ``forward`` for those one away."""

    kind: str
    detail: str
    at: str
    inputs: tuple[Part, ...]
    outputs: tuple[Part, ...]
    near: str


@dataclass(frozen=True, slots=True)
class Says:
    """Nouns into the reader's words; ``pages`` is the folder that lots' pages are in."""

    request: Request
    zone: ZoneInfo
    pages: str

    @property
    def language(self) -> str:
        """The reader's language."""
        return language_of(self.request)

    def lot(self, told: Seen, node: Node) -> LotLine:
        """Return a lot in words."""
        product = node.product
        return LotLine(
            node.lot.number,
            self._page(node.lot.gtin, node.lot.number),
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
            text(self.request, KINDS[step.kind]),
            self._detail(transaction, step),
            self.moment(step.at_ms),
            tuple(self._portions(step.inputs)),
            tuple(self._portions(step.outputs)),
            near,
        )

    def moment(self, instant_ms: int) -> str:
        """Return a moment in words."""
        return i18n.moment(instant_ms, self.zone, self.language)

    def _page(self, gtin: str, number: str) -> str:
        return f"{self.pages}/{gtin}/{quote(number, safe='')}"

    def _portions(self, portions: tuple[Portion, ...]) -> Iterator[Part]:
        for one in portions:
            kilograms = f"{i18n.amount(one.kilograms, self.language)} kg"
            if one.dry_rubber is not None:
                share = i18n.number(100 * one.dry_rubber, 1, language=self.language)
                kilograms += ", " + text(self.request, N_("%s %% dry rubber")) % share
            yield Part(one.number, kilograms, self._page(one.gtin, one.number))

    def _detail(self, transaction: Transaction, step: Step) -> str:
        if step.process is not None:
            known = PROCESSES.get(step.process)
            return f"({text(self.request, known) if known else step.process})"
        units = ", ".join(step.ssccs)
        if step.kind is not StepKind.SHIP:
            return units
        # A digest says nothing to people: where the name was erased, nobody is named.
        name = transaction.lineage.party_name(step.id)
        gln = step.party if step.party and step.party.isdigit() and len(step.party) == 13 else None
        taker = f"→ {name or gln or text(self.request, N_('Name erased'))}"
        return f"{units} {taker}".strip()
