"""The router of EPCIS: what there is, what each resource understands, and the parts."""

from fastapi import APIRouter, Depends, Response

from api.epcis import PREFIX, capture, events, queries
from api.epcis.protocol import (
    CAPTURE_DISCOVERY,
    DISCOVERY,
    collection,
    discovery,
    understood,
)

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


@router.get("")
@router.get("/")
def resources() -> Response:
    """Return the resources that there are."""
    return collection(["queries", "capture", "events", *events.ASKED_BY])


def _discover(path: str, methods: str) -> None:
    headers = CAPTURE_DISCOVERY if path in ("/capture", "/events") else DISCOVERY

    def options() -> Response:
        return discovery(f"OPTIONS, HEAD, {methods}", headers)

    router.add_api_route(path, options, methods=["OPTIONS"])


for _path, _methods in _ALLOWED.items():
    _discover(_path, _methods)
for _part in (capture, queries, events):
    router.include_router(_part.router)
