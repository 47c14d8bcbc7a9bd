"""A lot in somebody else's page: a small card for a web shop, and oEmbed to find it.

The card is a frame of ours, never a copy: a recall shows in every shop within a minute,
whatever the shop keeps. It holds no script, asks nothing from elsewhere, and is not counted
as a scan: looking at a shop is not holding a label.
"""

from html import escape
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from api.deps import Given
from api.i18n import language_of
from api.pages import render, security_policy
from domain.errors import InvalidInput, NotFound
from domain.gs1 import Gtin, LotNumber
from domain.lot import Lot
from domain.window import local_day
from store.records import Transaction
from traceability.digital_link import parse
from traceability.dossier import link_of
from traceability.epcis.identifiers import STEM
from traceability.short_code import parse_code
from traceability.standing import recall_of, standing

router = APIRouter(include_in_schema=False)
_WIDTH, _HEIGHT = 360, 300
_LIFE_S = 60
_MOST = 500
_CACHED = {"Cache-Control": f"public, max-age={_LIFE_S}", "Vary": "Accept-Language"}
Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/nhung/{gtin}/{lot}")
def card(request: Request, given: Given, gtin: str, lot: str) -> Response:
    """The card of a lot, to be framed by any page; for an unknown lot it says so."""
    with given.records.reading() as transaction:
        found = transaction.lots.find(gtin, lot)
        context = {"lot": found} if found is None else _context(transaction, given.clock(), found)
        link = given.address if found is None else link_of(transaction, found).mint(given.address)
    answer = render(request, "card.html", {**context, "link": link}, 404 if found is None else 200)
    answer.headers["Content-Security-Policy"] = security_policy().replace(
        "frame-ancestors 'none'", "frame-ancestors *"
    )
    answer.headers.update(_CACHED)
    return answer


def _context(transaction: Transaction, now_ms: int, lot: Lot) -> dict[str, object]:
    zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
    recall = recall_of(transaction, lot)
    return {
        "lot": lot,
        "product": transaction.lots.product(lot.gtin),
        "state": standing(transaction, lot, local_day(now_ms, zone)).value,
        "reason": None if recall is None else recall.reason,
    }


@router.get("/oembed")
def oembed(
    request: Request, given: Given, url: str, maxwidth: Limit = _WIDTH, maxheight: Limit = _HEIGHT,
    format: str = "json",  # noqa: A002 - the name is oEmbed's
) -> Response:  # fmt: skip
    """What a page needs to show a lot whose link it has (https://oembed.com, 1.0; JSON alone)."""
    if format != "json":
        return Response("oEmbed is answered as JSON here\n", 501, media_type="text/plain")
    if len(url) > _MOST:
        message = f"a link has at most {_MOST} signs"
        raise InvalidInput(message, "url")
    with given.records.reading() as transaction:
        lot = _lot_of(transaction, given.address, url)
        name = transaction.lots.product(lot.gtin)
    language = language_of(request)
    title = f"{name.name_vi if language == 'vi' else name.name_en} · {lot.number}"
    width, height = min(_WIDTH, maxwidth), min(_HEIGHT, maxheight)
    path = f"/nhung/{lot.gtin}/{quote(lot.number, safe='')}"
    source = f"{given.address}{path}" + ("" if language == "vi" else f"?lang={language}")
    told = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "Nguồn",
        "provider_url": f"{given.address}/",
        "cache_age": _LIFE_S,
        "width": width,
        "height": height,
        "html": (
            f'<iframe src="{escape(source)}" width="{width}" height="{height}"'
            f' title="{escape(title)}" loading="lazy" referrerpolicy="no-referrer"'
            ' sandbox="allow-popups allow-popups-to-escape-sandbox" style="border:0"></iframe>'
        ),
    }
    return JSONResponse(told, headers={"Access-Control-Allow-Origin": "*", **_CACHED})


def found_by(link: str, language: str) -> str:
    """Return where oEmbed tells of a lot by its link, for the head of its page."""
    asked = {"url": link} | ({} if language == "vi" else {"lang": language})
    return f"/oembed?{urlencode(asked)}"


def _lot_of(transaction: Transaction, address: str, url: str) -> Lot:
    """Return the lot that a link of ours names; raises `NotFound`, `InvalidInput`."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        message = f"not a link: {url[:60]!r}"
        raise InvalidInput(message, "url") from error
    if parts.netloc not in (urlsplit(address).netloc, urlsplit(STEM).netloc):
        message = f"only links of {address} are known here"
        raise NotFound(message)
    match parts.path.split("/")[1:]:
        case ["T" | "t", code]:
            lot = transaction.lots.by_short_number(parse_code(code))
        case ["lo", gtin, number]:
            lot = transaction.lots.find(Gtin.parse(gtin), LotNumber.parse(number))
        case _:
            link = parse(url)  # a unit's link leads to its lot
            lot = transaction.lots.find(link.key[1], link.value("10") or "")
    if lot is None:
        message = "no lot has this link"
        raise NotFound(message)
    return lot
