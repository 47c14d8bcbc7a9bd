"""Errors as EPCIS tells them: RFC 7807, with an ``epcisException`` for a type.

The members of the one shape that all our interfaces have (error, message, field, rule)
stand beside those of RFC 7807, which allows for them; so do ``section``, where the standard
speaks of it, and ``help``, the index of what there is.
"""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from api.epcis import PREFIX

_TYPES = {
    401: "SecurityException",
    403: "SecurityException",
    404: "NoSuchResourceException",
    406: "NotAcceptableException",
    409: "ResourceAlreadyExistsException",
    414: "URITooLongException",
    415: "UnsupportedMediaTypeException",
}
_SECTIONS = {
    "QueryParameterException": "EPCIS 2.0 section 8.2.7.1 (parameters of SimpleEventQuery)",
    "QueryTooLargeException": "EPCIS 2.0 section 8.2.7.1 (maxEventCount)",
    "ValidationException": "EPCIS 2.0 sections 7.4 (events) and 9.5 (JSON)",
}
_MATCHING = "EPCIS 2.0 section 8.2.7.1.1 (processing of MATCH parameters)"
_BINDING = "EPCIS 2.0 section 12 (REST binding)"
_ASKED = {400: "QueryParameterException", 413: "QueryTooLargeException"}
_CAPTURED = {400: "ValidationException", 413: "CaptureLimitExceededException"}


def is_epcis(request: Request) -> bool:
    """Whether a request is one of EPCIS."""
    return request.url.path == PREFIX or request.url.path.startswith(f"{PREFIX}/")


def epcis_problem(request: Request, status: int, told: dict[str, Any]) -> JSONResponse:
    """Return the answer to an error; ``told`` is our own shape of it."""
    captures = request.method == "POST" and not request.url.path.startswith(f"{PREFIX}/queries")
    by_purpose = _CAPTURED if captures else _ASKED
    kind = by_purpose.get(status) or _TYPES.get(status, "ImplementationException")
    content = {
        "type": f"epcisException:{kind}",
        "title": str(told["error"]),
        "status": status,
        "detail": str(told["message"]),
        "section": _section(kind, str(told.get("field", ""))),
        "help": PREFIX,
        **told,
    }
    return JSONResponse(content, status, media_type="application/problem+json")


def _section(kind: str, field: str) -> str:
    """Return where the standard says what was asked for; ``help`` is where we say it."""
    if field.startswith("GS1-"):
        return _BINDING
    if kind == "QueryParameterException" and field.startswith("MATCH_"):
        return _MATCHING
    return _SECTIONS.get(kind, _BINDING)


def fault_in_job(error: dict[str, Any]) -> dict[str, Any]:
    """Return what a capture job tells of an event that could not be kept."""
    return {
        "type": "epcisException:ValidationException",
        "title": "invalid-input",
        "status": 400,
        "detail": error["message"],
        "section": _SECTIONS["ValidationException"],
        **error,
    }
