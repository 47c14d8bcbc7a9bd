"""A lot's lineage as people and programs are told it: each lot with what is left and what holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.lineage import Step
from domain.lot import Lot, LotState, Product
from domain.window import local_day
from store.records import Transaction
from traceability.lineage.graph import graph, key_of
from traceability.lineage.packing import packed
from traceability.lineage.weights import kilograms, left
from traceability.standing import standings

MOST_TOLD = 200
"""Lots told at once: more fit on no page, and each is judged by all that stand behind it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A lot, the kilograms it has left, and what holds of it today.

    ``packed`` are those of what is left that are in logistic units.
    """

    lot: Lot
    product: Product
    left: float
    packed: float
    state: LotState


@dataclass(frozen=True, slots=True)
class Seen:
    """A lot's lineage both ways; not ``whole`` when lots farthest away were left out."""

    lot: Lot
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    whole: bool

    @property
    def back(self) -> tuple[Step, ...]:
        """The step that made the lot, if one did."""
        key = key_of(self.lot)
        return tuple(s for s in self.steps if key in {one.lot for one in s.outputs})

    @property
    def forward(self) -> tuple[Step, ...]:
        """The steps that took from the lot."""
        key = key_of(self.lot)
        return tuple(s for s in self.steps if key in {one.lot for one in s.inputs})


def seen(transaction: Transaction, lot: Lot, now_ms: int) -> Seen:
    """Return the lineage of a lot as it stands."""
    whole = graph(transaction, lot)
    told = _nearest(whole.lots, whole.lots.index(lot))
    keys = {key_of(one) for one in told}
    steps = [
        step
        for step in whole.steps
        if {one.lot for one in step.outputs} & keys or {one.lot for one in step.inputs} & keys
    ]
    plot = transaction.places.plot(lot.plot)
    today = local_day(now_ms, transaction.places.zone_of(plot, lot.harvested))
    states = standings(transaction, told, today)
    nodes = tuple(_node(transaction, one, states[key_of(one)]) for one in told)
    return Seen(lot, nodes, tuple(steps), whole=len(told) == len(whole.lots))


def _node(transaction: Transaction, lot: Lot, state: LotState) -> Node:
    rest = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
    held = kilograms(packed(transaction, key_of(lot)))
    return Node(lot, transaction.lots.product(lot.gtin), kilograms(rest), held, state)


def _nearest(lots: Sequence[Lot], at: int) -> Sequence[Lot]:
    """Return at most `MOST_TOLD` lots around the one at a place, in order."""
    first = max(0, min(at - MOST_TOLD // 2, len(lots) - MOST_TOLD))
    return lots[first : first + MOST_TOLD]
