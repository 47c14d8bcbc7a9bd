"""How a passport is signed, for the part of the page that tells how to check it oneself."""

import hashlib
import json
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from api import i18n
from domain.lot import IssuedPassport
from domain.window import parse_instant
from store.records import Transaction
from traceability.composition.summary import behind
from traceability.envelope import Envelope
from traceability.key_register import trusted


@dataclass(frozen=True, slots=True)
class SignedView:
    """When, by whom and with which key; ``void_since`` a revoked key's signature counts no more."""

    issued: str
    issuer: str
    key_id: str
    fingerprint: str
    logged: bool
    void_since: str | None


def signed_view(
    transaction: Transaction, passport: IssuedPassport, zone: ZoneInfo, language: str
) -> SignedView:
    """Return how a passport is signed, in words."""
    envelope = Envelope.decode(passport.envelope)
    document = json.loads(envelope.payload)
    return SignedView(
        issued=i18n.moment(parse_instant(document["issued"]), zone, language),
        issuer=document["issuer"],
        key_id=envelope.key_id,
        fingerprint=hashlib.sha256(envelope.payload).hexdigest(),
        logged="log" in document,
        void_since=_void_since(transaction, passport, zone, language),
    )


def _void_since(
    transaction: Transaction, passport: IssuedPassport, zone: ZoneInfo, language: str
) -> str | None:
    """Return since when the key that signed a passport is revoked, None when it holds.

    It holds no better than those that it names.
    """
    keys = {key.id: key for key in trusted(transaction) if key.revoked}
    for one in (passport, *behind(transaction, passport)):
        key = keys.get(one.key_id)
        if key is not None and not key.holds(one.issued_ms):
            return i18n.moment(key.until_ms or 0, zone, language)
    return None
