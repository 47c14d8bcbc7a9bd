"""The arithmetic of all lots made again from what is kept: for audits, not for rules.

The rules are kept when a step is taken (:mod:`.steps`); here nobody is asked who took it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from domain.gs1 import Sscc
from domain.lineage import Bag, Portion, Step, StepKind
from domain.lot import Lot
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.graph import key_of
from traceability.lineage.packing import inside, packed
from traceability.lineage.weights import floor_grams, kilograms, left


def imbalances(transaction: Transaction) -> Iterator[str]:
    """Yield what weighs more than it can: a sentence for each lot or step."""
    lots = {key_of(lot): lot for lot in transaction.lots.lots()}
    for lot in lots.values():
        there = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
        if there < 0:
            over = f"{kilograms(-there):g} kg more left it than it had"
            yield f"lot {lot.number} ({lot.gtin}): {over}"
        loose = max(there, 0) - packed(transaction, key_of(lot))
        if loose < 0:
            yield f"lot {lot.number} ({lot.gtin}): {kilograms(-loose):g} kg more packed than it has"
    steps = transaction.lineage.every()
    for step in steps:
        yield from _of_step(transaction, step, lots)
    yield from _of_units(steps)
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


def _of_units(steps: Sequence[Step]) -> Iterator[str]:
    """Yield what is in logistic units and cannot be; steps are given oldest first."""
    naming: defaultdict[Sscc, list[Step]] = defaultdict(list)
    for step in steps:
        for sscc in step.ssccs:
            naming[sscc].append(step)
    held: defaultdict[Bag, list[Sscc]] = defaultdict(list)
    for sscc, its in sorted(naming.items()):
        unit = inside(its)
        for (_, number), grams in unit.grams.items():
            if grams < 0:
                yield f"unit {sscc}: {kilograms(-grams):g} kg more of lot {number} came out"
        for bag in unit.bags:
            held[bag].append(sscc)
        journeys = [step.kind for step in its if step.kind in (StepKind.SHIP, StepKind.RECEIVE)]
        if journeys not in ([], [StepKind.SHIP], [StepKind.SHIP, StepKind.RECEIVE]):
            yield f"unit {sscc}: it was shipped or arrived more than once"
    for bag, ssccs in held.items():
        if len(ssccs) > 1:
            yield f"the unit with serial {bag[1]} is in {' and in '.join(ssccs)}"


def _sum(portions: Sequence[Portion]) -> int:
    return sum(floor_grams(one.kilograms) for one in portions)
