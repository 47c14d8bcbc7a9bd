"""The sign-in form, and what it carries through: where somebody was going, what they sent."""

import re
from collections.abc import Mapping

from fastapi import Request, Response

from api.pages import render

OWN = ("login", "secret", "next", "again")
# Only our own pages: an address from elsewhere would send people away after signing in.
_INSIDE = re.compile(r"/(r|qt)(/[A-Za-z0-9._~%-]+)*(\?[A-Za-z0-9=&._-]*)?")


def inside(wanted: str) -> str:
    """Return the page of ours that somebody wanted, empty when it is none."""
    return wanted if _INSIDE.fullmatch(wanted) else ""


async def sent(request: Request) -> dict[str, str]:
    """Return the texts of a form."""
    return {name: word for name, word in (await request.form()).items() if isinstance(word, str)}


def form(request: Request, typed: Mapping[str, str], problem: str | None, status: int) -> Response:
    """Return the form over what was typed into it and what it carries through."""
    context = {
        "problem": problem,
        "demo": request.app.state.deps.demo,
        "next": inside(typed.get("next", "")),
        "login": typed.get("login", ""),
        "kept": {name: word for name, word in typed.items() if name not in OWN},
    }
    return render(request, "sign_in.html", context, status)
