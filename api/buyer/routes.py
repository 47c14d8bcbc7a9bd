"""Pages of the buyer's door."""

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.buyer.views import lot_view
from api.deps import Given, address_of
from api.errors import status_of
from api.i18n import language_of
from api.pages import render, told
from domain.errors import CallerError, InvalidInput
from domain.gs1 import Gtin, LotNumber
from domain.lot import LotState
from domain.text import plain
from store.records import Transaction
from traceability import qr
from traceability.dossier import link_of, require_lot

router = APIRouter(include_in_schema=False)
_KINDS = ("fine", "problem", "counterfeit")
_MAX_NOTE, _MAX_CODE = 1_000, 200
_OTHERWISE = re.compile(r"([0-9]{8}|[0-9]{12,14})/10/([^/]{1,20})(/?)")


@router.get("/01/{gtin}/10/{lot}")
def lot_page(request: Request, given: Given, gtin: str, lot: str) -> Response:
    """What a label leads to; 404 with a way to report it when the lot is unknown."""
    with given.records.reading() as transaction:
        try:
            found = transaction.lots.find(Gtin.parse(gtin), LotNumber.parse(lot))
        except InvalidInput:
            found = None
        if found is None:
            return _elsewhere(request, f"{gtin}/10/{lot}")
        view = lot_view(
            transaction, given.series, found, request.query_params.multi_items(), given.clock(),
            language_of(request),
        )  # fmt: skip
    answer = render(request, "lot.html", {"view": view, "states": LotState})
    # Short enough that a recall is seen within a minute, long enough for a market day.
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


@router.get("/01/{rest:path}")
def unknown_link(request: Request, rest: str) -> Response:
    """Any other shape of label: unknown, said so, with a way to report it."""
    return _elsewhere(request, rest)


def _elsewhere(request: Request, rest: str) -> Response:
    """Send a link written otherwise to the form that GS1 Digital Link 1.4 asks for.

    A shorter GTIN, or a slash at the end, is how some tools write the same link.
    """
    written = _OTHERWISE.fullmatch(rest)
    if written and (len(written[1]), written[3]) != (14, ""):
        query = f"?{request.url.query}" if request.url.query else ""
        path = f"/01/{written[1].zfill(14)}/10/{quote(written[2], safe='')}"
        return RedirectResponse(path + query, status_code=307)
    return _unknown(request, rest[:120])


@router.get("/tem/{gtin}/{lot}.{kind}")
def label_picture(given: Given, gtin: str, lot: str, kind: str) -> Response:
    """The QR code of a lot, as SVG or PNG."""
    with given.records.reading() as transaction:
        link = _link(transaction, given.address, gtin, lot)
    if kind == "png":
        return Response(qr.png(link), media_type="image/png")
    if kind != "svg":
        message = "a label is an svg or a png"
        raise InvalidInput(message, "kind")
    return Response(qr.svg(link), media_type="image/svg+xml")


@router.get("/kiem-chung")
def explanation(request: Request, given: Given) -> Response:
    """What a passport proves, what it does not, and how to check it oneself."""
    trust = given.trust()
    context = {"keys": trust.keys, "log": trust.log, "address": given.address}
    return render(request, "explanation.html", context)


@router.post("/phan-hoi")
def report(
    request: Request,
    given: Given,
    code: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "problem",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Take a buyer's report and give a receipt number; on an error, the form again."""
    try:
        if kind not in _KINDS:
            message = f"one of {', '.join(_KINDS)}"
            raise InvalidInput(message, "kind")
        said = plain(note, "note", _MAX_NOTE, lines=True)
        seen = plain(code, "code", _MAX_CODE)
        given.reports.count(address_of(request))
    except CallerError as error:
        again = {"code": code[:_MAX_CODE], "note": note, "problem": told(request, error)}
        return render(request, "report.html", again, status_of(type(error)))
    with given.records.transaction() as transaction:
        number = transaction.lots.add_report(seen, kind, said, given.clock())
    return render(request, "thanks.html", {"number": number}, 201)


def _link(transaction: Transaction, address: str, gtin: str, lot: str) -> str:
    found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
    return link_of(transaction, found).mint(address)


def _unknown(request: Request, code: str) -> Response:
    code = "".join(sign for sign in code if sign.isprintable())
    return render(request, "unknown.html", {"code": code}, 404)
