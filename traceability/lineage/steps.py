"""Taking a step: the rules that must hold, each with its name and its reason.

Rules, besides those of :mod:`.asked` and :mod:`.yields`:

- ``mass-balance``  all that leaves a lot was in it; what arrives was shipped
- ``standing``      what is recalled or looked into goes nowhere, what is past its date is
                    neither shipped nor made into something else
- ``product``       what comes out is of the crop that went in, and a product of who takes
                    the step
- ``lineage``       no more lots stand behind one than can be judged each time

The lots are locked first, in one order; the log last. So two steps at once cannot both take
the rest, and a step sent twice is taken once.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.errors import Clash, NotFound, Refused
from domain.gs1 import Gln
from domain.ids import ProducerId, StepId
from domain.lineage import Step, StepKind
from domain.lot import Lot, LotState
from domain.window import local_day
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.canonical import salted_digest
from traceability.dossier import require_lot
from traceability.lineage.asked import Asked, Party, require_shape
from traceability.lineage.derived import derived, require_traceable
from traceability.lineage.telling import event_of, keep, log, subject_of, zone_of
from traceability.lineage.weights import floor_grams, grams, kilograms, left
from traceability.lineage.yields import Process, process_on, require_yield
from traceability.log.salted import salted
from traceability.lots import add_named, require_printable
from traceability.standing import standing

PARTY = "party"
_SAFE, _IN_DATE = {LotState.VALID, LotState.EXPIRED}, {LotState.VALID}
_NEEDS = {
    StepKind.SPLIT: _SAFE,
    StepKind.MERGE: _SAFE,
    StepKind.TRANSFORM: _IN_DATE,
    StepKind.SHIP: _IN_DATE,
}
Parts = Mapping[LotKey, Lot]


def take_step(
    transaction: Transaction, asked: Asked, author: str, owner: ProducerId | None, now_ms: int
) -> Step:
    """Take a step and return it; the same again returns it as it was taken.

    ``owner`` is whose products may come of it, None for anybody's. Raises `InvalidInput`,
    `NotFound`, `Refused` naming the rule, and `Clash` when the id is another step's or the
    number another lot's.
    """
    require_shape(asked)
    parts = _locked(transaction, asked)
    step = _planned(transaction, asked, parts, author, now_ms)
    there = transaction.lineage.find(asked.id)
    if there is not None:
        return _same(transaction, there, step, asked.party)
    process = _require_rules(transaction, step, parts, owner)
    return _write(transaction, step, asked.party, parts, process)


def _locked(transaction: Transaction, asked: Asked) -> dict[LotKey, Lot]:
    parts = {}
    for key in sorted(one.lot for one in asked.inputs):
        parts[key] = require_lot(transaction, *key)
        transaction.lots.lock(parts[key])
    return parts


def _planned(
    transaction: Transaction, asked: Asked, parts: Parts, author: str, now_ms: int
) -> Step:
    """Return the step as it would be kept, but for who it is that takes what is shipped."""
    first = parts[asked.inputs[0].lot]
    place = asked.place or transaction.places.plot(first.plot).gln
    # A step comes after what it follows from, so that time orders them: whatever clocks do.
    before = [lot.opened_ms for lot in parts.values() if lot.made_by is not None]
    shipment = None if asked.about is None else transaction.lineage.find(asked.about)
    before += [] if shipment is None else [shipment.at_ms]
    at_ms = max([now_ms, *(one + 1 for one in before)])
    return Step(asked.id, asked.kind, asked.inputs, asked.outputs, place, author, at_ms,
                process=asked.process, about=asked.about)  # fmt: skip


def _same(transaction: Transaction, there: Step, step: Step, party: Party | None) -> Step:
    told = None if party is None else party.checked()
    said: str | None = None if told is None else told.gln
    if told is not None and told.name is not None:
        salt = transaction.salts.find(PARTY, there.id)
        said = None if salt is None else salted_digest(salt, {"name": told.name})
    if replace(step, author=there.author, at_ms=there.at_ms, party=said) != there:
        message = f"step {there.id} exists with other content"
        raise Clash(message)
    return there


def _require_rules(
    transaction: Transaction, step: Step, parts: Parts, owner: ProducerId | None
) -> Process | None:
    if step.kind is StepKind.RECEIVE:
        _require_shipped(transaction, step)
        return None
    for one in step.inputs:
        _require_left(transaction, parts[one.lot], grams(one.kilograms))
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


def _require_left(transaction: Transaction, lot: Lot, asked: int) -> None:
    there = left(lot.kilograms, transaction.lineage.taken((lot.gtin, lot.number)))
    if asked > there:
        message = (
            f"lot {lot.number} has {kilograms(there):g} kg left, {kilograms(asked):g} kg asked"
            " (mass balance: what leaves a lot was in it)"
        )
        raise Refused(message, "mass-balance")


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


def _write(
    transaction: Transaction, step: Step, party: Party | None, parts: Parts,
    process: Process | None,
) -> Step:  # fmt: skip
    told = None if party is None else party.checked()
    if told is not None:
        step = replace(step, party=_said(transaction, step, told))
    event = event_of(transaction, step)
    recorded_ms = step.at_ms
    # Events are told apart by content: the same done twice in a millisecond is told a later one.
    while not keep(transaction, event, recorded_ms):
        step = replace(step, at_ms=step.at_ms + 1)
        event = event_of(transaction, step)
    transaction.lineage.add(step, None if told is None else told.name)
    for one in step.outputs:
        product = transaction.lots.product(one.gtin)
        add_named(transaction, derived(step, one, parts, product, process))
    transaction.lineage.add_portions(step)
    log(transaction, subject_of(step), event, recorded_ms)
    return step


def _said(transaction: Transaction, step: Step, party: Party) -> str | Gln:
    if party.gln is not None:
        return party.gln
    return salted(transaction, PARTY, step.id, {"name": party.name})[0]
