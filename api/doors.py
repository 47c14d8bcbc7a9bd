"""The front doors, and signing in and out of them.

A session may end while somebody writes: what a form sent then stands, hidden, in the
sign-in form, and a redirect that keeps method and body (307) hands it on afterwards.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.auth import SESSION_MS, WAIT_MS
from api.deps import COOKIE, Given, address_of
from api.pages import render, text
from api.sign_in import form, inside, sent
from domain.errors import InvalidInput, NotSignedIn, TooMany
from domain.window import SECOND_MS
from traceability.dossier import link_of

router = APIRouter(include_in_schema=False)
Fields = Annotated[Mapping[str, str], Depends(sent)]


@router.get("/")
def doors(request: Request, given: Given) -> Response:
    """Three doors, one a kind of visitor."""
    with given.records.reading() as transaction:
        newest = next(iter(transaction.lots.lots()), None)
        example = link_of(transaction, newest).path() if newest else None
    return render(request, "doors.html", {"example": example, "demo": given.demo})


@router.get("/dang-nhap")
def sign_in_form(request: Request) -> Response:
    """The sign-in form."""
    return form(request, {"next": request.query_params.get("next", "")}, None, 200)


@router.post("/dang-nhap")
def sign_in(request: Request, given: Given, fields: Fields) -> Response:
    """Sign in and go where the visitor was going, or to the door of the account's role."""
    login, secret = fields.get("login", "").strip(), fields.get("secret", "").strip()
    try:
        token = given.sessions.sign_in(login, secret, address_of(request))
    except (NotSignedIn, TooMany, InvalidInput) as error:
        status, problem = 401, text(request, "Login or PIN is wrong.")
        if isinstance(error, TooMany):
            status, problem = 429, text(request, "Too many wrong tries. Wait half a minute.")
            if error.retry_s < WAIT_MS // SECOND_MS:
                problem = text(request, "Many are signing in now. Try again in a few seconds.")
        return form(request, {**fields, "login": login}, problem, status)
    account = given.sessions.account(token)
    door = "/qt" if account is not None and account.role == "office" else "/r"
    wanted = inside(fields.get("next", ""))
    again = bool(wanted and fields.get("again"))
    answer = RedirectResponse(wanted or door, status_code=307 if again else 303)
    answer.set_cookie(
        COOKIE, token, max_age=SESSION_MS // SECOND_MS, httponly=True, samesite="lax",
        secure=given.address.startswith("https://"),
    )  # fmt: skip
    return answer


@router.post("/dang-xuat")
def sign_out(request: Request, given: Given) -> Response:
    """End the session."""
    given.sessions.sign_out(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer
