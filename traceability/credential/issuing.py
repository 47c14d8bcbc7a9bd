"""Making a lot's credential, and the lists that tell whether it still holds; nothing is kept."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from domain.errors import NotFound
from domain.ids import PlotId
from domain.lot import Lot, LotState
from domain.window import DAY_MS, from_ms, local_day
from field.diary import waitings
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.bundling import make_bundle
from traceability.canonical import to_bytes
from traceability.credential.claims import Proof
from traceability.credential.did import did_of, key_url
from traceability.credential.jws import sign
from traceability.credential.product_passport import Issued, lot_url, product_passport
from traceability.credential.status_list import REVOCATION, SIZE, parse_name, status_credential
from traceability.credential.verify import TOKEN_TYPE
from traceability.envelope import Envelope, digest_of
from traceability.key_register import require_valid
from traceability.lineage.graph import downstream, key_of, origins
from traceability.log.entry import PASSPORT
from traceability.log.files import LogFiles
from traceability.passport import entry_of, subject
from traceability.signer import Signer
from traceability.standing import standing


def issue_credential(
    transaction: Transaction, files: LogFiles, signer: Signer, address: str, lot: Lot, now_ms: int
) -> str:
    """Return the credential of a lot's newest passport, as a token.

    Raises `NotFound` without a passport or for one from before the log, `NotYet` when no
    checkpoint is over it yet, `Refused` when the key may not sign any more.
    """
    require_valid(transaction, signer.public(), now_ms)
    passport = transaction.lots.passport(lot.gtin, lot.number)
    if passport is None:
        message = f"lot {lot.number} has no passport yet"
        raise NotFound(message)
    place = entry_of(transaction, passport).number
    head = transaction.log.first_head_over(place)
    # Under the first checkpoint over it, the proof is the same file for good.
    proof = make_bundle(transaction, files, passport, head, address)
    size = 0 if head is None else head.size
    url = f"{lot_url(address, lot.gtin, lot.number)}/proof?checkpoint={size}"
    document = json.loads(Envelope.decode(passport.envelope).payload)
    made = Proof(url, hashlib.sha256(proof).hexdigest())
    issued = Issued(address, document, digest_of(passport.envelope), place, made)
    return _signed(signer, address, product_passport(issued))


def issue_status_list(
    transaction: Transaction, signer: Signer, address: str, name: str, now_ms: int
) -> str:
    """Return a status list as a token.

    Raises `InvalidInput` on a name that no list has, `NotFound` for a list that the log does
    not reach, `Refused` when the key may not sign any more.
    """
    require_valid(transaction, signer.public(), now_ms)
    purpose, number = parse_name(name)
    if number * SIZE >= max(1, transaction.log.size()):
        message = f"no list {name}: the log has {transaction.log.size()} entries"
        raise NotFound(message)
    lots = _recalled(transaction) if purpose == REVOCATION else _doubted(transaction, now_ms)
    places = [place for lot in lots for place in _places(transaction, lot)]
    made = status_credential(address, did_of(address), name, places, now_ms)
    return _signed(signer, address, made)


def _signed(signer: Signer, address: str, credential: Mapping[str, Any]) -> str:
    key = key_url(did_of(address), signer.public().id)
    header = {"typ": TOKEN_TYPE, "cty": "vc", "kid": key}
    return sign(header, to_bytes(credential), signer.sign)


def _recalled(transaction: Transaction) -> Iterator[Lot]:
    """Yield every lot that was ever recalled, and what came of it: that is not taken back."""
    told = set[LotKey]()
    for one in transaction.lots.recalls():
        lot = transaction.lots.find(one.gtin, one.number)
        below = [] if lot is None else downstream(transaction, lot)
        yield from (each for each in below if key_of(each) not in told)
        told.update(key_of(each) for each in below)


def _doubted(transaction: Transaction, now_ms: int) -> Iterator[Lot]:
    """Yield the lots in doubt, and neither recalled nor past their date.

    A credential past its date is refused for that already. What a harvest's waiting periods
    were is asked once for all lots of it; nearly always there are none. A lot made of others is
    asked about all the harvests it is made of.
    """
    yesterday = from_ms(now_ms - DAY_MS).date() - timedelta(days=1)
    waited: dict[tuple[PlotId, date], bool] = {}
    for lot in transaction.lots.lots():
        if lot.expires < yesterday:
            continue
        harvests = {(one.plot, one.harvested) for one in origins(transaction, lot)}
        for harvest in harvests - waited.keys():
            waited[harvest] = not waitings(transaction, *harvest)
        if not all(waited[harvest] for harvest in harvests):
            zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
            if standing(transaction, lot, local_day(now_ms, zone)) is LotState.DOUBTED:
                yield lot


def _places(transaction: Transaction, lot: Lot) -> Iterator[int]:
    """Yield the places of every passport that a lot was ever issued."""
    for issued_ms in transaction.lots.issued(lot):
        entries = transaction.log.about(PASSPORT, subject(lot.gtin, lot.number, issued_ms))
        yield from (one.number for one in entries)
