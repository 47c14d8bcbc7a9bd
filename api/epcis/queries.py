"""Questions under a name: written down once, asked by anyone.

Subscriptions are not offered: an event is told to whoever asks, and pushed to nobody.
"""

import json
import re
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from api.deps import Caller, Given, require_office
from api.epcis.events import results
from api.epcis.paging import OF_PAGING, next_headers, paging, require_known
from api.epcis.protocol import Extensions, Payload, answer, at
from domain.errors import InvalidInput
from store.records.captures import NamedQuery
from traceability.epcis.document import parse
from traceability.epcis.query import Query, parse_query
from traceability.epcis.vocabulary import namespaces
from traceability.epcis.wanted import Prefixes

router = APIRouter()
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
_LONGEST = 20_000


@router.post("/queries")
def post_query(given: Given, caller: Caller, payload: Payload, extensions: Extensions) -> Response:
    """Write down a question; 409 when the name is taken."""
    require_office(caller)
    body = parse(payload)
    name, query = body.get("name"), body.get("query")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = "a name is letters, digits, . _ ~ and -, 64 at most"
        raise InvalidInput(message, "name")
    if not isinstance(query, dict) or len(payload) > _LONGEST or set(body) - {"name", "query"}:
        message = f"a JSON object of name and query is needed, at most {_LONGEST} bytes"
        raise InvalidInput(message, "query")
    written = {"query": query, "prefixes": dict(extensions.known)}
    _understood(written)
    kept = NamedQuery(name, json.dumps(written), caller.login, given.clock())
    with given.records.transaction() as transaction:
        transaction.captures.add_query(kept)
    return answer(_told(kept), {"Location": at("queries", name)}, 201)


@router.get("/queries")
def list_queries(given: Given, request: Request) -> Response:
    """Return the questions that have a name."""
    require_known(request, *OF_PAGING)
    now_ms = given.clock()
    page = paging(request, now_ms)
    with given.records.reading() as transaction:
        found = transaction.captures.queries(page.name(), page.limit + 1)
    shown = found[: page.limit]
    after = {"name": shown[-1].name} if len(found) > page.limit else None
    return answer([_told(each) for each in shown], next_headers(request, after, now_ms))


@router.get("/queries/{name}")
def get_query(given: Given, name: str) -> Response:
    """Return a question."""
    with given.records.reading() as transaction:
        return answer(_told(transaction.captures.query(name)))


@router.delete("/queries/{name}")
def delete_query(given: Given, caller: Caller, name: str) -> Response:
    """Forget a question."""
    require_office(caller)
    with given.records.transaction() as transaction:
        transaction.captures.remove_query(name)
    return Response(status_code=204)


@router.get("/queries/{name}/events")
def list_events_of_query(given: Given, request: Request, name: str) -> Response:
    """Return the events that answer a question; what it asks is written down, and no more."""
    require_known(request, *OF_PAGING)
    with given.records.reading() as transaction:
        written = json.loads(transaction.captures.query(name).query)
    return results(given, request, _understood(written), name)


@router.api_route("/queries/{name}/subscriptions", methods=["GET", "POST"])
@router.api_route("/queries/{name}/subscriptions/{subscription}", methods=["GET", "DELETE"])
def subscriptions() -> Response:
    """Refuse subscriptions, and say so."""
    raise HTTPException(501, "subscriptions are not offered; ask GET /queries/{name}/events")


def _understood(written: dict[str, Any]) -> Query:
    asked = dict(written["query"])
    known = {**written["prefixes"], **namespaces(asked.pop("@context", None))}
    return parse_query(asked, Prefixes(known))


def _told(query: NamedQuery) -> dict[str, Any]:
    return {"name": query.name, "query": json.loads(query.query)["query"]}
