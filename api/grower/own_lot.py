"""What the page of one's own lot shows, and the forms of what may be done with it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from api.grower.step_forms import MOST_ROWS
from domain.gs1 import Gtin, LotNumber
from domain.lineage import Step, StepKind
from domain.lot import Lot, Product
from store.records import Transaction
from store.records.lineage import IN
from traceability.lineage.graph import key_of
from traceability.lineage.weights import grams, kilograms, left
from traceability.lineage.yields import Process, processes

_LOOKED_AT = 200
_TRIES = 9


@dataclass(frozen=True, slots=True)
class Other:
    """Another lot that something may be taken of, and the kilograms it has left."""

    lot: Lot
    product: Product
    left: float


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A shipment of which the lot's kilograms have not all arrived."""

    step: Step
    kilograms: float
    to: str


def left_of(transaction: Transaction, lot: Lot) -> float:
    """Return the kilograms of a lot that no step has taken."""
    return kilograms(left(lot.kilograms, transaction.lineage.taken(key_of(lot))))


def others(transaction: Transaction, lot: Lot, gtins: Sequence[Gtin]) -> list[Other]:
    """Return the newest other lots of some products that have anything left."""
    newest = (one for one in transaction.lots.of_products(gtins, _LOOKED_AT) if one != lot)
    weighed = ((one, left_of(transaction, one)) for one in newest)
    found = (Other(one, transaction.lots.product(one.gtin), rest) for one, rest in weighed if rest)
    return list(islice(found, MOST_ROWS))


def under_way(transaction: Transaction, lot: Lot) -> list[UnderWay]:
    """Return a lot's shipments that have not arrived in full, oldest first."""
    found = []
    for step in transaction.lineage.of([key_of(lot)], IN):
        if step.kind is not StepKind.SHIP:
            continue
        arrived = transaction.lineage.receipts(step.id)
        rest = _grams_of(lot, [step]) - _grams_of(lot, arrived)
        if rest > 0:
            party = step.party if step.party and len(step.party) == 13 else ""
            to = transaction.lineage.party_name(step.id) or party
            found.append(UnderWay(step, kilograms(rest), to))
    return found


def _grams_of(lot: Lot, steps: Sequence[Step]) -> int:
    mine = (one for step in steps for one in step.inputs if one.lot == key_of(lot))
    return sum(grams(one.kilograms) for one in mine)


def known_processes(crop: str, day: date) -> list[Process]:
    """Return the transformations known for a crop on a day, the newest row of each."""
    rows = {row.code: row for row in processes() if row.valid_from <= day}
    return [row for row in rows.values() if not row.crops or crop in row.crops]


def fresh_number(transaction: Transaction, gtin: Gtin, today: date) -> str:
    """Return a number for a lot to make; free, unless a day has hundreds of lots."""
    number = ""
    for _ in range(_TRIES):
        number = f"{today:%y%m%d}-{secrets.randbelow(900) + 100}"
        if transaction.lots.find(gtin, number) is None:
            break
    return number


def part_numbers(transaction: Transaction, lot: Lot, count: int) -> list[LotNumber]:
    """Return free numbers for the parts of a lot, after its own; none where that is too long."""
    found: list[LotNumber] = []
    for at in range(1, 1_000):
        number = LotNumber(f"{lot.number}-{at}")
        if len(number) > 20 or len(found) == count:
            break
        if transaction.lots.find(lot.gtin, number) is None:
            found.append(number)
    return found
