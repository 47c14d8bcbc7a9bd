"""One entry of the log: canonical JSON, so that anybody can make the same bytes again.

Every entry says what kind of claim it is (``type``) and when it was logged (``at``); the
log's order is what counts, and times along it never go back. No entry holds anything
personal: what may have to be erased stands behind a salted digest (:mod:`.salted`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput, VerificationFailed
from domain.window import parse_instant, print_instant
from traceability.canonical import from_bytes, to_bytes

MOST_BYTES = 65_535  # an entry's length stands before it in 16 bits (c2sp.org/tlog-tiles)
DEVICE_DAY, DIARY, PASSPORT = "device-day", "diary", "passport"
RECALL, FINDING, DENIAL, KEY = "recall", "finding", "denial", "key"
EVENT, DROP, ERASURE = "event", "drop", "erasure"
CERTIFICATE, WITHDRAWAL = "certificate", "withdrawal"
KIND_VERSION = "nguon/{}/1"


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry says: its kind, when it was logged, and the rest."""

    kind: str
    at_ms: int
    body: Mapping[str, Any]


def encode(claim: Claim) -> bytes:
    """Return the entry's bytes; raises `InvalidInput` when they are too many for a log."""
    fields = {
        **claim.body,
        "type": KIND_VERSION.format(claim.kind),
        "at": print_instant(claim.at_ms),
    }
    entry = to_bytes(fields)
    if len(entry) > MOST_BYTES:
        message = f"an entry of the log has at most {MOST_BYTES} bytes, this one {len(entry)}"
        raise InvalidInput(message, "entry")
    return entry


def decode(entry: bytes) -> Claim:
    """Return what an entry says; raises `VerificationFailed`, step ``entry``."""
    try:
        fields = from_bytes(entry)
        kind, at_ms = str(fields.pop("type")), parse_instant(str(fields.pop("at")))
    except (VerificationFailed, InvalidInput, KeyError) as error:
        raise VerificationFailed("entry", "canonical JSON with type and at", str(error)) from error
    before, after = KIND_VERSION.split("{}")
    if not (kind.startswith(before) and kind.endswith(after)):
        raise VerificationFailed("entry", KIND_VERSION.format("…"), repr(kind[:60]))
    return Claim(kind.removeprefix(before).removesuffix(after), at_ms, fields)
