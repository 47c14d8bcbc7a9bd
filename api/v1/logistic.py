"""Packing lots into logistic units, and what becomes of the units."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.deps import Caller, Given
from api.v1.lineage import take
from api.v1.lineage_shapes import StepAnswer
from api.v1.logistic_shapes import (
    LogisticUnitAnswer,
    NewPacking,
    NewUnitReceipt,
    NewUnitShipment,
    NewUnpacking,
)
from api.v1.lots import GtinPath, LotPath
from domain.gs1 import Gtin, LotNumber, Sscc
from traceability.lineage.logistic import seen_unit

router = APIRouter(tags=["logistic units"])
SsccPath = Annotated[str, Path(description="SSCC, 18 digits", examples=["095200010000000010"])]


@router.post("/lots/{gtin}/{lot}/pack", status_code=201, operation_id="pack_lot")
def post_packing(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath,
    body: NewPacking,
) -> StepAnswer:  # fmt: skip
    """Put some of a lot into a logistic unit; what is packed is there, and is not taken again."""
    key = Gtin.parse(gtin), LotNumber.parse(lot)
    return take(given, caller, response, body.asked(key, given.company_prefix))


@router.get("/logistic-units/{sscc}", operation_id="get_logistic_unit")
def get_unit(given: Given, sscc: SsccPath) -> LogisticUnitAnswer:
    """Return which lots are in a unit and what holds of each, to anyone; names stay hidden."""
    with given.records.reading() as transaction:
        return LogisticUnitAnswer.of(seen_unit(transaction, Sscc.parse(sscc), given.clock()))


@router.post("/logistic-units/{sscc}/unpack", status_code=201, operation_id="unpack_logistic_unit")
def post_unpacking(
    given: Given, caller: Caller, response: Response, sscc: SsccPath, body: NewUnpacking
) -> StepAnswer:
    """Take something out of a unit, or all that is in it; not while it is under way."""
    return take(given, caller, response, body.asked(Sscc.parse(sscc)))


@router.post("/logistic-units/{sscc}/ship", status_code=201, operation_id="ship_logistic_unit")
def post_shipment(
    given: Given, caller: Caller, response: Response, sscc: SsccPath, body: NewUnitShipment
) -> StepAnswer:
    """Hand units on with all that is in them; once only."""
    return take(given, caller, response, body.asked(Sscc.parse(sscc)))


@router.post(
    "/logistic-units/{sscc}/receive", status_code=201, operation_id="receive_logistic_unit"
)
def post_receipt(
    given: Given, caller: Caller, response: Response, sscc: SsccPath, body: NewUnitReceipt
) -> StepAnswer:
    """Say that units arrived as they were shipped, and where."""
    return take(given, caller, response, body.asked(Sscc.parse(sscc)))
