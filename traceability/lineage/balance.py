"""The arithmetic of all lots made again from what is kept: for audits, not for rules.

The rules are kept when a step is taken (:mod:`.steps`); here nobody is asked who took it.
"""

from collections.abc import Iterator, Sequence

from domain.lineage import Portion, Step, StepKind
from domain.lot import Lot
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.graph import key_of
from traceability.lineage.weights import floor_grams, kilograms, left


def imbalances(transaction: Transaction) -> Iterator[str]:
    """Yield what weighs more than it can: a sentence for each lot or step."""
    lots = {key_of(lot): lot for lot in transaction.lots.lots()}
    for lot in lots.values():
        there = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
        if there < 0:
            over = f"{kilograms(-there):g} kg more left it than it had"
            yield f"lot {lot.number} ({lot.gtin}): {over}"
    steps = transaction.lineage.every()
    for step in steps:
        yield from _of_step(transaction, step, lots)
    made = {one.lot for step in steps for one in step.outputs}
    for key, lot in lots.items():
        if (lot.made_by is not None) != (key in made):
            yield f"lot {lot.number} ({lot.gtin}): how it came to be is not what its step says"


def _of_step(transaction: Transaction, step: Step, lots: dict[LotKey, Lot]) -> Iterator[str]:
    taken, made = _sum(step.inputs), _sum(step.outputs)
    if made > taken:
        yield f"step {step.id}: {kilograms(made - taken):g} kg came of nothing"
    elif made != taken and step.kind in (StepKind.SPLIT, StepKind.MERGE):
        yield f"step {step.id}: {kilograms(taken - made):g} kg were lost, and nothing says how"
    for one in step.outputs:
        lot = lots.get(one.lot)
        if lot is None or (lot.made_by, lot.kilograms) != (step.id, one.kilograms):
            yield f"step {step.id}: lot {one.number} ({one.gtin}) is not as it made it"
    if step.kind is StepKind.SHIP:
        arrived = [
            one for receipt in transaction.lineage.receipts(step.id) for one in receipt.inputs
        ]
        if _sum(arrived) > taken:
            yield f"shipment {step.id}: more arrived than was shipped"


def _sum(portions: Sequence[Portion]) -> int:
    return sum(floor_grams(one.kilograms) for one in portions)
