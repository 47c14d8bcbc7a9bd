"""Pages of the buyer's door."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.buyer import pages
from api.buyer.parties import Issuing, party_at
from api.deps import Given, address_of
from api.errors import status_of
from api.pages import render, told
from domain.errors import CallerError, InvalidInput, NotFound
from domain.gs1 import Giai, Gln, Gtin, LotNumber, Sscc
from domain.text import plain
from store.records import Transaction
from traceability import qr
from traceability.dossier import link_of, require_lot

router = APIRouter(include_in_schema=False)
_KINDS = ("fine", "problem", "counterfeit")
_MAX_NOTE, _MAX_CODE = 1_000, 200


@router.get("/lo/{gtin}/{lot}")
def lot_page(request: Request, given: Given, gtin: str, lot: str) -> Response:
    """The page of a lot, under the address that its link resolves to."""
    with given.records.reading() as transaction:
        found = transaction.lots.find(gtin, lot)
        if found is None:
            return pages.unknown_page(request, f"{gtin}/10/{lot}")
        said = request.query_params.multi_items()
        return pages.lot_page(request, given, transaction, found, said)


@router.get("/sp/{gtin}")
def product_page(request: Request, given: Given, gtin: str) -> Response:
    """The page of a product."""
    with given.records.reading() as transaction:
        product = transaction.lots.product(Gtin.parse(gtin))
        return pages.product_page(request, given, transaction, product)


@router.get("/noi-trong/{gln}")
def place_page(request: Request, given: Given, gln: str) -> Response:
    """The page of a place where something grows."""
    with given.records.reading() as transaction:
        plot = transaction.places.plot_at(Gln.parse(gln))
        if plot is None:
            message = f"no place {gln}"
            raise NotFound(message)
        return pages.place_page(request, given, transaction, plot)


@router.get("/hinh/{digest}.jpg")
def picture(given: Given, digest: str) -> Response:
    """A picture of a product, under the digest of what it shows: it never changes."""
    with given.records.reading() as transaction:
        if not transaction.papers.is_picture(digest):
            message = f"no picture {digest[:64]}"
            raise NotFound(message)
        file = transaction.papers.file(digest)
    lasting = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(file.content, media_type=file.media, headers=lasting)


@router.get("/don-vi/{gln}")
def party_page(request: Request, given: Given, gln: str) -> Response:
    """The page of a party, under the address that its link resolves to."""
    issuing = Issuing(given.issuer.name, given.issuer_gln)
    with given.records.reading() as transaction:
        party = party_at(transaction, issuing, Gln.parse(gln))
        if party is None:
            message = f"no party {gln}"
            raise NotFound(message)
        return pages.party_page(request, given, transaction, party)


@router.get("/thiet-bi/{giai:path}")
def device_page(request: Request, given: Given, giai: str) -> Response:
    """The page of a device; its number may hold a slash."""
    with given.records.reading() as transaction:
        device = transaction.gs1.device_of(Giai.parse(giai))
        if device is None:
            message = f"no device {giai}"
            raise NotFound(message)
        found = transaction.devices.register([device]).device(device)
        return pages.device_page(request, given, transaction, found)


@router.get("/kien/{sscc}")
def logistic_page(request: Request, given: Given, sscc: str) -> Response:
    """The page of a logistic unit."""
    with given.records.reading() as transaction:
        return pages.logistic_page(request, given, transaction, Sscc.parse(sscc))


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
