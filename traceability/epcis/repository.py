"""Between events and the records: keep what is valid, once; answer questions, page by page.

An event is told as it came, with what a repository adds: ``recordTime``, always ours
(EPCIS 2.0 section 7.4.1: a captured one is ignored), and an ``eventID`` where there was
none, which is the event's hash id. Nothing is ever changed or taken out.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

from domain.errors import InvalidInput, TooLarge
from domain.window import print_instant, to_ms
from store.records import Transaction
from store.records.events import KeptEvent, NewEvent, Order, Place
from traceability.epcis.document import Found, canonical_bytes
from traceability.epcis.event_hash import CBV_2_0, event_hash_id
from traceability.epcis.facts import CLASS_FIELDS, EPC_FIELDS, Facts
from traceability.epcis.measures import as_float, in_base
from traceability.epcis.narrowing import FIGURES, narrow
from traceability.epcis.query import Query
from traceability.epcis.validate import fault_of
from traceability.epcis.values import instant

MOST_LOOKED_AT = 2_000
"""Events that one page may look at, half a second at most; a rarer find comes on a later page."""

MOST_BYTES = 4_000_000
"""Bytes of events on one page; the rest comes on the next."""

_BATCH = 250


@dataclass(frozen=True, slots=True)
class Told:
    """An event as an answer tells it, and the ``@context`` it needs."""

    event: dict[str, Any]
    context: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some answers, and where the next ones begin; None when there are none."""

    events: tuple[Told, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Capture:
    """What is to be kept: the valid events, and the faults of the others, in order."""

    events: tuple[NewEvent, ...]
    faults: tuple[InvalidInput, ...]


def examine(found: Sequence[Found], now_ms: int) -> Capture:
    """Return what can be kept of a document's events, recorded at ``now_ms``."""
    good: list[NewEvent] = []
    bad: list[InvalidInput] = []
    for each in found:
        fault = fault_of(each)
        try:
            if fault is None:
                good.append(new_event(each, now_ms))
        except InvalidInput as error:
            fault = error
        if fault is not None:
            bad.append(fault)
    return Capture(tuple(good), tuple(bad))


def new_event(found: Found, now_ms: int) -> NewEvent:
    """Return a valid event as it is kept; raises `InvalidInput` on what cannot be."""
    facts, event = Facts(found), found.event
    moment = instant(event["eventTime"])
    if moment is None:
        message = f"{found.where}.eventTime: not a time"
        raise InvalidInput(message, f"{found.where}.eventTime")
    body = canonical_bytes(event, found.where)
    beside = {"@context": found.context, "unhashed": sorted(found.unhashed)}
    context = canonical_bytes(beside, f"{found.where}.@context")
    hash_id = event_hash_id(found.hashed(), CBV_2_0, found.context)
    declared = facts.declaration()
    digest = "" if declared is None else sha256(canonical_bytes(declared, found.where)).hexdigest()
    return NewEvent(
        event_id=facts.id_of(event["eventID"]) if "eventID" in event else hash_id,
        hash_id=hash_id,
        declared=digest,
        type=facts.kind,
        event_ms=to_ms(moment),
        record_ms=now_ms,
        action=facts.text("action"),
        biz_step=facts.word("bizStep"),
        disposition=facts.word("disposition"),
        read_point=facts.place("readPoint"),
        biz_location=facts.place("bizLocation"),
        body=body,
        context=context,
        things=frozenset(_things(facts)),
        figures=frozenset(_figures(facts)),
    )


def _things(facts: Facts) -> Iterator[tuple[str, str]]:
    for field in EPC_FIELDS:
        yield from ((field, uri) for uri in facts.epcs(field))
    for field in CLASS_FIELDS:
        yield from ((field, uri) for uri in facts.classes(field))
    transformation = facts.text("transformationID")
    if transformation is not None:
        yield "transformationID", facts.id_of(transformation)
    for attribute in ("deviceID", "type"):
        yield from ((attribute, str(uri)) for uri in facts.sensed(attribute))


def told(kept: KeptEvent) -> Told:
    """Return a kept event as answers tell it."""
    event, beside = json.loads(kept.body), json.loads(kept.context)
    return Told(
        {"eventID": kept.event_id, **event, "recordTime": print_instant(kept.record_ms)},
        beside["@context"],
    )


def _figures(facts: Facts) -> Iterator[tuple[str, str, float]]:
    for report in facts.reports:
        if "uom" in report:
            for attribute in FIGURES:
                if attribute in report:
                    quantity, value = in_base(report[attribute], report["uom"])
                    yield attribute, quantity, as_float(value)


def recheck(transaction: Transaction) -> Iterator[str]:
    """Yield what does not hold of the events kept: a sentence for each that was tampered with.

    Body, hash and what an event is found by must agree; none of them says who wrote it.
    """
    for kept in _candidates(transaction, Query(), Order("number"), None, serials=True):
        try:
            again = _again(kept)
        except (InvalidInput, KeyError, TypeError, ValueError) as error:
            yield f"event {kept.number} is no event any more: {error}"
            continue
        for name in ("event_id", "hash_id", "event_ms", "body"):
            if getattr(again, name) != getattr(kept, name):
                yield f"event {kept.number}: {name} is not what its content gives"


def _again(kept: KeptEvent) -> NewEvent:
    beside = json.loads(kept.context)
    unhashed = frozenset(beside["unhashed"])
    event, context = json.loads(kept.body), beside["@context"]
    return new_event(Found(f"event {kept.number}", event, context, unhashed), kept.record_ms)


def search(
    transaction: Transaction, query: Query, after: Place | None, limit: int, *, serials: bool
) -> Page:
    """Return at most ``limit`` events that answer ``query``, from behind ``after``.

    Without ``serials`` none that names a unit of ours by its serial: whoever knows them all can
    print labels that nobody can tell from ours.

    A page may be shorter than asked, or empty, and still have a next one: no more than
    `MOST_LOOKED_AT` events are looked at for one. Raises `TooLarge` when there are more
    than the query's ``most``.
    """
    if query.most is not None and after is None:
        _require_at_most(transaction, query, query.most, serials=serials)
    order = _ORDERS[query.order, query.descending]
    found: list[Told] = []
    size = 0
    last: KeptEvent | None = None
    candidates = _candidates(transaction, query, order, after, serials=serials)
    for looked_at, kept in enumerate(candidates, start=1):
        answer = _answer(query, kept)
        full = len(found) == limit or (found and size + len(kept.body) > MOST_BYTES)
        if answer is not None and full and last is not None:
            return Page(tuple(found), _place(last, order))
        if answer is not None:
            found.append(answer)
            size += len(kept.body)
            last = kept
        if looked_at == MOST_LOOKED_AT:
            return Page(tuple(found), _place(kept, order))
    return Page(tuple(found), None)


_ORDERS = {
    (None, False): Order("number"),
    ("eventTime", True): Order("event_ms", descending=True),
    ("eventTime", False): Order("event_ms"),
    ("recordTime", True): Order("record_ms", descending=True),
    ("recordTime", False): Order("record_ms"),
}


def _require_at_most(transaction: Transaction, query: Query, most: int, *, serials: bool) -> None:
    candidates = _candidates(transaction, query, Order("number"), None, serials=serials)
    looked_at = islice(candidates, MOST_LOOKED_AT + 1)
    matched = 0
    for at, kept in enumerate(looked_at):
        matched += _answer(query, kept) is not None
        if matched > most or at == MOST_LOOKED_AT:
            message = f"more than {most} events answer this, or too many had to be looked at"
            raise TooLarge(message)


def _candidates(
    transaction: Transaction, query: Query, order: Order, after: Place | None, *, serials: bool
) -> Iterator[KeptEvent]:
    narrowing = replace(narrow(query.conditions), unserialised=not serials)
    while True:
        batch = transaction.events.select(narrowing, order, after, _BATCH)
        yield from batch
        if len(batch) < _BATCH:
            return
        after = _place(batch[-1], order)


def _place(kept: KeptEvent, order: Order) -> Place:
    return Place(getattr(kept, order.column), kept.number)


def _answer(query: Query, kept: KeptEvent) -> Told | None:
    answer = told(kept)
    facts = Facts(Found("event", answer.event, answer.context))
    return answer if all(each.holds(facts) for each in query.conditions) else None
