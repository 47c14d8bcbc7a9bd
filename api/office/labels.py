"""The office's page of a lot's printed labels: what was printed, and what of it is void."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import i18n
from api.deps import Deps, Given, Visitor, require_office
from api.errors import status_of
from api.forms import Problem, Wrong, problem_of
from api.i18n import language_of
from api.pages import render
from api.wording import N_
from domain.errors import CallerError
from domain.gs1 import Gtin, LotNumber, SerialNumber
from domain.label import VoidReason
from domain.lot import Lot
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.units import typed
from traceability.voiding import Why, of_run, void

router = APIRouter(include_in_schema=False)
_SHOWN = 100
Field = Annotated[str, Form()]
_FIELDS: Mapping[str, tuple[str, str | None]] = {
    "void_reason": ("reason", None),
    "void_note": ("note", None),
    "run": ("run", None),
    "places": ("first", None),
    "serials": ("serials", None),
    "serial": ("serials", None),
    "not-found": ("serials", N_("This lot has no label with one of these serials.")),
    "clash": ("serials", N_("One of these serials is void already, for another reason.")),
}


@router.get("/qt/tem/{gtin}/{lot}")
def labels_page(request: Request, given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """What was printed of a lot, and the form to make serials void."""
    require_office(visitor)
    return _page(request, given, (gtin, lot), {}, None)


@router.post("/qt/tem/{gtin}/{lot}")
def make_void(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, gtin: str, lot: str,
    run: Field = "", first: Field = "", last: Field = "", serials: Field = "",
    reason: Field = "", note: Field = "",
) -> Response:  # fmt: skip
    """Make serials void and go back to the page; on an error, what was typed, and why.

    Sent twice it changes nothing: what is void for a reason stays so.
    """
    require_office(visitor)
    try:
        with given.records.transaction() as transaction:
            found = _lot(transaction, gtin, lot)
            chosen = _chosen(transaction, found, (run, first, last), serials)
            why = Why.parse(reason, note)
            void(transaction, found, chosen, why, visitor.login, given.clock())
    except (CallerError, Wrong) as error:
        said = {"run": run, "first": first, "last": last, "serials": serials, "reason": reason,
                "note": note}  # fmt: skip
        status = 400 if isinstance(error, Wrong) else status_of(type(error))
        return _page(request, given, (gtin, lot), said, problem_of(request, error, _FIELDS), status)
    return RedirectResponse(f"{request.url.path}#da-huy", status_code=303)


def _chosen(
    transaction: Transaction, lot: Lot, run: tuple[str, str, str], serials: str
) -> list[SerialNumber]:
    """Return the serials that a form names: of a print run, or one by one."""
    words = serials.split()
    if words and any(run):
        raise Wrong("serials", N_("Choose a print run, or name serials, not both."))
    if words or not run[0]:
        return [typed(word) for word in words]
    number, first, last = (
        _whole(word, name) for word, name in zip(run, ("run", "first", "last"), strict=True)
    )
    return of_run(transaction, lot, number or 0, first, last)


def _whole(word: str, field: str) -> int | None:
    word = word.strip()
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= 6):
        raise Wrong(field, N_("Enter a whole number, for example 12."))
    return int(word)


def _page(
    request: Request, given: Deps, key: tuple[str, str], typed_in: Mapping[str, str],
    problem: Problem | None, status: int = 200,
) -> Response:  # fmt: skip
    language = language_of(request)
    with given.records.reading() as transaction:
        lot = _lot(transaction, *key)
        zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
        runs = transaction.units.runs(lot)
        voids = sorted(transaction.units.voids(lot).values(), key=lambda one: -one.since_ms)
        seen = transaction.scans.units_seen(lot.gtin, lot.number)
        bearing = transaction.units.bearing(lot)
        product = transaction.lots.product(lot.gtin)
    names = ("run", "first", "last", "serials", "reason", "note")
    context = {
        "lot": lot,
        "product": product,
        "runs": [(run, i18n.moment(run.printed_ms, zone, language)) for run in runs],
        "numbered": [run for run in runs if run.unit_kg is not None],
        "bearing": bearing,
        "voids": [
            (one, i18n.moment(one.since_ms, zone, language), seen.get(one.serial, 0))
            for one in voids[:_SHOWN]
        ],
        "all_voids": len(voids),
        "reasons": list(VoidReason),
        "typed": {name: typed_in.get(name, "") for name in names},
        "problem": problem,
    }
    return render(request, "labels.html", context, status)


def _lot(transaction: Transaction, gtin: str, lot: str) -> Lot:
    return require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
