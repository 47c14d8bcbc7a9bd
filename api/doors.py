"""The front doors, and signing in and out of them.

A session may end while somebody writes: what a form sent then stands, hidden, in the
sign-in form, and a redirect that keeps method and body (307) hands it on afterwards.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.auth import SESSION_MS, WAIT_MS
from api.deps import COOKIE, Deps, Given, address_of
from api.pages import render, text
from domain.errors import InvalidInput, NotSignedIn, TooMany
from domain.window import SECOND_MS
from traceability.passport import link_of

router = APIRouter(include_in_schema=False)
_OWN = ("login", "secret", "next", "again")
# Only our own pages: an address from elsewhere would send people away after signing in.
_INSIDE = re.compile(r"/(r|qt)(/[A-Za-z0-9._~%-]+)*(\?[A-Za-z0-9=&._-]*)?")


async def _fields(request: Request) -> dict[str, str]:
    return {name: word for name, word in (await request.form()).items() if isinstance(word, str)}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


@router.get("/")
def doors(request: Request, given: Given) -> Response:
    """Three doors, one a kind of visitor."""
    with given.records.reading() as transaction:
        newest = next(iter(transaction.lots.lots()), None)
        example = link_of(transaction, newest).path() if newest else None
    return render(request, "doors.html", {"example": example, "demo": given.demo})


@router.get("/dang-nhap")
def sign_in_form(request: Request, given: Given) -> Response:
    """The sign-in form."""
    return _form(request, given, {"next": request.query_params.get("next", "")}, None, 200)


@router.post("/dang-nhap")
def sign_in(request: Request, given: Given, fields: Fields) -> Response:
    """Sign in and go where the visitor was going, or to the door of the account's role."""
    wanted = fields.get("next", "")
    kept = {name: word for name, word in fields.items() if name not in _OWN}
    login, secret = fields.get("login", "").strip(), fields.get("secret", "").strip()
    try:
        token = given.sessions.sign_in(login, secret, address_of(request))
    except (NotSignedIn, TooMany, InvalidInput) as error:
        status, problem = 401, text(request, "Login or PIN is wrong.")
        if isinstance(error, TooMany):
            status, problem = 429, text(request, "Too many wrong tries. Wait half a minute.")
            if error.retry_s < WAIT_MS // SECOND_MS:
                problem = text(request, "Many are signing in now. Try again in a few seconds.")
        return _form(request, given, {**kept, "next": wanted, "login": login}, problem, status)
    account = given.sessions.account(token)
    door = "/qt" if account is not None and account.role == "office" else "/r"
    inside = _INSIDE.fullmatch(wanted) is not None
    again = inside and bool(fields.get("again"))
    answer = RedirectResponse(wanted if inside else door, status_code=307 if again else 303)
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


def _form(
    request: Request, given: Deps, typed: Mapping[str, str], problem: str | None, status: int
) -> Response:
    wanted = typed.get("next", "")
    context = {
        "problem": problem,
        "demo": given.demo,
        "next": wanted if _INSIDE.fullmatch(wanted) else "",
        "login": typed.get("login", ""),
        "kept": {name: word for name, word in typed.items() if name not in _OWN},
    }
    return render(request, "sign_in.html", context, status)
