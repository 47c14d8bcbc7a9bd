"""A lot's passport, its state and its events as other systems read them, to anyone.

All may be kept for a minute and no longer, so that a recall is seen within one; programs of
any site may read them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.deps import Deps, Given
from api.v1.lots import GtinPath, LotPath
from domain.gs1 import Gtin, LotNumber
from domain.lot import Lot
from store.records import Transaction
from traceability.credential.issuing import issue_credential, issue_status_list
from traceability.credential.product_passport import lot_url
from traceability.dossier import require_lot
from traceability.epcis.document import canonical_bytes, write_document
from traceability.epcis.of_passport import Known, events_of_lot
from traceability.epcis.sensing import Namespace
from traceability.lineage.graph import steps_of
from traceability.lineage.telling import event_of
from traceability.standing import recall_of

CREDENTIAL, EVENTS = "application/vc+jwt", "application/ld+json"
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60"}
# As text and as JSON: generators of clients know neither of the two media types.
_TOKEN: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": CREDENTIAL}
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}, "description": f"EPCISDocument, {EVENTS}"}
}
router = APIRouter(tags=["credentials"])
ListPath = Annotated[str, Path(description="`revocation-0` and on, `suspension-0` and on.")]


@router.get(
    "/lots/{gtin}/{lot}/credential",
    operation_id="get_credential",
    response_class=Response,
    responses=_TOKEN,
)
def get_credential(given: Given, gtin: GtinPath, lot: LotPath) -> Response:
    """Return the lot's passport as a W3C Verifiable Credential (UNTP Digital Product Passport)."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        token = issue_credential(
            transaction, given.files, given.issuer.signer, given.address, found, given.clock()
        )
    return Response(token, media_type=CREDENTIAL, headers=_HEADERS)


@router.get(
    "/status/{list}", operation_id="get_status_list", response_class=Response, responses=_TOKEN
)
def get_status_list(given: Given, list: ListPath) -> Response:  # noqa: A002 - as in the address
    """Return which credentials hold no longer (W3C Bitstring Status List), as a credential."""
    with given.records.reading() as transaction:
        token = issue_status_list(
            transaction, given.issuer.signer, given.address, list, given.clock()
        )
    return Response(token, media_type=CREDENTIAL, headers=_HEADERS)


@router.get(
    "/lots/{gtin}/{lot}/events",
    operation_id="get_lot_events",
    response_class=Response,
    responses=_EVENTS,
)
def get_events(given: Given, gtin: GtinPath, lot: LotPath) -> Response:
    """Return what happened to a lot and what sensors measured for it, as EPCIS 2.0 events."""
    with given.records.reading() as transaction:
        found = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        known, told_ms = _known(given, transaction, found)
    ours = Namespace(given.address)
    document = write_document(events_of_lot(known, ours), ours.context(), told_ms)
    return Response(canonical_bytes(document, "events"), media_type=EVENTS, headers=_HEADERS)


def _known(given: Deps, transaction: Transaction, lot: Lot) -> tuple[Known, int]:
    """Return what is told of a lot, and since when it is so: the same twice is the same bytes."""
    plot = transaction.places.plot(lot.plot)
    recall = recall_of(transaction, lot)
    steps = steps_of(transaction, lot)
    passport = transaction.lots.passport(lot.gtin, lot.number)
    known = Known(
        lot,
        plot.gln,
        transaction.places.zone_of(plot, lot.harvested),
        recall,
        None if passport is None else passport.envelope,
        f"{lot_url(given.address, lot.gtin, lot.number)}/proof",
        tuple(event_of(transaction, step) for step in steps),
        {} if passport is None else transaction.gs1.giais(passport.issued_ms),
    )
    moments = [lot.opened_ms, *(step.at_ms for step in steps)]
    moments += [] if passport is None else [passport.issued_ms]
    moments += [] if recall is None else [recall.since_ms]
    return known, max(moments)
