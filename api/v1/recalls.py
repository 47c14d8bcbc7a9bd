"""Recalls for machines: proposed by one officer, confirmed by another, told to everybody."""

import json
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from api.deps import Caller, Given, require_office
from api.v1.lots import GtinPath, LotPath
from api.v1.schemas import (
    ImpactAnswer,
    NewReason,
    ReachedShipmentAnswer,
    ReachedUnitAnswer,
    RecallAnswer,
)
from domain.gs1 import Gtin, LotNumber
from domain.lot import Lot, Recall
from domain.window import print_instant
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.reach import Impact, impact
from traceability.recalling import confirm, propose, withdraw

router = APIRouter(tags=["recalls"])
MOST = 200
_MOST_UNITS = 1_000
# Read by other systems every few minutes; a minute here is the most that anything is late.
_OPEN = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
_FEED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}, "description": "JSON Feed 1.1"}
}


@router.get("/lots/{gtin}/{lot}/recall", operation_id="get_recall")
def get_recall(given: Given, caller: Caller, gtin: GtinPath, lot: LotPath) -> RecallAnswer:
    """Return what a recall would reach, and whether it is proposed or decided."""
    require_office(caller)
    with given.records.reading() as transaction:
        return _answer(transaction, _lot(transaction, gtin, lot), given.clock())


@router.post("/lots/{gtin}/{lot}/recall", status_code=202, operation_id="recall_lot")
def post_recall(
    given: Given, caller: Caller, gtin: GtinPath, lot: LotPath, body: NewReason, response: Response
) -> RecallAnswer:
    """Propose to call a lot back; 201 and decided at once where the office has one account."""
    require_office(caller)
    with given.records.transaction() as transaction:
        found, now_ms = _lot(transaction, gtin, lot), given.clock()
        if propose(transaction, found, body.reason, caller.login, now_ms) is not None:
            response.status_code = 201
        return _answer(transaction, found, now_ms)


@router.post(
    "/lots/{gtin}/{lot}/recall/confirmation", status_code=201, operation_id="confirm_recall"
)
def post_confirmation(
    given: Given, caller: Caller, gtin: GtinPath, lot: LotPath, body: NewReason
) -> RecallAnswer:
    """Confirm what another officer has proposed, naming its reason; from here on buyers know."""
    require_office(caller)
    with given.records.transaction() as transaction:
        found, now_ms = _lot(transaction, gtin, lot), given.clock()
        confirm(transaction, found, body.reason, caller.login, now_ms)
        return _answer(transaction, found, now_ms)


@router.post("/lots/{gtin}/{lot}/recall/withdrawal", operation_id="withdraw_recall")
def post_withdrawal(given: Given, caller: Caller, gtin: GtinPath, lot: LotPath) -> RecallAnswer:
    """Take a proposal back; a recall that was confirmed stays."""
    require_office(caller)
    with given.records.transaction() as transaction:
        found, now_ms = _lot(transaction, gtin, lot), given.clock()
        withdraw(transaction, found, caller.login, now_ms)
        return _answer(transaction, found, now_ms)


@router.get("/recalls", operation_id="list_recalls", response_class=Response, responses=_FEED)
def list_recalls(given: Given) -> Response:
    """Return the newest recalls to anyone, as a feed (https://jsonfeed.org/version/1.1)."""
    with given.records.reading() as transaction:
        recalls = transaction.lots.recalls()[-MOST:][::-1]
        items = [_item(transaction, recall, given.address) for recall in recalls]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"Lô hàng bị thu hồi · {given.issuer.name}",
        "language": "vi",
        "home_page_url": f"{given.address}/",
        "feed_url": f"{given.address}/v1/recalls",
        "items": items,
    }
    body = json.dumps(feed, ensure_ascii=False)
    return Response(body, media_type="application/feed+json", headers=_OPEN)


def _item(transaction: Transaction, recall: Recall, address: str) -> dict[str, Any]:
    link = f"{address}/01/{recall.gtin}/10/{quote(recall.number, safe='')}"
    name = transaction.lots.product(recall.gtin).name_vi
    return {
        "id": link,
        "url": link,
        "title": f"{name}, lô {recall.number}",
        "content_text": recall.reason,
        "date_published": print_instant(recall.since_ms),
        "_nguon": {"gtin": recall.gtin, "lot": recall.number},
    }


def _lot(transaction: Transaction, gtin: str, lot: str) -> Lot:
    return require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))


def _answer(transaction: Transaction, lot: Lot, now_ms: int) -> RecallAnswer:
    recall = transaction.lots.recalled(lot.gtin, lot.number)
    waiting = transaction.decisions.proposed(lot)
    said = recall or waiting
    return RecallAnswer(
        gtin=lot.gtin,
        number=lot.number,
        state="recalled" if recall else "proposed" if waiting else "none",
        reason=said and said.reason,
        author=said and said.author,
        since=said and print_instant(said.since_ms),
        impact=_impact(impact(transaction, lot, now_ms)),
    )


def _impact(reached: Impact) -> ImpactAnswer:
    units = [
        ReachedUnitAnswer(gtin=one.unit.gtin, lot=one.unit.number, serial=one.unit.serial,
                          kilograms=one.unit.kilograms, scans=one.scans, void=one.void)
        for one in reached.units[:_MOST_UNITS]
    ]  # fmt: skip
    shipments = [
        ReachedShipmentAnswer(step=one.step, gtin=one.lot.gtin, lot=one.lot.number,
                              kilograms=one.kilograms, arrived=one.arrived,
                              at=print_instant(one.at_ms), gln=one.gln, name=one.name)
        for one in reached.shipments
    ]  # fmt: skip
    return ImpactAnswer(
        lots=[f"{one.gtin}/{one.number}" for one in reached.lots],
        kilograms=reached.kilograms,
        scans=reached.scans,
        scans_lately=reached.scans_lately,
        labels=reached.labels,
        unit_labels=len(reached.units),
        units=units,
        shipments=shipments,
        ssccs=list(reached.ssccs),
    )
