"""What must hold for goods to be packed, unpacked, and shipped or received as they are packed.

Rule ``packing``: a thing is in one unit at a time; nothing is put into a unit that was shipped,
nothing comes out of one that is under way or that it is not in; a unit is shipped once and
arrives once, as it was packed. The units named and their lots are locked.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

from domain.errors import Refused
from domain.gs1 import Sscc
from domain.lineage import Bag, Step, StepKind
from domain.lot import Unit
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.asked import MOST_BAGS, MOST_PORTIONS
from traceability.lineage.packing import Inside, inside, require_unit
from traceability.lineage.weights import floor_grams, grams, kilograms

RULE = "packing"


def require_packing(transaction: Transaction, step: Step) -> None:
    """Raise `Refused` unless a step does with its units what can be done with them."""
    check = {
        StepKind.PACK: _require_packable,
        StepKind.UNPACK: _require_unpackable,
        StepKind.SHIP: _require_shippable,
        StepKind.RECEIVE: _require_arriving,
    }.get(step.kind)
    if check is not None and step.ssccs:
        check(transaction, step)


def weights(transaction: Transaction, bags: Iterable[Bag]) -> Counter[LotKey]:
    """Return the grams that bags hold of each lot; raises `Refused` on a serial of no label."""
    held: Counter[LotKey] = Counter()
    for bag in bags:
        unit = _labelled(transaction, bag)
        held[unit.gtin, unit.number] += floor_grams(unit.kilograms)
    return held


def _require_packable(transaction: Transaction, step: Step) -> None:
    unit = inside(transaction.lineage.naming(step.ssccs[0]))
    if unit.shipped is not None:
        _refuse(f"{step.ssccs[0]} was shipped ({unit.shipped.id}): nothing is put into it any more")
    for bag in step.bags:
        if transaction.units.voided(*bag) is not None:
            _refuse(f"the label with serial {bag[1]} is void: its unit needs a new one")
        there = _unit_of(transaction, bag)
        if there is not None:
            _refuse(f"the unit with serial {bag[1]} is in {there} already")
    told = {one.lot: grams(one.kilograms) for one in step.inputs}
    # What is in a unit leaves it in one step, so that no more is put into it.
    if len({*unit.grams, *told}) > MOST_PORTIONS or len(unit.bags) + len(step.bags) > MOST_BAGS:
        _refuse(f"at most {MOST_PORTIONS} lots and {MOST_BAGS} units with serials are in one unit")
    for lot, held in weights(transaction, step.bags).items():
        if held > told.get(lot, 0):
            _refuse(
                f"the units named hold {kilograms(held):g} kg of lot {lot[1]},"
                f" {kilograms(told.get(lot, 0)):g} kg of it are told to be packed"
            )


def _require_unpackable(transaction: Transaction, step: Step) -> None:
    sscc = step.ssccs[0]
    unit = inside(require_unit(transaction, sscc))
    if unit.shipped is not None and unit.arrived is None:
        _refuse(f"{sscc} is under way ({unit.shipped.id}): say first that it arrived")
    missing = [bag for bag in step.bags if bag not in unit.bags]
    if missing:
        _refuse(f"no unit with serial {missing[0][1]} is in {sscc}")
    kept = weights(transaction, (bag for bag in unit.bags if bag not in step.bags))
    for one in step.inputs:
        there, asked = unit.grams.get(one.lot, 0), grams(one.kilograms)
        if asked > there:
            _refuse(
                f"{kilograms(there):g} kg of lot {one.number} are in {sscc},"
                f" {kilograms(asked):g} kg told to come out"
            )
        if kept[one.lot] > there - asked:
            _refuse(
                f"units of lot {one.number} that stay in {sscc} hold {kilograms(kept[one.lot]):g}"
                " kg: name the serials of those that come out"
            )


def _require_shippable(transaction: Transaction, step: Step) -> None:
    for sscc in step.ssccs:
        unit = inside(require_unit(transaction, sscc))
        if unit.shipped is not None:
            _refuse(f"{sscc} was shipped already ({unit.shipped.id})")
        if not unit.grams:
            _refuse(f"nothing is in {sscc}")


def _require_arriving(transaction: Transaction, step: Step) -> None:
    for sscc in step.ssccs:
        unit: Inside = inside(require_unit(transaction, sscc))
        if unit.shipped is None or unit.shipped.id != step.about:
            _refuse(f"{sscc} is not in shipment {step.about}")
        if unit.arrived is not None:
            _refuse(f"{sscc} has arrived already ({unit.arrived.id})")


def _unit_of(transaction: Transaction, bag: Bag) -> Sscc | None:
    """Return the logistic unit that a bag is in. Counted: units do not share a clock."""
    times = Counter[Sscc]()
    for step in transaction.lineage.packing(bag):
        times[step.ssccs[0]] += 1 if step.kind is StepKind.PACK else -1
    return next((sscc for sscc, count in times.items() if count > 0), None)


def _labelled(transaction: Transaction, bag: Bag) -> Unit:
    unit = transaction.units.find(*bag)
    if unit is None:
        _refuse(f"no label of {bag[0]} with serial {bag[1]} was printed")
    return unit


def _refuse(message: str) -> NoReturn:
    raise Refused(message, RULE)
