"""Errors as EPCIS tells them: RFC 7807, with an ``epcisException`` for a type.

The members of the one shape that all our interfaces have (error, message, field, rule)
stand beside those of RFC 7807, which allows for them.
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
        **told,
    }
    return JSONResponse(content, status, media_type="application/problem+json")


def fault_in_job(error: dict[str, Any]) -> dict[str, Any]:
    """Return what a capture job tells of an event that could not be kept."""
    return {
        "type": "epcisException:ValidationException",
        "title": "invalid-input",
        "status": 400,
        "detail": error["message"],
        **error,
    }
