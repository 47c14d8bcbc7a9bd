"""The answer to a link: a page, a set of links, a redirect, or a choice of several."""

import json
from collections.abc import Sequence
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.buyer import pages
from api.buyer.parties import Issuing, Party
from api.deps import Deps
from api.i18n import language_of
from api.pages import render, text
from api.resolver import linkset
from api.resolver.asked import HTML, LINKSET, Asked
from api.resolver.choose import choose
from api.resolver.levels import Level, levels_of
from api.resolver.links import Target
from api.resolver.request import Named
from domain.device import Device
from domain.errors import NotFound
from domain.gs1 import Sscc
from domain.lot import Lot, Product
from store.records import Transaction


def resolve(request: Request, given: Deps, named: Named) -> Response:
    """Return what a link leads to; raises `NotFound`, and `InvalidInput` to programs."""
    asked = Asked.of(request)
    with given.records.reading() as transaction:
        issuing = Issuing(given.issuer.name, given.issuer_gln)
        levels = levels_of(transaction, named.link, issuing)
        if not levels:
            message = f"nothing is known of {named.link.path_text()}"
            raise NotFound(message)
        if asked.page:
            answer = _page(request, given, transaction, levels, named)
        else:
            answer = _for_programs(request, given, levels, named, asked)
    headers = [answer.headers.get("link"), linkset.header(levels, named.link, given.address)]
    headers += [linkset.same_as(named.plain)] if named.plain else []
    answer.headers["Link"] = ", ".join(part for part in headers if part)
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


def _page(
    request: Request, given: Deps, transaction: Transaction, levels: Sequence[Level], named: Named
) -> Response:
    """Show the nearest thing; never the product in place of a lot that is not known."""
    thing = levels[0].thing
    if isinstance(thing, Lot):
        unit = named.link.value("21")
        said = [("21", unit)] if unit else []
        said += parse_qsl(named.query, keep_blank_values=True)
        answer = pages.lot_page(request, given, transaction, thing, said)
    elif isinstance(thing, Sscc):
        answer = pages.logistic_page(request, given, transaction, thing)
    elif named.link.value("10") is not None:
        message = f"no lot {named.link.path_text()}"
        raise NotFound(message)
    elif isinstance(thing, Product):
        answer = pages.product_page(request, given, transaction, thing)
    elif isinstance(thing, Party):
        answer = pages.party_page(request, given, transaction, thing)
    elif isinstance(thing, Device):
        answer = pages.device_page(request, given, transaction, thing)
    else:
        answer = pages.place_page(request, given, transaction, thing)
    if named.problem is not None:
        # The goods are known and shown; that the link is no valid one is told by the status.
        answer.status_code = 400
    return answer


def _for_programs(
    request: Request, given: Deps, levels: Sequence[Level], named: Named, asked: Asked
) -> Response:
    if named.problem is not None:
        raise named.problem
    if asked.set_as is not None:
        whole = linkset.document(
            levels, given.address, language_of(request), lambda title: text(request, title)
        )
        return _set(whole, 200, asked.set_as)
    found = choose(levels, asked)
    if not found:
        message = f"no link of type {str(asked.link_type)[:80]!r} is known here"
        raise NotFound(message)
    if len(found) > 1:
        return _several(request, given, levels[0], found, asked)
    query = f"?{named.query}" if named.query else ""
    answer = RedirectResponse(given.address + found[0].href + query, status_code=307)
    answer.headers["Cache-Control"] = pages.CACHED
    return answer


def _several(
    request: Request, given: Deps, level: Level, found: Sequence[Target], asked: Asked
) -> Response:
    if asked.media.get(HTML, 0.0) > 0:
        return render(request, "choices.html", {"found": found, "level": level}, 300)
    few = linkset.choices(found, level, given.address, lambda title: text(request, title))
    return _set(few, 300, LINKSET)


def _set(whole: object, status: int, media: str) -> Response:
    headers = {"Link": linkset.CONTEXT_LINK, "Cache-Control": pages.CACHED}
    body = json.dumps(whole, ensure_ascii=False)
    return Response(body, status, headers, media_type=media)
