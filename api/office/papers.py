"""The office's page of certificates and pictures: what holds, what ends soon, what is new."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from api.deps import Deps, Given, Visitor, require_office
from api.errors import status_of
from api.i18n import language_of
from api.office.zone import zone_of_office
from api.pages import render, text, told
from api.views import grower_name
from api.wording import N_
from domain.certificate import Certificate, Withdrawal
from domain.errors import CallerError, InvalidInput
from domain.gs1 import Gtin
from domain.ids import CertificateId, PlotId, ProducerId
from domain.window import local_day
from store.records import Transaction
from store.records.accounts import Account
from traceability.certificates import SOON, withdraw, write
from traceability.files import keep_paper, scan, show_picture
from traceability.standards import standard, standards

router = APIRouter(include_in_schema=False)
Field = Annotated[str, Form()]
Scan = Annotated[UploadFile | None, File()]
_PAGE = "/qt/giay-chung-nhan"
_TYPED = (
    "name", "producer", "of", "number", "certifier", "valid_from", "valid_to", "plot", "withdrawn",
    "since", "reason", "gtin", "problem",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A certificate in the list; ``state`` is in-force, ends-soon, ended, withdrawn or ahead."""

    certificate: Certificate
    producer: str
    title: str
    plots: str
    state: str
    withdrawal: Withdrawal | None


@router.get(_PAGE)
def papers_page(request: Request, given: Given, visitor: Visitor) -> Response:
    """Every certificate, and the forms to write one down, withdraw one, and show a product."""
    return _page(request, given, visitor, {})


@router.post(_PAGE)
def add(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, name: Field = "", producer: Field = "",
    of: Field = "", number: Field = "", certifier: Field = "", valid_from: Field = "",
    valid_to: Field = "", plot: Field = "", paper: Scan = None,
) -> Response:  # fmt: skip
    """Write a certificate down; on an error, the page again with what was typed.

    The form's name is made with it, so that a form sent twice makes one certificate.
    """
    require_office(visitor)
    typed = {"name": name, "producer": producer, "of": of, "number": number,
             "certifier": certifier, "valid_from": valid_from, "valid_to": valid_to,
             "plot": plot}  # fmt: skip
    try:
        with given.records.transaction() as transaction:
            now_ms = given.clock()
            content = _read(paper)
            digest = keep_paper(transaction, content, now_ms) if content else None
            one = Certificate(
                CertificateId.parse(name), ProducerId.parse(producer), of, number, certifier,
                _day(valid_from, "valid_from"), _day(valid_to, "valid_to"),
                (PlotId.parse(plot),) if plot else (), (), digest, visitor.login, now_ms,
            )  # fmt: skip
            write(transaction, one)
    except CallerError as error:
        again = {**typed, "problem": _told(request, error)}
        return _page(request, given, visitor, again, status_of(type(error)))
    return RedirectResponse(_PAGE, status_code=303)


def _told(request: Request, error: CallerError) -> str:
    """Say what is wrong; elsewhere a ``number`` is a lot's, here it is the certificate's."""
    if getattr(error, "field", None) == "number":
        return text(request, N_("Write the number as printed on the certificate."))
    return told(request, error)


@router.post(f"{_PAGE}/thu-hoi")
def withdraw_form(
    request: Request, given: Given, visitor: Visitor, name: Field = "", since: Field = "",
    reason: Field = "",
) -> Response:  # fmt: skip
    """Say that a certificate no longer holds from a day on."""
    require_office(visitor)
    try:
        with given.records.transaction() as transaction:
            day, now_ms = _day(since, "since"), given.clock()
            said = Withdrawal(CertificateId.parse(name), day, reason, visitor.login, now_ms)
            withdraw(transaction, said)
    except CallerError as error:
        again = {"withdrawn": name, "since": since, "reason": reason,
                 "problem": told(request, error)}  # fmt: skip
        return _page(request, given, visitor, again, status_of(type(error)))
    return RedirectResponse(_PAGE, status_code=303)


@router.post("/qt/hinh-anh")
def picture_form(
    request: Request, given: Given, visitor: Visitor, gtin: Field = "", picture: Scan = None
) -> Response:
    """Show a picture of a product from now on."""
    require_office(visitor)
    try:
        with given.records.transaction() as transaction:
            found, content = Gtin.parse(gtin), _read(picture)
            show_picture(transaction, found, content, visitor.login, given.clock())
    except CallerError as error:
        again = {"gtin": gtin, "problem": told(request, error)}
        return _page(request, given, visitor, again, status_of(type(error)))
    return RedirectResponse(f"{_PAGE}#hinh", status_code=303)


@router.get("/qt/giay/{digest}")
def paper(given: Given, visitor: Visitor, digest: str) -> Response:
    """The scan of a certificate as it was brought; to be kept as a file, never run as a page."""
    require_office(visitor)
    with given.records.reading() as transaction:
        file = scan(transaction, digest)
    return Response(file.content, media_type=file.media,
                    headers={"Content-Disposition": "attachment"})  # fmt: skip


def _page(
    request: Request, given: Deps, visitor: Account, typed: Mapping[str, str], status: int = 200
) -> Response:
    require_office(visitor)
    language = language_of(request)
    with given.records.reading() as transaction:
        today = local_day(given.clock(), zone_of_office(transaction, given.clock()))
        producers = transaction.places.producers()
        products = [one for p in producers for one in transaction.lots.products(p.id)]
        context = {
            "rows": [
                _row(transaction, one, today, language) for one in transaction.papers.certificates()
            ],
            "producers": producers,
            "plots": transaction.places.plots(),
            "standards": [
                (one.code, one.title_vi if language == "vi" else one.title_en)
                for one in standards().values()
            ],
            "products": [(one, transaction.papers.picture(one.gtin)) for one in products],
            "new_name": secrets.token_hex(8),
            "today": today.isoformat(),
            "typed": {name: typed.get(name, "") for name in _TYPED},
        }
    return render(request, "papers.html", context, status)


def _row(transaction: Transaction, one: Certificate, today: date, language: str) -> Row:
    named, withdrawal = standard(one.standard), transaction.papers.withdrawal(one.id)
    plots = ", ".join(transaction.places.plot(plot).name for plot in one.plots)
    return Row(
        one,
        grower_name(transaction.places.producer(one.producer), language),
        named.title_vi if language == "vi" else named.title_en,
        plots,
        _state(one, withdrawal, today),
        withdrawal,
    )


def _state(one: Certificate, withdrawal: Withdrawal | None, today: date) -> str:
    if withdrawal is not None:
        return "withdrawn"
    if today < one.valid_from:
        return "ahead"
    if today > one.valid_to:
        return "ended"
    return "ends-soon" if one.valid_to - today <= SOON else "in-force"


def _read(file: UploadFile | None) -> bytes:
    return b"" if file is None else file.file.read()


def _day(typed: str, field: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        message = f"not a day: {typed[:20]!r}"
        raise InvalidInput(message, field) from error
