"""What must hold for a step to be taken, given the lots it takes of, which are locked.

Rules, besides those of :mod:`.asked` and :mod:`.yields`:

- ``mass-balance``  all that leaves a lot was in it; what arrives was shipped
- ``packing``       what is packed stays so, or goes with its unit (:mod:`.packing_rules`)
- ``units``         what bears unit labels of one lot does not become another lot
- ``standing``      what is recalled or looked into goes nowhere, what is past its date is
                    neither shipped nor made into something else
- ``product``       what comes out is of the crop that went in, and a product of who takes
                    the step
- ``lineage``       no more lots stand behind one than can be judged each time
"""

from collections.abc import Mapping

from domain.errors import NotFound, Refused
from domain.ids import ProducerId, StepId
from domain.lineage import MAKING, Step, StepKind
from domain.lot import Lot, LotState
from domain.window import local_day
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.derived import require_traceable
from traceability.lineage.graph import key_of
from traceability.lineage.packing import packed
from traceability.lineage.packing_rules import RULE as PACKED
from traceability.lineage.packing_rules import require_packing
from traceability.lineage.telling import zone_of
from traceability.lineage.weights import floor_grams, grams, kilograms, left
from traceability.lineage.yields import Process, process_on, require_yield
from traceability.lots import require_printable
from traceability.standing import standing

_SAFE, _IN_DATE = {LotState.VALID, LotState.EXPIRED}, {LotState.VALID}
_NEEDS = {
    StepKind.SPLIT: _SAFE,
    StepKind.MERGE: _SAFE,
    StepKind.TRANSFORM: _IN_DATE,
    StepKind.SHIP: _IN_DATE,
    StepKind.PACK: _SAFE,
}
Parts = Mapping[LotKey, Lot]


def require_rules(
    transaction: Transaction, step: Step, parts: Parts, owner: ProducerId | None
) -> Process | None:
    """Raise `Refused` naming the rule that says no; return the process of a transformation.

    ``owner`` is whose products may come of it, None for anybody's.
    """
    require_packing(transaction, step)
    if step.kind is StepKind.RECEIVE:
        _require_shipped(transaction, step)
    if step.kind in (StepKind.RECEIVE, StepKind.UNPACK):
        return None
    for one in step.inputs:
        lot, asked = parts[one.lot], grams(one.kilograms)
        _require_left(transaction, lot, asked, loose=step.kind is StepKind.PACK or not step.ssccs)
        if step.kind in MAKING:
            _require_unlabelled(transaction, lot, asked)
    day = local_day(step.at_ms, zone_of(transaction, step))
    for lot in parts.values():
        state = standing(transaction, lot, day)
        if state not in _NEEDS.get(step.kind, {state}):
            message = f"lot {lot.number} is {state}: no {step.kind} of it (what holds of a lot)"
            raise Refused(message, "standing")
    if not step.outputs:
        return None
    require_traceable(transaction, list(parts.values()))
    crop = _require_one_crop(transaction, step, owner)
    if step.kind is not StepKind.TRANSFORM:
        return None
    process = process_on(step.process, day)
    require_yield(process, step.inputs, step.outputs, crop)
    return process


def _require_left(transaction: Transaction, lot: Lot, asked: int, *, loose: bool) -> None:
    """What is asked for is there; ``loose``, it is in no logistic unit."""
    there = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
    if asked > there:
        message = (
            f"lot {lot.number} has {kilograms(there):g} kg left, {kilograms(asked):g} kg asked"
            " (mass balance: what leaves a lot was in it)"
        )
        raise Refused(message, "mass-balance")
    held = packed(transaction, key_of(lot)) if loose else 0
    if asked > there - held:
        message = (
            f"{kilograms(held):g} kg of lot {lot.number} are packed in logistic units,"
            f" {kilograms(there - held):g} kg are not, {kilograms(asked):g} kg asked: unpack first"
        )
        raise Refused(message, PACKED)


def _require_unlabelled(transaction: Transaction, lot: Lot, asked: int) -> None:
    """Labels are capped by the harvest: what has them under one number gets no more by another."""
    printed, held = transaction.units.bearing(lot)
    there = left(lot.kilograms, transaction.lineage.turned(key_of(lot)))
    free = there - floor_grams(held)
    if printed and asked > free:
        message = (
            f"{printed} units of {held:g} kg bear labels of lot {lot.number};"
            f" {kilograms(max(free, 0)):g} kg of it bear none, {kilograms(asked):g} kg asked"
            " (labels are capped by what was harvested)"
        )
        raise Refused(message, "units")


def _require_shipped(transaction: Transaction, step: Step) -> None:
    """What arrives was shipped, and did not arrive before."""
    shipment = transaction.lineage.find(step.about or StepId(""))
    if shipment is None or shipment.kind is not StepKind.SHIP:
        message = f"no shipment {step.about}"
        raise NotFound(message)
    shipped = {one.lot: floor_grams(one.kilograms) for one in shipment.inputs}
    for receipt in transaction.lineage.receipts(shipment.id):
        for one in receipt.inputs:
            shipped[one.lot] -= floor_grams(one.kilograms)
    for one in step.inputs:
        there = shipped.get(one.lot, 0)
        if grams(one.kilograms) > there:
            message = (
                f"{kilograms(there):g} kg of lot {one.number} are under way in {shipment.id},"
                f" {one.kilograms:g} kg told to have arrived (mass balance)"
            )
            raise Refused(message, "mass-balance")


def _require_one_crop(transaction: Transaction, step: Step, owner: ProducerId | None) -> str:
    crops = {transaction.lots.product(one.gtin).crop for one in step.inputs}
    for one in step.outputs:
        require_printable(one.number)
        product = transaction.lots.product(one.gtin)
        crops.add(product.crop)
        if owner is not None and product.producer != owner:
            message = f"{product.gtin} is somebody else's product"
            raise Refused(message, "product")
    if len(crops) != 1:
        message = f"{', '.join(sorted(crops))}: what comes out is of the crop that went in"
        raise Refused(message, "product")
    return crops.pop()
