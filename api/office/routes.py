"""Pages and downloads of the office's door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import i18n
from api.deps import Deps, Given, Visitor, require_office
from api.errors import status_of
from api.i18n import language_of
from api.office.tables import csv_answer
from api.office.zone import zone_of_office
from api.pages import render, told
from district.health import Health, health
from district.output import Output, output
from domain.errors import CallerError, InvalidInput
from domain.gs1 import Gtin, LotNumber
from domain.lot import Lot, Proposal
from domain.window import local_day, print_instant
from store.records import Transaction
from store.records.accounts import Account
from traceability.certificates import ending_soon
from traceability.copies.looking import hints
from traceability.dossier import link_of, require_lot
from traceability.recalling import confirm, propose, withdraw
from traceability.standing import settle, standing

router = APIRouter(include_in_schema=False)
_SHOWN = 20
Field = Annotated[str, Form()]
_DECISIONS: Mapping[str, Callable[[Transaction, Lot, str, str, int], object]] = {
    "recall": propose, "confirm": confirm, "settle": settle
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot in the office's list."""

    gtin: str
    number: str
    product: str
    kilograms: str
    state: str
    path: str
    waiting: Proposal | None


@router.get("/qt")
def dashboard(request: Request, given: Given, visitor: Visitor) -> Response:
    """Everything on one page: to do, output, sensors, lots, quarantine."""
    return _dashboard(request, given, visitor, {})


def _dashboard(
    request: Request, given: Deps, visitor: Account, typed: Mapping[str, str], status: int = 200
) -> Response:
    """The page, with what was typed to recall a lot, and what was wrong with that."""
    require_office(visitor)
    language, now_ms = language_of(request), given.clock()
    with given.records.reading() as transaction:
        sensors = health(transaction, given.series, now_ms)
        rows = output(transaction)
        lots = _lots(transaction, now_ms, language)
        reports = transaction.lots.count_reports()
        newest = transaction.lots.reports(_SHOWN)
        found = hints(transaction, now_ms)
        zone = zone_of_office(transaction, now_ms)
        ending = len(ending_soon(transaction, local_day(now_ms, zone)))
    context = {
        "as_of": i18n.moment(now_ms, zone, language),
        "silent": sum(1 for row in sensors.devices if row.silent),
        "faulty": sum(1 for row in sensors.devices if row.faulty),
        "doubted": sum(1 for row in lots if row.state == "doubted"),
        "quarantined": sensors.tally.quarantined,
        "papers": ending,
        "reports": reports,
        "proposed": sum(1 for row in lots if row.waiting and row.state != "recalled"),
        "recalls": sum(1 for row in lots if row.state == "recalled"),
        "output": rows,
        "largest": max((row.kilograms for row in rows), default=1.0) or 1.0,
        "devices": _ages(sensors, now_ms, language),
        "tally": sensors.tally,
        "lots": lots,
        "quarantine": [
            (row, i18n.moment(row.last_ms, zone, language))
            for row in given.series.quarantined(_SHOWN)
        ],
        "typed": {name: typed.get(name, "") for name in ("gtin", "number", "reason", "problem")},
        "hints": [(row, i18n.moment(row.at_ms, zone, language)) for row in found],
        "told": [(row, i18n.moment(row.received_ms, zone, language)) for row in newest],
    }
    return render(request, "office.html", context, status)


@router.post("/qt/quyet-dinh")
def decide(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, gtin: Field = "", number: Field = "",
    reason: Field = "", decision: Field = "recall",
) -> Response:  # fmt: skip
    """Decide about a lot; on an error, the page again with what was typed."""
    require_office(visitor)
    try:
        with given.records.transaction() as transaction:
            lot = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(number))
            _decide(transaction, lot, decision, (reason, visitor.login, given.clock()))
    except CallerError as error:
        typed = {"gtin": gtin, "number": number, "reason": reason, "problem": told(request, error)}
        return _dashboard(request, given, visitor, typed, status_of(type(error)))
    return RedirectResponse("/qt#lo", status_code=303)


def _decide(transaction: Transaction, lot: Lot, decision: str, said: tuple[str, str, int]) -> None:
    """Do what a button says; ``said`` are reason, login and instant."""
    if decision == "withdraw":
        withdraw(transaction, lot, *said[1:])
    elif decision in _DECISIONS:
        _DECISIONS[decision](transaction, lot, *said)
    else:
        message = f"one of {', '.join((*_DECISIONS, 'withdraw'))}"
        raise InvalidInput(message, "decision")


@router.get("/qt/san-luong.csv")
def outputcsv_answer(given: Given, visitor: Visitor) -> Response:
    """Output by commune and crop."""
    require_office(visitor)
    with given.records.reading() as transaction:
        rows: list[Output] = output(transaction)
    head = ("xa", "commune", "cay_trong", "crop", "so_lan_thu_hoach", "kg", "den_ngay", "nguon")
    lines = [
        (
            r.area_vi,
            r.area_en,
            r.crop_vi,
            r.crop_en,
            r.harvests,
            r.kilograms,
            r.until,
            "nhật ký nông dân khai",
        )
        for r in rows
    ]
    return csv_answer("san-luong.csv", head, lines)


@router.get("/qt/cam-bien.csv")
def sensorscsv_answer(given: Given, visitor: Visitor) -> Response:
    """Every device: silent streams, cycles received and missing."""
    require_office(visitor)
    with given.records.reading() as transaction:
        found = health(transaction, given.series, given.clock())
    head = (
        "thiet_bi",
        "ten",
        "xa",
        "so_kenh",
        "kenh_im_lang",
        "kenh_loi",
        "so_do_moi_nhat",
        "chu_ky_nhan",
        "chu_ky_thieu",
    )
    lines = [
        (r.device.id, r.device.name, r.area_vi, r.streams, r.silent, r.faulty,
         "" if r.newest_ms is None else print_instant(r.newest_ms), r.received, r.missing)
        for r in found.devices
    ]  # fmt: skip
    return csv_answer("cam-bien.csv", head, lines)


def _lots(transaction: Transaction, now_ms: int, language: str) -> list[LotRow]:
    rows = []
    waiting = {(one.gtin, one.number): one for one in transaction.decisions.waiting()}
    for lot in transaction.lots.lots():
        product = transaction.lots.product(lot.gtin)
        zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
        state = standing(transaction, lot, local_day(now_ms, zone))
        name = product.name_vi if language == "vi" else product.name_en
        kilograms = i18n.amount(lot.kilograms, language)
        path = link_of(transaction, lot).path()
        proposed = waiting.get((lot.gtin, lot.number))
        rows.append(LotRow(lot.gtin, lot.number, name, kilograms, state.value, path, proposed))
    return rows


def _ages(sensors: Health, now_ms: int, language: str) -> list[tuple[object, str | None]]:
    return [
        (row, None if row.newest_ms is None else i18n.ago(max(0, now_ms - row.newest_ms), language))
        for row in sensors.devices
    ]
