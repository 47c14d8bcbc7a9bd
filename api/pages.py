"""Rendering pages: one template environment, the same furniture on every page.

The style sheet is written into each page, so that the buyer's page is one request; its
hash stands in the Content-Security-Policy, which forbids everything else.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api import i18n
from api.wording import N_, sentence
from domain.errors import CallerError

_FOLDERS = ("shared", "grower/templates", "buyer/templates", "office/templates")


@cache
def style() -> str:
    """Return the style sheet."""
    return resources.files("api").joinpath("shared/style.css").read_text("utf-8")


@cache
def security_policy() -> str:
    """Return the Content-Security-Policy: our style, our forms, nothing from elsewhere."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("api", folder) for folder in _FOLDERS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined] # by the extension
        i18n.translations(language), newstyle=True
    )
    environment.globals |= {"language": language, "style": Markup(style())}  # noqa: S704 - ours
    environment.filters |= {
        "number": partial(i18n.number, language=language),
        "amount": partial(i18n.amount, language=language),
        "day": partial(i18n.day, language=language),
        "ago": partial(i18n.ago, language=language),
    }
    return environment


def render(
    request: Request, template: str, context: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """Return a page; its context is one view object a page, and nothing implicit."""
    language = i18n.language_of(request)
    shared = {"path": request.url.path, "query": _kept_query(request)}
    html = _environment(language).get_template(template).render({**shared, **context})
    asked = i18n.asked_language(request)
    return HTMLResponse(i18n.links_with_language(html, asked) if asked else html, status)


def error_page(request: Request, status: int, code: str, said: str | None) -> HTMLResponse:
    """Return a page that says what went wrong; ``said`` is the text to translate, if any."""
    context = {"status": status, "code": code, "message": said and text(request, said)}
    return render(request, "error.html", context, status)


def text(request: Request, message: str) -> str:
    """Return a message in the request's language."""
    return i18n.translations(i18n.language_of(request)).gettext(message)


def told(request: Request, error: CallerError) -> str:
    """Return in the request's language what is wrong with what was asked."""
    field, rule = getattr(error, "field", None), getattr(error, "rule", None)
    return text(request, sentence(error.code, field, rule) or N_("This could not be done."))


def _kept_query(request: Request) -> str:
    """Return the query without ``lang``, to switch languages without losing the rest."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    return "".join(f"&{k}={v}" for k, v in kept if k.isalnum() and v.isalnum())
