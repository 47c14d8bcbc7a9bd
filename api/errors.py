"""From the error tree to HTTP: one status a class, one JSON shape, one page.

The shape is ``{"error": CODE, "message": TEXT}`` with ``field`` or ``rule`` where the
error has one. Whatever is not in the tree is a fault of ours: 500, logged, told as such.
"""

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.epcis.problems import epcis_problem, is_epcis
from api.pages import error_page
from api.sign_in import form, sent
from api.wording import sentence
from domain import errors as e

_log = logging.getLogger(__name__)

STATUS: dict[type[e.NguonError], int] = {
    e.NguonError: 500,
    e.DeviceError: 400,
    e.OperatorError: 503,
    e.StoreTooNew: 500,
    e.StoreRefused: 500,
    e.BadSettings: 500,
    e.CallerError: 400,
    e.InvalidInput: 400,
    e.NotFound: 404,
    e.Clash: 409,
    e.Refused: 422,
    e.NotSignedIn: 401,
    e.NotAllowed: 403,
    e.TooLarge: 413,
    e.TooMany: 429,
    e.ClaimError: 422,
}


_HTTP_CODES = {
    400: e.InvalidInput.code,
    404: e.NotFound.code,
    405: "method-not-allowed",
}


class Problem(BaseModel):
    """The one shape of every error answer."""

    error: str
    message: str
    field: str | None = None
    rule: str | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 422, 429, 503)
}


def status_of(kind: type[e.NguonError]) -> int:
    """Return the status of an error class: its own, or its nearest ancestor's."""
    return next(STATUS[c] for c in kind.__mro__ if c in STATUS)


def install(app: FastAPI) -> None:
    """Teach ``app`` to answer errors in one shape."""
    app.add_exception_handler(e.NguonError, _on_ours)
    app.add_exception_handler(e.NotSignedIn, _on_not_signed_in)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_fault)


def _on_ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, e.NguonError):
        return _on_fault(request, error)
    status = status_of(type(error))
    if status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    problem = Problem(
        error=error.code,
        message=str(error),
        field=getattr(error, "field", None),
        rule=getattr(error, "rule", None),
    )
    answer = _answer(request, status, problem)
    if isinstance(error, e.TooMany):
        answer.headers["Retry-After"] = str(error.retry_s)
    return answer


async def _on_not_signed_in(request: Request, error: Exception) -> Response:
    """Send a visitor to sign in, with where they were going and what they sent."""
    if not _is_page(request):
        return _on_ours(request, error)
    if request.method != "POST":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/dang-nhap?next={quote(wanted, safe='/')}", status_code=303)
    return form(request, {**await sent(request), "next": request.url.path}, None, 401)


def _on_invalid(request: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = [str(part) for part in first.get("loc", ())[1:]]
    problem = Problem(
        error=e.InvalidInput.code,
        message=str(first.get("msg", error)),
        field=".".join(where) or None,
    )
    return _answer(request, 400, problem)


def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _HTTP_CODES.get(status, e.CallerError.code)
    return _answer(
        request, status, Problem(error=code, message=str(getattr(error, "detail", error)))
    )


def _on_fault(request: Request, error: Exception) -> Response:
    _log.error("%s %s", request.method, request.url.path, exc_info=error)
    message = "the fault is ours; nothing you sent was lost, please try again in a few minutes"
    return _answer(request, 500, Problem(error="internal-error", message=message))


def _answer(request: Request, status: int, problem: Problem) -> Response:
    if is_epcis(request):
        return epcis_problem(request, status, problem.model_dump(exclude_none=True))
    if _is_page(request):
        said = sentence(problem.error, problem.field, problem.rule)
        return error_page(request, status, problem.error, said)
    return JSONResponse(problem.model_dump(exclude_none=True), status_code=status)


def _is_page(request: Request) -> bool:
    machine = request.url.path.startswith(("/v1/", "/.well-known/")) or is_epcis(request)
    return not machine and "text/html" in request.headers.get("accept", "")


def too_large(limit: int, *, told_as_such: bool = False) -> e.NguonError:
    """Return the error for a body of unknown or excessive size; 413 where it is told as such."""
    message = f"a body needs a length of at most {limit} bytes"
    return e.TooLarge(message) if told_as_such else e.InvalidInput(message, "body")


def cross_site() -> e.NguonError:
    """Return the error for a form sent from another site."""
    return e.NotAllowed("this form was sent from another site")


def answer_for(request: Request, error: Exception) -> Response:
    """Return the answer to an error outside a route."""
    return _on_ours(request, error)
