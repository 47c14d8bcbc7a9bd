"""Taking a step: the lots are locked, the rules asked, and all of it written down at once.

Logistic units are locked first, then the lots, each in one order; the log last. So two steps at
once cannot both take the rest, and a step sent twice is taken once.
"""

from dataclasses import replace

from domain.errors import Clash, Refused
from domain.gs1 import Gln
from domain.ids import ProducerId
from domain.lineage import Step, StepKind
from domain.lot import Lot
from domain.window import local_day
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.canonical import salted_digest
from traceability.dossier import require_lot
from traceability.lineage.asked import Asked, Party, require_shape
from traceability.lineage.derived import derived
from traceability.lineage.packing import as_taken, at_hand
from traceability.lineage.packing_rules import RULE
from traceability.lineage.rules import Parts, require_rules
from traceability.lineage.telling import event_of, keep, log, subject_of, zone_of
from traceability.lineage.yields import Process
from traceability.log.salted import salted
from traceability.lots import add_named

PARTY = "party"


def take_step(
    transaction: Transaction, asked: Asked, author: str, owner: ProducerId | None, now_ms: int
) -> Step:
    """Take a step and return it; the same again returns it as it was taken.

    ``owner`` is whose products may come of it, None for anybody's. Raises `InvalidInput`,
    `NotFound`, `Refused` naming the rule, and `Clash` when the id is another step's or the
    number another lot's.
    """
    require_shape(asked)
    whole = at_hand(transaction, asked)
    if not whole.inputs:
        message = f"nothing is in {', '.join(whole.ssccs)}"
        raise Refused(message, RULE)
    parts = _locked(transaction, whole)
    there = transaction.lineage.find(asked.id)
    whole = whole if there is None else as_taken(asked, there)
    step = _planned(transaction, whole, parts, author, now_ms)
    if there is not None:
        return _same(transaction, there, step, asked.party)
    process = require_rules(transaction, step, parts, owner)
    if step.kind is StepKind.SHIP:
        step = replace(step, giver=_giver(transaction, step, owner))
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
    before = [step for sscc in asked.ssccs for step in transaction.lineage.naming(sscc)]
    last = max(before, key=lambda step: (step.at_ms, step.id), default=None)
    there = transaction.places.plot(parts[asked.inputs[0].lot].plot).gln
    place = asked.place or (there if last is None else last.place)
    # A step comes after what it follows from, so that time orders them: whatever clocks do.
    past = [lot.opened_ms for lot in parts.values() if lot.made_by is not None]
    shipment = None if asked.about is None else transaction.lineage.find(asked.about)
    past += [step.at_ms for step in (shipment, last) if step is not None]
    at_ms = max([now_ms, *(one + 1 for one in past)])
    return Step(asked.id, asked.kind, asked.inputs, asked.outputs, place, author, at_ms,
                process=asked.process, about=asked.about, ssccs=asked.ssccs,
                bags=asked.bags)  # fmt: skip


def _giver(transaction: Transaction, step: Step, owner: ProducerId | None) -> Gln | None:
    """Return the number of whoever ships, None where they have none.

    Where the office does it for somebody, that is who holds the plot that it leaves.
    """
    plot = transaction.places.plot_at(step.place) if owner is None else None
    if plot is not None:
        day = local_day(step.at_ms, zone_of(transaction, step))
        owner = transaction.places.holder_on(plot, day)
    return None if owner is None else transaction.gs1.gln(owner)


def _same(transaction: Transaction, there: Step, step: Step, party: Party | None) -> Step:
    told = None if party is None else party.checked()
    said: str | None = None if told is None else told.gln
    if told is not None and told.name is not None:
        salt = transaction.salts.find(PARTY, there.id)
        said = None if salt is None else salted_digest(salt, {"name": told.name})
    kept = replace(step, author=there.author, at_ms=there.at_ms, party=said, giver=there.giver)
    if kept != there:
        message = f"step {there.id} exists with other content"
        raise Clash(message)
    return there


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
