"""Lots, passports and proofs, and what the office found."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.deps import Caller, Given, own_lot, own_plot, require_office, scope
from api.issuing import issue_and_publish
from api.v1.completeness import CompletenessAnswer
from api.v1.schemas import LotAnswer, NewLot, NewReason
from domain.errors import NotFound
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId
from domain.lot import Lot
from domain.window import local_day
from store.records import Transaction
from traceability.bundling import best_head, make_bundle
from traceability.completeness.check import check
from traceability.completeness.gather import dossier_of
from traceability.completeness.regimes import DEFAULT, regime
from traceability.dossier import link_of, require_lot
from traceability.envelope import Envelope
from traceability.lots import LotRequest, open_lot
from traceability.short_code import print_code
from traceability.standing import settle, standing

# As bytes: generators of clients know no "application/zip".
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
router = APIRouter(tags=["lots"])
GtinPath = Annotated[str, Path(description="GTIN, 14 digits.")]
LotPath = Annotated[str, Path(description="Lot number, AI (10).")]
RegimeQuery = Annotated[
    str, Query(alias="regime", max_length=40, description="Whose rules: tt02 is Circular 02/2024.")
]
CheckpointQuery = Annotated[
    int | None,
    Query(ge=1, le=2**62, description="Size of the checkpoint to prove it under; else the newest."),
]


@router.post("/lots", status_code=201, operation_id="open_lot")
def post_lot(given: Given, caller: Caller, body: NewLot, response: Response) -> LotAnswer:
    """Open a lot from a harvest; 200 when it was open already, 422 names the rule against it."""
    request = LotRequest(
        Gtin.parse(body.gtin),
        LotNumber.parse(body.number),
        EntryId.parse(body.harvest),
        body.kilograms,
    )
    with given.records.transaction() as transaction:
        own_plot(transaction, caller, transaction.diary.entry(request.harvest).plot)
        now_ms = given.clock()
        lot = open_lot(transaction, request, now_ms)
        if lot.opened_ms != now_ms:
            response.status_code = 200
        return answer(given, transaction, lot)


@router.get("/lots", operation_id="list_lots")
def list_lots(given: Given, caller: Caller) -> list[LotAnswer]:
    """Return the caller's lots, newest first; the office sees all."""
    owner = scope(caller)
    with given.records.reading() as transaction:
        plots = {plot.id for plot in transaction.places.plots(owner)}
        return [
            answer(given, transaction, lot) for lot in transaction.lots.lots() if lot.plot in plots
        ]


@router.get("/lots/{gtin}/{lot}", operation_id="get_lot")
def get_lot(given: Given, gtin: GtinPath, lot: LotPath) -> LotAnswer:
    """Return a lot and its state, to anyone."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        return answer(given, transaction, found)


@router.post("/lots/{gtin}/{lot}/passport", status_code=201, operation_id="issue_passport")
def post_passport(given: Given, caller: Caller, gtin: GtinPath, lot: LotPath) -> LotAnswer:
    """Gather what is known of the lot's season, sign it and publish it.

    A lot made of several harvests names the passports of these; one that has none is issued one.
    """
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        if found.made_by is None:
            own_plot(transaction, caller, found.plot)
        else:  # whose product it is, as for every step: its plot is only where most of it grew
            own_lot(transaction, caller, found)
    issue_and_publish(given, found)
    with given.records.reading() as transaction:
        return answer(given, transaction, found)


@router.get(
    "/lots/{gtin}/{lot}/passport",
    operation_id="get_passport",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "DSSE envelope"}},
)
def get_passport(given: Given, gtin: GtinPath, lot: LotPath) -> Response:
    """Return the signed passport byte for byte; check it with `nguon verify`."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        passport = transaction.lots.passport(found.gtin, found.number)
    if passport is None:
        message = f"lot {lot} has no passport yet"
        raise NotFound(message)
    name = f"{found.gtin}-{passport.issued_ms}.passport.json"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Payload-Type": Envelope.decode(passport.envelope).payload_type,
    }
    return Response(passport.envelope, media_type="application/json", headers=headers)


@router.get(
    "/lots/{gtin}/{lot}/proof",
    operation_id="get_proof",
    response_class=Response,
    responses={200: {"content": _BINARY, "description": "passport and its proof, a ZIP file"}},
)
def get_proof(
    given: Given, gtin: GtinPath, lot: LotPath, checkpoint: CheckpointQuery = None
) -> Response:
    """Return the passport with all that proves it, as a ZIP file; check it with `nguon verify`."""
    policy = given.trust().log
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        passport = transaction.lots.passport(found.gtin, found.number)
        if passport is None:
            message = f"lot {lot} has no passport yet"
            raise NotFound(message)
        head = None if checkpoint is None else transaction.log.head_of(checkpoint)
        if head is None and checkpoint is not None:
            message = f"no checkpoint over {checkpoint} entries was signed"
            raise NotFound(message)
        if head is None and policy is not None:
            head = best_head(transaction, passport, policy)
        raw = make_bundle(transaction, given.files, passport, head, given.address)
    headers = {"Content-Disposition": f'attachment; filename="{found.gtin}-{found.number}.zip"'}
    return Response(raw, media_type="application/zip", headers=headers)


@router.get("/lots/{gtin}/{lot}/completeness", operation_id="check_completeness")
def get_completeness(
    given: Given, caller: Caller, gtin: GtinPath, lot: LotPath, by: RegimeQuery = DEFAULT
) -> CompletenessAnswer:
    """Say of each item that a regime asks to be shown whether it is there, to the lot's grower.

    Not to anyone: diary days are told that no passport has published yet.
    """
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        plot = own_plot(transaction, caller, found.plot)
        today = local_day(given.clock(), transaction.places.zone_of(plot, found.harvested))
        known = dossier_of(transaction, found, today)
    return CompletenessAnswer.of(check(known, regime(by, today), today))


@router.post("/lots/{gtin}/{lot}/finding", status_code=201, operation_id="settle_lot")
def post_finding(
    given: Given, caller: Caller, gtin: GtinPath, lot: LotPath, body: NewReason
) -> LotAnswer:
    """Take the doubt off a lot that was looked into; what is said of it later renews it."""
    require_office(caller)
    with given.records.transaction() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        settle(transaction, found, body.reason, caller.login, given.clock())
        return answer(given, transaction, found)


def answer(given: Given, transaction: Transaction, lot: Lot) -> LotAnswer:
    """Return what is said of a lot."""
    plot = transaction.places.plot(lot.plot)
    today = local_day(given.clock(), transaction.places.zone_of(plot, lot.harvested))
    state = standing(transaction, lot, today)
    link = link_of(transaction, lot).mint(given.address)
    short = f"{given.address}/T/{print_code(transaction.lots.short_number(lot))}"
    return LotAnswer.of(lot, state.value, link, short)
