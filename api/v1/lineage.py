"""Steps between lots, and a lot's whole lineage."""

from fastapi import APIRouter, Response

from api.deps import Caller, Given, own_lot
from api.v1.lineage_shapes import (
    Key,
    LineageAnswer,
    NewDestruction,
    NewMerge,
    NewReceipt,
    NewShipment,
    NewSplit,
    NewTransform,
    StepAnswer,
)
from api.v1.lots import GtinPath, LotPath
from domain.gs1 import Gtin, LotNumber
from store.records import Transaction
from store.records.accounts import Account
from traceability.dossier import require_lot
from traceability.lineage.asked import Asked
from traceability.lineage.packing import ever_in, hold
from traceability.lineage.reading import seen
from traceability.lineage.steps import take_step

router = APIRouter(tags=["lots"])


@router.get("/lots/{gtin}/{lot}/lineage", operation_id="get_lineage")
def get_lineage(given: Given, gtin: GtinPath, lot: LotPath) -> LineageAnswer:
    """Return all that a lot is made of and all that came of it, to anyone; names stay hidden."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, *_key(gtin, lot))
        return LineageAnswer.of(seen(transaction, found, given.clock()))


@router.post("/lots/{gtin}/{lot}/split", status_code=201, operation_id="split_lot")
def post_split(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath, body: NewSplit
) -> StepAnswer:
    """Make several lots of one, of the same product, losing nothing."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


@router.post("/lots/{gtin}/{lot}/merge", status_code=201, operation_id="merge_lots")
def post_merge(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath, body: NewMerge
) -> StepAnswer:
    """Make one lot of several of the same product; it inherits from all of them."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


@router.post("/lots/{gtin}/{lot}/transform", status_code=201, operation_id="transform_lot")
def post_transform(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath,
    body: NewTransform,
) -> StepAnswer:  # fmt: skip
    """Make other products of a lot, at most what the process gives: dry rubber of latex."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


@router.post("/lots/{gtin}/{lot}/ship", status_code=201, operation_id="ship_lot")
def post_shipment(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath,
    body: NewShipment,
) -> StepAnswer:  # fmt: skip
    """Hand some of a lot on; who took it is kept, and told as a number or a digest."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


@router.post("/lots/{gtin}/{lot}/receive", status_code=201, operation_id="receive_lot")
def post_receipt(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath,
    body: NewReceipt,
) -> StepAnswer:  # fmt: skip
    """Say what arrived of a shipment, and where; at most what was shipped."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


@router.post("/lots/{gtin}/{lot}/destroy", status_code=201, operation_id="destroy_lot")
def post_destruction(
    given: Given, caller: Caller, response: Response, gtin: GtinPath, lot: LotPath,
    body: NewDestruction,
) -> StepAnswer:  # fmt: skip
    """Say that some of a lot was destroyed; of a recalled lot too."""
    return take(given, caller, response, body.asked(_key(gtin, lot)))


def take(given: Given, caller: Caller, response: Response, asked: Asked) -> StepAnswer:
    """Take a step of lots that are the caller's; 200 when it was taken before."""
    with given.records.transaction() as transaction:
        _require_own(transaction, caller, asked)
        if transaction.lineage.find(asked.id) is not None:
            response.status_code = 200
        owner = None if caller.role == "office" else caller.producer
        step = take_step(transaction, asked, caller.login, owner, given.clock())
    return StepAnswer.of(step)


def _require_own(transaction: Transaction, caller: Account, asked: Asked) -> None:
    """Raise `NotAllowed` on a lot of somebody else's, or a unit that has ever held one."""
    hold(transaction, asked)  # nobody else puts something into a unit meanwhile
    held = (ever_in(transaction.lineage.naming(sscc)) for sscc in asked.ssccs)
    lots = dict.fromkeys(one.lot for one in asked.inputs)
    for key in [*lots, *(key for some in held for key in some)]:
        own_lot(transaction, caller, require_lot(transaction, *key))


def _key(gtin: str, lot: str) -> Key:
    return Gtin.parse(gtin), LotNumber.parse(lot)
