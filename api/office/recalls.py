"""The office's page on which a recall is weighed: what it would reach, who proposed it and why."""

from fastapi import APIRouter, Request, Response

from api import i18n
from api.deps import Given, Visitor, require_office
from api.i18n import language_of
from api.pages import render
from domain.gs1 import Gtin, LotNumber
from traceability.dossier import link_of, require_lot
from traceability.reach import impact

router = APIRouter(include_in_schema=False)


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
            "recall": recall,
            "waiting": waiting,
            "denial": denial,
            "mine": waiting is not None and waiting.author == visitor.login,
            "alone": transaction.accounts.count("office") <= 1,
            "since": said and i18n.moment(said.since_ms, zone, language),
        }
    return render(request, "recall.html", context)
