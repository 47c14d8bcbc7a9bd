"""What is in a logistic unit, and where it is: nothing but what its steps tell, added up.

A unit is packed and unpacked where it stands; once it was shipped nothing is put into it, and
nothing taken out until it has arrived. What is in one stays of its lots, and bears their
standing: it is packed, not taken, until the unit is shipped.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.errors import InvalidInput, NotFound
from domain.gs1 import Sscc
from domain.lineage import Bag, Portion, Step, StepKind
from store.records import Transaction
from store.records.lineage import IN, LotKey
from traceability.lineage.asked import MOST_PORTIONS, Asked
from traceability.lineage.weights import floor_grams, kilograms

_SIGN = {StepKind.PACK: 1, StepKind.UNPACK: -1}


@dataclass(frozen=True, slots=True)
class Inside:
    """A logistic unit as its steps leave it: grams by lot, and bags in the order of packing.

    ``shipped`` and ``arrived`` are the steps that it left and came in, None before.
    """

    grams: Mapping[LotKey, int]
    bags: tuple[Bag, ...] = ()
    shipped: Step | None = None
    arrived: Step | None = None

    @property
    def portions(self) -> tuple[Portion, ...]:
        """What is in it, by lot."""
        return tuple(Portion(*lot, kilograms(grams)) for lot, grams in self.grams.items())


def inside(steps: Iterable[Step]) -> Inside:
    """Return what the steps of one unit leave in it, oldest first."""
    grams: Counter[LotKey] = Counter()
    bags: dict[Bag, None] = {}
    shipped = arrived = None
    for step in steps:
        sign = _SIGN.get(step.kind, 0)
        for one in step.inputs if sign else ():
            grams[one.lot] += sign * floor_grams(one.kilograms)
        if step.kind is StepKind.PACK:
            bags |= dict.fromkeys(step.bags)
        elif step.kind is StepKind.UNPACK:
            bags = {bag: None for bag in bags if bag not in step.bags}
        elif step.kind is StepKind.SHIP:
            shipped = step
        elif step.kind is StepKind.RECEIVE:
            arrived = step
    there = {lot: some for lot, some in sorted(grams.items()) if some}
    return Inside(there, tuple(bags), shipped, arrived)


def packed(transaction: Transaction, lot: LotKey) -> int:
    """Return the grams of a lot that are in units which were not shipped yet."""
    into, out = (transaction.lineage.packed(lot, kind) for kind in _SIGN)
    return sum(map(floor_grams, into)) - sum(map(floor_grams, out))


def holding(transaction: Transaction, lots: Iterable[LotKey]) -> list[Sscc]:
    """Return the units that something of any of the lots is in now."""
    wanted = set(lots)
    steps = transaction.lineage.of(wanted, IN)
    ssccs = sorted({sscc for step in steps if step.kind is StepKind.PACK for sscc in step.ssccs})
    its: dict[Sscc, list[Step]] = {sscc: [] for sscc in ssccs}
    for step in transaction.lineage.naming(*ssccs):
        for sscc in its.keys() & set(step.ssccs):
            its[sscc].append(step)
    return [sscc for sscc in ssccs if not wanted.isdisjoint(inside(its[sscc]).grams)]


def ever_in(steps: Iterable[Step]) -> list[LotKey]:
    """Return every lot that a unit's steps put into it, though it be out again."""
    return sorted({one.lot for step in steps for one in step.inputs})


def hold(transaction: Transaction, asked: Asked) -> None:
    """Lock the units that a step names; whoever else names them waits."""
    if asked.kind is StepKind.PACK:
        for sscc in asked.ssccs:
            transaction.logistics.claim(sscc)
    transaction.logistics.lock(asked.ssccs)


def at_hand(transaction: Transaction, asked: Asked) -> Asked:
    """Return a step with the number that is minted for it and what is in the units it names.

    The units are locked, before any lot. Raises `NotFound` on one that nothing was ever put
    into, `InvalidInput` when no number can be minted.
    """
    hold(transaction, asked)
    there = transaction.lineage.find(asked.id)
    if there is not None:
        return as_taken(asked, there)
    if asked.kind is StepKind.PACK and not asked.ssccs:
        return replace(asked, ssccs=(transaction.logistics.mint(asked.prefix),))
    if asked.inputs:
        return asked
    units = [inside(require_unit(transaction, sscc)) for sscc in asked.ssccs]
    grams: Counter[LotKey] = Counter()
    for unit in units:
        grams.update(unit.grams)
    if len(grams) > MOST_PORTIONS:
        message = f"{len(grams)} lots are in these units; at most {MOST_PORTIONS} go in one step"
        raise InvalidInput(message, "sscc")
    bags = units[0].bags if asked.kind is StepKind.UNPACK else ()
    return replace(asked, inputs=Inside(dict(sorted(grams.items()))).portions, bags=bags)


def as_taken(asked: Asked, there: Step) -> Asked:
    """Return a step asked for again, with what was left open as it was found the first time."""
    opened = not asked.inputs
    return replace(
        asked,
        ssccs=asked.ssccs or there.ssccs,
        inputs=there.inputs if opened else asked.inputs,
        bags=there.bags if opened else asked.bags,
        place=asked.place or (there.place if there.ssccs else None),
    )


def require_unit(transaction: Transaction, sscc: Sscc) -> Sequence[Step]:
    """Return the steps of a unit; raises `NotFound` when nothing was ever put into it."""
    steps = transaction.lineage.naming(sscc)
    if not steps:
        message = f"nothing was ever packed into {sscc}"
        raise NotFound(message)
    return steps
