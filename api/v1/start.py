"""Where a programmer begins: one page of requests that run as they stand.

English, as all that machines and their authors read here. ``docs/integrators.md`` is the same
text, and a test runs every line of it.
"""

from importlib import resources
from itertools import islice

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, RedirectResponse

from api.deps import Given
from domain.gs1 import Gtin, LotNumber
from store.records import Transaction
from traceability.bundling import is_proven

pages = APIRouter(include_in_schema=False)
SAMPLE = Gtin("09520001000010"), LotNumber("LO-1")
_LOOKED_AT = 50


@pages.get("/v1/")
@pages.get("/v1")
def start(given: Given) -> PlainTextResponse:
    """The page for programmers, about a lot that is there if there is one."""
    with given.records.reading() as transaction:
        gtin, lot = _example(transaction) or SAMPLE
    return PlainTextResponse(start_page(given.address, gtin, lot))


@pages.get("/docs")
def docs() -> RedirectResponse:
    """Where programmers look first."""
    return RedirectResponse("/v1/", status_code=307)


def start_page(address: str, gtin: Gtin, lot: LotNumber) -> str:
    """Return the page, Markdown, about a lot at an address."""
    text = resources.files("api.v1").joinpath("start.md").read_text("utf-8")
    return text.format(address=address, gtin=gtin, lot=lot)


def _example(transaction: Transaction) -> tuple[Gtin, LotNumber] | None:
    """Return the newest lot with a proof, None where there is none among the newest."""
    for lot in islice(transaction.lots.lots(), _LOOKED_AT):
        passport = transaction.lots.passport(lot.gtin, lot.number)
        if passport is not None and is_proven(transaction, lot, passport.issued_ms):
            return lot.gtin, lot.number
    return None
