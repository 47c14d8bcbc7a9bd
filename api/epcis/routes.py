"""The router of EPCIS: what there is, what each resource understands, and the parts."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.epcis import PREFIX, capture, events, queries
from api.epcis.paging import require_known
from api.epcis.protocol import (
    CAPTURE_DISCOVERY,
    DISCOVERY,
    answer,
    discovery,
    understood,
)
from traceability.epcis.document import CONTEXT

router = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[Depends(understood)])

_ALLOWED = {
    "": "GET",
    "/capture": "GET, POST",
    "/capture/{job}": "GET",
    "/events": "GET, POST",
    "/events/{id:path}": "GET",
    "/queries": "GET, POST",
    "/queries/{name}": "GET, DELETE",
    "/queries/{name}/events": "GET",
    **{
        f"/{name}{rest}": "GET"
        for name in events.ASKED_BY
        for rest in ("", "/{member:path}/events", "/{member:path}")
    },
}


_WHAT = {
    "/capture": "documents of many events, and what became of them; for the office",
    "/events": "events that answer query parameters, like ?EQ_bizStep=packing&perPage=10"
    " (EPCIS 2.0 section 8.2.7.1)",
    "/events/{id:path}": "one event, and any error declared of it",
    "/queries": "questions under a name",
    "/queries/{name}/events": "events that answer a question of that name",
    "/epcs": "things and logistic units that events name; /epcs/{uri}/events tells of one",
    "/bizSteps": "what was done; /bizSteps/packing/events tells of one step",
    "/eventTypes": "kinds of event; /eventTypes/AggregationEvent/events tells of one",
}
"""What each resource is for, in the words of the index; the others speak for themselves."""


@router.get("")
@router.get("/")
def resources(request: Request) -> Response:
    """Return the resources that there are: their names, as the standard asks, and how to ask."""
    require_known(request)
    rows = [
        {"path": PREFIX + path.replace(":path", ""), "methods": methods.split(", "),
         "what": _WHAT.get(path, "")}
        for path, methods in _ALLOWED.items() if path
    ]  # fmt: skip
    names = ["queries", "capture", "events", *events.ASKED_BY]
    index = {"@context": CONTEXT, "type": "Collection", "member": names, "resources": rows}
    return answer({**index, "documentation": _DOCUMENTATION})


_DOCUMENTATION = {
    "standard": "https://ref.gs1.org/standards/epcis/",
    "vocabulary": "https://ref.gs1.org/cbv/",
    "interface": "https://github.com/gs1/EPCIS/tree/master/REST%20Bindings",
}


@router.get("/{of}/")
def without_slash(request: Request, of: str) -> Response:
    """Lead on from a path that ends in a slash: no member has an empty name."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{PREFIX}/{of}{query}", status_code=307)


def _discover(path: str, methods: str) -> None:
    headers = CAPTURE_DISCOVERY if path in ("/capture", "/events") else DISCOVERY

    def options() -> Response:
        return discovery(f"OPTIONS, HEAD, {methods}", headers)

    router.add_api_route(path, options, methods=["OPTIONS"])


for _path, _methods in _ALLOWED.items():
    _discover(_path, _methods)
for _part in (capture, queries, events):
    router.include_router(_part.router)
