"""Which EPCIS is spoken: versions, media types, formats, and the headers that say so.

EPCIS 2.0 section 12.2 and the header parameters of its openapi.yaml.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from api.epcis import MOST_BYTES, PREFIX
from traceability.epcis.document import CONTEXT
from traceability.epcis.wanted import Prefixes

EPCIS_VERSION = CBV_VERSION = "2.0.0"
MOST_EVENTS = 1_000
"""Events in one capture."""

_JSON = ("application/json", "application/ld+json")
_WILD = ("*/*", "application/*")
_KEPT_AS_WRITTEN = ("No_Preference", "Never_Translates")

VERSIONS = {"GS1-EPCIS-Version": EPCIS_VERSION, "GS1-CBV-Version": CBV_VERSION}
DISCOVERY = {
    **VERSIONS,
    "GS1-EPCIS-Min": EPCIS_VERSION,
    "GS1-EPCIS-Max": EPCIS_VERSION,
    "GS1-CBV-Min": CBV_VERSION,
    "GS1-CBV-Max": CBV_VERSION,
    "GS1-EPC-Format": "Never_Translates",
    "GS1-Vendor-Version": "nguon-1",
}
CAPTURE_DISCOVERY = {
    **DISCOVERY,
    "GS1-EPCIS-Capture-Limit": str(MOST_EVENTS),
    "GS1-EPCIS-Capture-File-Size-Limit": str(MOST_BYTES),
    "GS1-Capture-Error-Behaviour": "all",
}


def understood(request: Request) -> None:
    """Raise 406 or 415 unless the request is in a tongue that we speak."""
    headers = request.headers
    accept = [part.split(";")[0].strip() for part in headers.get("accept", "*/*").split(",")]
    if not any(part in (*_JSON, *_WILD) for part in accept):
        raise HTTPException(406, "answers are application/json or application/ld+json")
    for name in ("GS1-EPC-Format", "GS1-CBV-XML-Format"):
        if headers.get(name, "No_Preference") not in _KEPT_AS_WRITTEN:
            raise HTTPException(406, f"{name}: identifiers and words are told as they came")
    for standard, ours in (("EPCIS", EPCIS_VERSION), ("CBV", CBV_VERSION)):
        least, most = (headers.get(f"GS1-{standard}-{end}") for end in ("Min", "Max"))
        if (least and _number(least) > _number(ours)) or (most and _number(most) < _number(ours)):
            raise HTTPException(406, f"{standard} {ours} is spoken here, and no other version")
        asked = headers.get(f"GS1-{standard}-Version")
        if asked and _number(asked)[:2] != _number(ours)[:2]:
            raise HTTPException(406, f"{standard} {ours} is spoken here, and no other version")


def _number(version: str) -> tuple[int, ...]:
    """Return a version as numbers, filled up to three, so that 2.0 is 2.0.0."""
    parts = version.strip().split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise HTTPException(406, f"not a version: {version[:20]!r}")
    return (*(int(part) for part in parts), 0, 0)[:3]


async def json_body(request: Request) -> bytes:
    """Return the bytes of a JSON body; raises 415 on another kind."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in _JSON:
        raise HTTPException(415, "a body is application/json or application/ld+json")
    return await request.body()


def prefixes(request: Request) -> Prefixes:
    """Return the prefixes of ``GS1-Extensions: ex=https://ns.example.com/epcis/``."""
    pairs = (
        part.strip().partition("=") for part in request.headers.get("GS1-Extensions", "").split(",")
    )
    return Prefixes({prefix: space.strip() for prefix, equals, space in pairs if equals and space})


Payload = Annotated[bytes, Depends(json_body)]
Extensions = Annotated[Prefixes, Depends(prefixes)]


def answer(
    content: Any, headers: Mapping[str, str] | None = None, status: int = 200
) -> JSONResponse:
    """Return JSON with the headers that every answer has."""
    return JSONResponse(content, status, {**VERSIONS, **(headers or {})})


def collection(members: list[str], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a Collection, the shape of every list of names."""
    return answer({"@context": CONTEXT, "type": "Collection", "member": members}, headers)


def discovery(allow: str, headers: Mapping[str, str]) -> Response:
    """Return the answer to OPTIONS."""
    return Response(status_code=204, headers={**headers, "Allow": allow})


def at(*parts: str) -> str:
    """Return the path of a resource; parts are quoted."""
    return "/".join((PREFIX, *(quote(part, safe="") for part in parts)))
