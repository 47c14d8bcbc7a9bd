"""The office's page on which a recall is weighed: what it would reach, who proposed it and why."""

from fastapi import APIRouter, Request, Response

from api import i18n
from api.deps import Given, Visitor, require_office
from api.i18n import language_of
from api.office.tables import csv_answer
from api.pages import render
from domain.gs1 import Gtin, LotNumber
from domain.window import print_instant
from traceability.dossier import link_of, require_lot
from traceability.reach import impact

router = APIRouter(include_in_schema=False)
_SHOWN = 50


@router.get("/qt/thu-hoi/{gtin}/{lot}")
def recall_page(request: Request, given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """What a recall of a lot would reach, and the next step there is to it."""
    require_office(visitor)
    now_ms, language = given.clock(), language_of(request)
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        zone = transaction.places.zone_of(transaction.places.plot(found.plot), found.harvested)
        waiting = transaction.decisions.proposed(found)
        recall = transaction.lots.recalled(found.gtin, found.number)
        denial = transaction.decisions.denied(found)
        said = recall or waiting
        reached = impact(transaction, found, now_ms)
        context = {
            "lot": found,
            "product": transaction.lots.product(found.gtin),
            "impact": reached,
            "links": [link_of(transaction, one).path() for one in reached.lots],
            "units": reached.units[:_SHOWN],
            "shipments": [
                (one, i18n.moment(one.at_ms, zone, language)) for one in reached.shipments
            ],
            "recall": recall,
            "waiting": waiting,
            "denial": denial,
            "mine": waiting is not None and waiting.author == visitor.login,
            "alone": transaction.accounts.count("office") <= 1,
            "since": said and i18n.moment(said.since_ms, zone, language),
        }
    return render(request, "recall.html", context)


@router.get("/qt/thu-hoi/{gtin}/{lot}/tem.csv")
def units_csv(given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """Every label with a serial that a recall would reach, most scanned first."""
    require_office(visitor)
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        reached = impact(transaction, found, given.clock())
    head = ("gtin", "lo", "so_se_ri", "kg", "in_luc", "so_lan_quet", "huy_hieu_luc")
    lines = [
        (one.unit.gtin, one.unit.number, one.unit.serial, one.unit.kilograms,
         print_instant(one.unit.printed_ms), one.scans, one.void or "")
        for one in reached.units
    ]  # fmt: skip
    return csv_answer("tem.csv", head, lines)
