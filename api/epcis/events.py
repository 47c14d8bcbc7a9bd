"""Telling events: those that answer a question, those of an id, of a thing, of a place."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from api.deps import Deps, Given
from api.epcis.access import sees_serials
from api.epcis.paging import OF_PAGING, next_headers, paging, require_known
from api.epcis.protocol import Extensions, answer, collection
from domain.errors import InvalidInput, NotFound
from traceability.epcis.document import merge_contexts, write_results
from traceability.epcis.facts import EPC_FIELDS
from traceability.epcis.query import Query, parse_query
from traceability.epcis.repository import Page, Told, search, told
from traceability.epcis.validate import EVENT_TYPES
from traceability.epcis.wanted import Prefixes

router = APIRouter()

ASKED_BY = {
    "eventTypes": "eventType",
    "epcs": "MATCH_anyEPC",
    "bizSteps": "EQ_bizStep",
    "bizLocations": "EQ_bizLocation",
    "readPoints": "EQ_readPoint",
    "dispositions": "EQ_disposition",
}
"""Collection → the query parameter that asks for one of its members."""


@router.get("/events")
def list_events(given: Given, request: Request, extensions: Extensions) -> Response:
    """Return the events that answer the query parameters."""
    query = parse_query(asked_by(request), extensions)
    return results(given, request, query, "SimpleEventQuery")


@router.get("/events/{event_id:path}")
def get_event(given: Given, request: Request, event_id: str) -> Response:
    """Return the event of an id, and any error declared of it."""
    require_known(request, "ver")
    version = request.query_params.get("ver")
    if version and event_id.startswith("ni:"):  # sent as it is written, its ? not quoted
        event_id = f"{event_id}?ver={version}"
    with given.records.reading() as transaction:
        kept = transaction.events.named(
            Prefixes().id(event_id), unserialised=not sees_serials(given, request)
        )
    if not kept:
        message = f"no event {event_id[:120]}"
        raise NotFound(message)
    return answer(_document([told(each) for each in kept], "SimpleEventQuery", given.clock()))


@router.get("/{of}")
def list_members(given: Given, request: Request, of: str) -> Response:
    """Return what there is of event types, EPCs, steps, places or dispositions."""
    _require_collection(of)
    require_known(request, *OF_PAGING)
    now_ms = given.clock()
    page = paging(request, now_ms)
    with given.records.reading() as transaction:
        events = transaction.events
        found = (
            events.uris(
                frozenset(EPC_FIELDS),
                page.name(),
                page.limit + 1,
                unserialised=not sees_serials(given, request),
            )
            if of == "epcs"
            else events.values(of, page.name(), page.limit + 1)
        )
    shown = found[: page.limit]
    after = {"name": shown[-1]} if len(found) > page.limit else None
    if of == "eventTypes" and page.after is None:
        shown = sorted({*EVENT_TYPES, *shown})
    return collection(shown, next_headers(request, after, now_ms))


@router.get("/{of}/{member:path}/events")
def list_events_of(
    given: Given, request: Request, of: str, member: str, extensions: Extensions
) -> Response:
    """Return the events of one member of a collection, and of the query parameters."""
    implied = _implied(of, member, extensions)
    asked = parse_query(asked_by(request), extensions)
    both = (*implied.conditions, *asked.conditions)
    query = Query(both, asked.order, asked.descending, asked.first, asked.most)
    return results(given, request, query, "SimpleEventQuery")


@router.get("/{of}/{member:path}")
def get_member(
    given: Given, request: Request, of: str, member: str, extensions: Extensions
) -> Response:
    """Return what can be asked of one member: its events."""
    query = _implied(of, member, extensions)
    require_known(request)
    serials = sees_serials(given, request)
    with given.records.reading() as transaction:
        known = member in EVENT_TYPES or search(transaction, query, None, 1, serials=serials).events
    if not known:
        message = f"nothing is known of {member[:120]}"
        raise NotFound(message)
    return collection(["events"])


def asked_by(request: Request) -> dict[str, Any]:
    """Return the query parameters of a request; ``|`` stands between alternatives."""
    asked: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in OF_PAGING:
            asked.setdefault(name, []).extend(value.split("|"))
    single = {name: values[0] for name, values in asked.items() if len(values) == 1}
    return {**asked, **single}


def results(given: Deps, request: Request, query: Query, name: str) -> Response:
    """Return one page of the answer to a query."""
    now_ms = given.clock()
    page, serials = paging(request, now_ms), sees_serials(given, request)
    told_before = page.told()
    limit = page.limit if query.first is None else min(page.limit, query.first - told_before)
    with given.records.reading() as transaction:
        found = (
            search(transaction, query, page.place(), limit, serials=serials)
            if limit > 0
            else Page((), None)
        )
    told_now = told_before + len(found.events)
    after: Mapping[str, str | int] | None = None
    if found.next is not None and (query.first is None or told_now < query.first):
        after = {"key": found.next.key, "number": found.next.number, "told": told_now}
    headers = next_headers(request, after, now_ms)
    return answer(_document(found.events, name, now_ms), headers)


def _document(events: Sequence[Told], name: str, now_ms: int) -> dict[str, Any]:
    context = merge_contexts(each.context for each in events)
    if context is not None:
        return write_results([each.event for each in events], context, name, now_ms)
    # Two documents gave one prefix two meanings: each event then carries its own context.
    own = [{"@context": _own(each), **_without_context(each.event)} for each in events]
    return write_results(own, merge_contexts([]), name, now_ms)


def _own(each: Told) -> list[Any]:
    parts: list[Any] = []
    for context in (each.context, each.event.get("@context")):
        parts += context if isinstance(context, list) else [context] if context else []
    return parts


def _without_context(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "@context"}


def _implied(of: str, member: str, extensions: Prefixes) -> Query:
    """Return the question that a member's path asks; raises `NotFound` when it can be none."""
    _require_collection(of)
    try:
        return parse_query({ASKED_BY[of]: member}, extensions)
    except InvalidInput as error:
        message = f"nothing is known of {member[:120]!r}: {error}"
        raise NotFound(message) from error


def _require_collection(of: str) -> None:
    if of not in ASKED_BY:
        message = (
            f"no resource {of[:60]!r}; there are {', '.join(ASKED_BY)}, events, queries, capture"
        )
        raise NotFound(message)
