"""Each opening of a lot and each step as an EPCIS event, kept and logged with what it tells.

The event is made of nothing but what the records keep, so that it can be made again at any
time and held against the one that was logged (``nguon fsck``).
"""

from collections import Counter
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput
from domain.gs1 import Gln, Sscc
from domain.lineage import MAKING, PACKING, Step, StepKind
from domain.lot import Lot
from domain.window import local_day
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.countries import country_of
from traceability.dossier import require_lot
from traceability.epcis import lots as epcis
from traceability.epcis.document import CONTEXT, Found
from traceability.epcis.lots import HandOver, Held, Hidden, Origin, Sent, Spot
from traceability.epcis.repository import new_event
from traceability.epcis.telling import Amount, Event, Item, When, Where
from traceability.lineage.making import amount, making
from traceability.lineage.weights import floor_grams, kilograms
from traceability.log.append import record
from traceability.log.entry import EVENT


def opening_of(transaction: Transaction, lot: Lot) -> Event:
    """Return the event of a lot opened from its harvest."""
    plot = transaction.places.plot(lot.plot)
    zone = transaction.places.zone_of(plot, lot.harvested)
    country = country_of(zone.key)
    origin = Origin(lot.harvested, lot.expires, None if country is None else country.code)
    whole = Amount(lot.gtin, lot.number, lot.kilograms)
    return epcis.commissioned(whole, origin, When(lot.opened_ms, zone), Where(plot.gln, plot.gln))


def event_of(transaction: Transaction, step: Step) -> Event:
    """Return the event of a step; raises `InvalidInput` when it makes no valid one."""
    zone = zone_of(transaction, step)
    if step.kind in MAKING:
        return making(step, zone)
    when, here = When(step.at_ms, zone), step.place
    inputs = [amount(one) for one in step.inputs]
    if step.kind is StepKind.DESTROY:
        return epcis.destroyed(inputs, when, Where(here))
    if step.kind in PACKING:
        tell = epcis.packed if step.kind is StepKind.PACK else epcis.unpacked
        return tell(_sscc(step), _held(transaction, step), when, Where(here, here))
    sent, between = Sent(tuple(inputs), step.ssccs), _between(transaction, step)
    if step.kind is StepKind.SHIP:
        return epcis.shipped(sent, between, when, Where(here))
    return epcis.received(sent, between, when, Where(here, here))


def keep(transaction: Transaction, event: Event, now_ms: int) -> bool:
    """Keep an event of ours; False when one with this very content is there already."""
    return transaction.events.add([new_event(Found("event", event, CONTEXT), now_ms)])[0]


def log(transaction: Transaction, subject: str, event: Event, now_ms: int) -> None:
    """Log an event by its hash id; last in a transaction, as all logging."""
    record(transaction, EVENT, subject, {"event": event["eventID"]}, now_ms)


def subject_of(told: Lot | Step) -> str:
    """Return what the log files an event under: the lot opened, or the step."""
    return f"step/{told.id}" if isinstance(told, Step) else f"lot/{told.gtin}/{told.number}"


def zone_of(transaction: Transaction, step: Step) -> ZoneInfo:
    """Return the zone that a step is told in: that of the first lot's plot."""
    if not step.inputs:
        message = f"step {step.id} took of nothing"
        raise InvalidInput(message, "inputs")
    lot = require_lot(transaction, *step.inputs[0].lot)
    plot = transaction.places.plot(lot.plot)
    day = local_day(step.at_ms, transaction.places.zone_of(plot, lot.harvested))
    return transaction.places.zone_of(plot, day)


def _between(transaction: Transaction, step: Step) -> HandOver:
    """Return who gave and who took: of a receipt, as its shipment has it."""
    shipment = step if step.about is None else transaction.lineage.find(step.about) or step
    party = shipment.party or ""
    taker = Gln(party) if len(party) == Gln.length else Hidden(party)
    spot = Spot(shipment.place)
    if shipment.giver is None:
        return HandOver(spot, taker)
    return HandOver(shipment.giver, taker, spot=spot)


def _sscc(step: Step) -> Sscc:
    if not step.ssccs:
        message = f"step {step.id} names no logistic unit"
        raise InvalidInput(message, "sscc")
    return step.ssccs[0]


def _held(transaction: Transaction, step: Step) -> Held:
    """Return what was packed: units by their serials, and of each lot what is in none of them."""
    inside: Counter[LotKey] = Counter()
    for bag in step.bags:
        unit = transaction.units.find(*bag)
        if unit is None:
            message = f"step {step.id} names a label that was never printed: {bag[1]}"
            raise InvalidInput(message, "serials")
        inside[unit.gtin, unit.number] += floor_grams(unit.kilograms)
    loose = [(one, floor_grams(one.kilograms) - inside[one.lot]) for one in step.inputs]
    amounts = [Amount(*one.lot, kilograms(grams)) for one, grams in loose if grams]
    return Held(tuple(amounts), tuple(Item(*bag) for bag in step.bags))
