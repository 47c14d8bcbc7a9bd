"""Pages of the grower's door on which a lot is opened, signed and labelled."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import i18n, views
from api.deps import Deps, Given, Visitor, own_plot, zone_now
from api.errors import status_of
from api.i18n import language_of
from api.issuing import issue_and_publish
from api.pages import render, text, told
from domain.diary import Entry, Work
from domain.errors import CallerError, InvalidInput, Refused
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId, PlotId
from domain.lot import Lot
from domain.window import local_day
from field.diary import MAX_BACKDATE
from store.records import Transaction
from store.records.accounts import Account
from traceability.dossier import link_of, require_lot
from traceability.lots import LotRequest, open_lot
from traceability.standing import deny, standing

router = APIRouter(include_in_schema=False)
Field = Annotated[str, Form()]


@router.get("/r/{plot}/lo")
def lot_form(request: Request, given: Given, visitor: Visitor, plot: str) -> Response:
    """The form to open a lot from one of the plot's harvests."""
    return _form(request, given, visitor, PlotId.parse(plot), {})


@router.post("/r/{plot}/lo")
def open_lot_form(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, plot: str,
    gtin: Field = "", number: Field = "", harvest: Field = "", kilograms: Field = "",
) -> Response:  # fmt: skip
    """Open a lot, sign its passport, go back to the plot; on an error, the form again.

    Sent twice it does nothing twice: a lot that is there already is signed if it was not.
    """
    try:
        asked = LotRequest(
            Gtin.parse(gtin),
            LotNumber.parse(number.strip()),
            EntryId.parse(harvest),
            views.parse_number(kilograms, "kilograms"),
        )
        with given.records.transaction() as transaction:
            found = own_plot(transaction, visitor, PlotId.parse(plot))
            if transaction.diary.entry(asked.harvest).plot != found.id:
                message = f"harvest {asked.harvest} is not of plot {found.id}"
                raise InvalidInput(message, "harvest")
            lot = open_lot(transaction, asked, given.clock())
    except CallerError as error:
        typed = {"gtin": gtin, "number": number, "harvest": harvest, "kilograms": kilograms,
                 "problem": told(request, error)}  # fmt: skip
        status = status_of(type(error))
        return _form(request, given, visitor, PlotId.parse(plot), typed, status)
    try:
        _sign(given, lot)
    except CallerError as error:
        return _unsigned(lot, error)  # it is open all the same
    return RedirectResponse(f"/r/{plot}#lo-hang", status_code=303)


@router.post("/r/{plot}/ho-chieu")
def sign_lot(given: Given, visitor: Visitor, plot: str, gtin: Field, number: Field) -> Response:
    """Sign the passport of a lot that has none, and go back to the plot."""
    with given.records.reading() as transaction:
        lot = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(number))
        own_plot(transaction, visitor, lot.plot)
    try:
        _sign(given, lot)
    except CallerError as error:
        return _unsigned(lot, error)
    return RedirectResponse(f"/r/{plot}#lo-hang", status_code=303)


@router.post("/r/{plot}/khong-phai")
def deny_lot(
    given: Given, visitor: Visitor, plot: str, gtin: Field, number: Field, reason: Field = ""
) -> Response:
    """Say that a lot is not one's own, and go back to the plot; the office decides."""
    with given.records.transaction() as transaction:
        lot = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(number))
        own_plot(transaction, visitor, lot.plot)
        deny(transaction, lot, reason, visitor.login, given.clock())
    return RedirectResponse(f"/r/{PlotId.parse(plot)}#lo-hang", status_code=303)


@router.get("/r/{plot}/tem/{gtin}/{lot}")
def label_page(
    request: Request, given: Given, visitor: Visitor, plot: str, gtin: str, lot: str
) -> Response:
    """A label to print: QR code and what must stand beside it."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        grown_on = own_plot(transaction, visitor, found.plot)
        today = local_day(given.clock(), zone_now(given, transaction, grown_on))
        link = link_of(transaction, found)
        context = {
            "lot": found,
            "standing": standing(transaction, found, today),
            "product": transaction.lots.product(found.gtin),
            "picture": f"/tem/{found.gtin}/{link.path().rsplit('/', 1)[1]}.svg",
            "link": link.mint(given.address),
            "plot": own_plot(transaction, visitor, PlotId.parse(plot)),
        }
    return render(request, "label.html", context)


def _unsigned(lot: Lot, error: CallerError) -> Response:
    """Go to a lot's own page, which says that it has no passport, and why."""
    problem = quote(error.rule if isinstance(error, Refused) else error.code)
    page = f"/r/lo/{lot.gtin}/{quote(lot.number, safe='')}"
    return RedirectResponse(f"{page}?khong-ky={problem}", status_code=303)


def _sign(given: Deps, lot: Lot) -> None:
    with given.records.reading() as transaction:
        issued_ms = transaction.lots.issued_ms(lot)
    if issued_ms is None:
        issue_and_publish(given, lot)


def _form(
    request: Request, given: Deps, visitor: Account, plot: PlotId, typed: Mapping[str, str],
    status: int = 200,
) -> Response:  # fmt: skip
    """The form, with what was typed into it before, and what was wrong with that."""
    with given.records.reading() as transaction:
        found = own_plot(transaction, visitor, plot)
        zone, language = zone_now(given, transaction, found), language_of(request)
        today = local_day(given.clock(), zone)
        season = transaction.places.season_on(found.id, today)
        products = transaction.lots.products(found.producer)
        number = f"{today:%y%m%d}-{secrets.randbelow(900) + 100}"
        written = text(request, "written %s")
        fields = ("gtin", "harvest", "kilograms", "problem")
        context = {
            "plot": found,
            "products": [p for p in products if season and p.crop == season.crop],
            "harvests": [
                (entry, left, written % i18n.moment(entry.recorded_ms, zone, language))
                for entry, left in _with_produce_left(transaction, found.id, today)
            ],
            "typed": {name: typed.get(name, "") for name in fields}
            | {"number": typed.get("number", number)},
        }
    return render(request, "open_lot.html", context, status)


def _with_produce_left(
    transaction: Transaction, plot: PlotId, today: date
) -> list[tuple[Entry, float]]:
    entries = transaction.diary.entries(plot, today - MAX_BACKDATE, today)
    harvests = [e for e in reversed(entries) if e.work is Work.HARVEST]
    left = [(e, (e.amount or 0) - transaction.lots.taken_from(e.id)) for e in harvests]
    return [(entry, kilograms) for entry, kilograms in left if kilograms > 0]
