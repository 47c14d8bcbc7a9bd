"""A logistic unit as whoever reads its label is told it: which lots are in it, what holds of them.

The unit bears the worst that holds of a lot in it: a pallet with one recalled lot is no pallet
to sell from. It is asked for whenever it is read, never copied to the unit.
"""

import enum
from dataclasses import dataclass

from domain.gs1 import Sscc
from domain.lineage import Bag, Step
from domain.lot import Lot, LotState, Product
from domain.window import local_day
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.lineage.graph import key_of
from traceability.lineage.packing import inside, require_unit
from traceability.lineage.weights import kilograms
from traceability.standing import standings

_WORST = (LotState.RECALLED, LotState.DOUBTED, LotState.EXPIRED, LotState.VALID)


class Whereabouts(enum.StrEnum):
    """How far a unit has come; exactly one holds."""

    HERE = "here"
    UNDER_WAY = "under-way"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Content:
    """Some of a lot in a unit, in kilograms, and what holds of the lot today."""

    lot: Lot
    product: Product
    kilograms: float
    state: LotState


@dataclass(frozen=True, slots=True)
class SeenUnit:
    """A unit as it stands; ``state`` is the worst of its contents, None when nothing is in it."""

    sscc: Sscc
    contents: tuple[Content, ...]
    bags: tuple[Bag, ...]
    steps: tuple[Step, ...]
    whereabouts: Whereabouts
    state: LotState | None


def seen_unit(transaction: Transaction, sscc: Sscc, now_ms: int) -> SeenUnit:
    """Return a unit as it stands; raises `NotFound` when nothing was ever put into it."""
    steps = require_unit(transaction, sscc)
    unit = inside(steps)
    lots = [require_lot(transaction, *key) for key in unit.grams]
    contents = tuple(_contents(transaction, lots, list(unit.grams.values()), now_ms))
    states = {one.state for one in contents}
    way = Whereabouts.HERE if unit.shipped is None else Whereabouts.UNDER_WAY
    return SeenUnit(
        sscc, contents, unit.bags, tuple(steps),
        way if unit.arrived is None else Whereabouts.ARRIVED,
        next((state for state in _WORST if state in states), None),
    )  # fmt: skip


def _contents(
    transaction: Transaction, lots: list[Lot], grams: list[int], now_ms: int
) -> list[Content]:
    if not lots:
        return []
    plot = transaction.places.plot(lots[0].plot)
    today = local_day(now_ms, transaction.places.zone_of(plot, lots[0].harvested))
    states = standings(transaction, lots, today)
    return [
        Content(lot, transaction.lots.product(lot.gtin), kilograms(some), states[key_of(lot)])
        for lot, some in zip(lots, grams, strict=True)
    ]
