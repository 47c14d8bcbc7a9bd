"""Our lots as EPCIS events: harvested, packed, shipped, received, made of others, gone.

Each function takes plain typed values and returns an event that is valid, complete and
named by its own content (eventID is its event hash id), so that writing it twice is
writing it once. Nothing is ever edited: :func:`declare_wrong` says of an event that
it was wrong, and names those that replace it (EPCIS 2.0 section 7.4.1.4).

CBV 2.0: section 7.1 (business steps), 7.2 (dispositions), 8.2 and 8.3 (identifiers), 10
(master data attributes of a lot).
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput
from domain.gs1 import Gln, Sscc
from traceability.epcis.identifiers import STEM
from traceability.epcis.telling import (
    Amount,
    Event,
    Item,
    When,
    Where,
    base_event,
    checked,
    logistic,
    named,
    place,
    print_moment,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is told of a lot once, when it comes into being (ILMD).

    ``country`` is ISO 3166-1 alpha-2, None where it is not known.
    """

    harvested: date
    expires: date
    country: str | None


class Hidden(str):
    """A party whose name stays behind a salted digest: SHA-256, 64 hexadecimal digits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A place given or taken at, where the party itself has no number."""

    gln: Gln


Side = Gln | Hidden | Spot


@dataclass(frozen=True, slots=True)
class HandOver:
    """Who gives and who takes (a party's GLN, hidden, or a place), under which document (a URI).

    ``spot`` is where a party with a number gave it: beside the party, since a receipt tells of
    no other place than where it arrived.
    """

    giver: Side
    taker: Side
    document: str | None = None
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes from one to another: some of lots, and the logistic units that it is in, if any.

    With units, the amounts are what is in them: both are told, so that whoever asks for a lot
    finds its journey without knowing what it was packed in.
    """

    amounts: tuple[Amount, ...]
    units: tuple[Sscc, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What is put into a logistic unit or taken out: some of lots, and units by their serials.

    Units weigh nothing here: what they hold is of their lots, and told with them or not at all.
    """

    amounts: tuple[Amount, ...]
    items: tuple[Item, ...] = ()


def commissioned(amount: Amount, origin: Origin, when: When, where: Where) -> Event:
    """A lot comes into being at its harvest."""
    ilmd = {
        "cbvmda:lotNumber": amount.lot,
        "cbvmda:harvestEndDate": origin.harvested.isoformat(),
        "cbvmda:itemExpirationDate": origin.expires.isoformat(),
    }
    if origin.country is not None:
        ilmd["cbvmda:countryOfOrigin"] = origin.country
    what = {"quantityList": [amount.told()], "ilmd": ilmd}
    return named(_object("ADD", "commissioning", "active", when, where) | what)


def observed(
    amounts: Sequence[Amount], step: str, disposition: str, when: When, where: Where
) -> Event:
    """Lots are seen at a business step: inspecting, storing, sampling, holding."""
    return named(_object("OBSERVE", step, disposition, when, where) | _quantities(amounts))


def shipped(sent: Sent, between: HandOver, when: When, where: Where) -> Event:
    """Lots leave for somebody else, loose or in logistic units; from here on they are under way."""
    return _handed_over("shipping", "in_transit", sent, between, when, where)


def received(sent: Sent, between: HandOver, when: When, where: Where) -> Event:
    """Lots arrive; what arrives may be less than what was shipped."""
    return _handed_over("receiving", "in_progress", sent, between, when, where)


def recalled(amounts: Sequence[Amount], when: When, where: Where) -> Event:
    """Lots are called back: from now on, and until said otherwise, wherever they are."""
    event = _object("OBSERVE", "holding", "non_sellable_other", when, where)
    lasting = {"persistentDisposition": {"set": ["recalled"]}}
    return named(event | _quantities(amounts) | lasting)


def destroyed(amounts: Sequence[Amount], when: When, where: Where) -> Event:
    """Lots, or some of them, are destroyed."""
    return named(_object("DELETE", "destroying", "destroyed", when, where) | _quantities(amounts))


def decommissioned(items: Sequence[Item], when: When, where: Where) -> Event:
    """Serials are taken back: no unit bears them any more, and none ever will again.

    CBV 2.0, section 7.1: decommissioning parts an *instance-level* identifier from its object.
    So there is no such event of a lot that was used up: its number names a class, of which other
    goods may still be under way, and what took the last of it told so itself (a transformation,
    a shipment, a destruction). Raises `InvalidInput` when no serial is told, or one twice.
    """
    if not items:
        message = "which serials are taken back?"
        raise InvalidInput(message, "epcList")
    event = _object("DELETE", "decommissioning", "inactive", when, where)
    return named(event | {"epcList": [item.uri for item in items]})


def packed(unit: Sscc, held: Held, when: When, where: Where) -> Event:
    """Lots, or units of them, are put into a logistic unit."""
    return _aggregation("ADD", "packing", unit, held, when, where)


def unpacked(unit: Sscc, held: Held, when: When, where: Where) -> Event:
    """Lots, or units of them, are taken out of a logistic unit."""
    return _aggregation("DELETE", "unpacking", unit, held, when, where)


@dataclass(frozen=True, slots=True)
class Process:
    """What turns lots into lots: a name of its own (a URI) and its business step.

    ``creating_class_instance`` for splitting, merging and packing anew; ``commissioning``
    where a new product comes out, dry rubber of latex.
    """

    id: str
    step: str = "creating_class_instance"


def transformed(
    inputs: Sequence[Amount], outputs: Sequence[Amount], process: Process, when: When, where: Where
) -> Event:
    """Lots become other lots: split, merged, processed. What is lost is simply not there.

    Raises `InvalidInput` unless both sides are told; EPCIS would let one be told later.
    """
    if not inputs or not outputs:
        message = "inputs and outputs of a transformation are told together"
        raise InvalidInput(message, "outputs" if inputs else "inputs")
    event = _event("TransformationEvent", process.step, "in_progress", when, where) | {
        "transformationID": process.id,
        "inputQuantityList": [amount.told() for amount in inputs],
        "outputQuantityList": [amount.told() for amount in outputs],
    }
    return named(event)


def declare_wrong(
    event: Mapping[str, Any], declared_ms: int, reason: str, replaced_by: Sequence[str] = ()
) -> Event:
    """Return an error declaration: the event again, said to be wrong.

    ``reason`` is ``did_not_occur``, ``incorrect_data`` or a URI; ``replaced_by`` are the
    eventIDs of corrective events. Raises `InvalidInput` when the event has no eventID, or
    is such a declaration itself.
    """
    if "eventID" not in event or "errorDeclaration" in event:
        message = "an event with an eventID is needed, and not a declaration of an error"
        raise InvalidInput(message, "event")
    declaration: dict[str, Any] = {
        "declarationTime": print_moment(When(declared_ms, ZoneInfo("UTC"))),
        "reason": reason,
    }
    if replaced_by:
        declaration["correctiveEventIDs"] = list(replaced_by)
    again = {name: value for name, value in event.items() if name != "recordTime"}
    return checked(again | {"errorDeclaration": declaration})


def _event(kind: str, step: str, disposition: str, when: When, where: Where) -> Event:
    event = base_event(kind, when) | {
        "bizStep": step,
        "disposition": disposition,
        "readPoint": place(where.read_point),
    }
    return event | ({"bizLocation": place(where.location)} if where.location else {})


def _object(action: str, step: str, disposition: str, when: When, where: Where) -> Event:
    return _event("ObjectEvent", step, disposition, when, where) | {"action": action}


def _handed_over(
    step: str, disposition: str, sent: Sent, between: HandOver, when: When, where: Where
) -> Event:
    event = _object("OBSERVE", step, disposition, when, where)
    if sent.units:
        event["epcList"] = [logistic(unit) for unit in sent.units]
    return named(event | _quantities(sent.amounts) | _parties(between))


def _aggregation(action: str, step: str, unit: Sscc, held: Held, when: When, where: Where) -> Event:
    event = _event("AggregationEvent", step, "in_progress", when, where)
    event |= {"action": action, "parentID": logistic(unit)}
    if held.items:
        event["childEPCs"] = [item.uri for item in held.items]
    if held.amounts:
        event["childQuantityList"] = [amount.told() for amount in held.amounts]
    return named(event)


def _quantities(amounts: Sequence[Amount]) -> dict[str, Any]:
    return {"quantityList": [amount.told() for amount in amounts]}


def _parties(between: HandOver) -> dict[str, Any]:
    given = [_side(one) for one in (between.giver, between.spot) if one is not None]
    kind, taker = _side(between.taker)
    told: dict[str, Any] = {
        "sourceList": [{"type": of, "source": giver} for of, giver in given],
        "destinationList": [{"type": kind, "destination": taker}],
    }
    if between.document is not None:
        told["bizTransactionList"] = [{"type": "desadv", "bizTransaction": between.document}]
    return told


def _side(side: Side) -> tuple[str, str]:
    """Return the type and URI of a side; of a hidden one its digest as RFC 6920 writes it."""
    if isinstance(side, Spot):
        return "location", f"{STEM}/414/{side.gln}"
    if isinstance(side, Gln):
        return "possessing_party", f"{STEM}/417/{side}"
    digest = urlsafe_b64encode(bytes.fromhex(side)).decode().rstrip("=")
    return "possessing_party", f"ni:///sha-256;{digest}"
