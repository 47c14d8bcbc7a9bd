"""Verification of a passport: bytes and trusted keys in, a verdict out. Pure.

The steps, in order; the first that does not hold is named in `VerificationFailed`,
which is the only thing `verify` raises:

1. ``envelope``   the bytes are a DSSE envelope, spelt the one way we spell it
2. ``type``       the payload is a passport of a version this program knows
3. ``key``        the key is one the caller trusts
4. ``signature``  the signature is that key's, over these very bytes
5. ``canonical``  the payload is canonical JSON (RFC 8785)
6. ``fields``     the fields a passport needs are there
7. ``validity``   the key was valid when the passport says it was issued
8. ``link``       the Digital Link inside names the lot inside
9. ``arithmetic`` the evidence agrees with itself; of a lot made of others, the steps do
10. ``certificates`` each certificate it names was in force on the day of harvest

It proves *unchanged since issued by that key*; it does not prove *true*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from domain.errors import InvalidInput, VerificationFailed
from domain.window import parse_instant
from traceability.canonical import from_bytes
from traceability.composition.arithmetic import check_made_of
from traceability.digital_link import LotLink, parse
from traceability.envelope import MADE_OF_TYPE, PAYLOAD_TYPE, PAYLOAD_TYPE_1, Envelope
from traceability.keys import TrustedKey

STEPS = (
    "envelope", "type", "key", "signature", "canonical", "fields", "validity", "link", "arithmetic",
    "certificates",
)  # fmt: skip
_FIELDS: dict[str, type] = {
    "lot": dict, "product": dict, "producer": dict, "plot": dict, "season": dict,
    "diary": list, "evidence": list, "method": str, "issued": str, "issuer": str,
}  # fmt: skip
_LOGGED: dict[str, type] = {"device_days": list, "log": str}
_MADE_OF: dict[str, type] = {
    "lot": dict, "product": dict, "made_of": list, "steps": list, "method": str, "issued": str,
    "issuer": str, "log": str,
}  # fmt: skip
_COUNTS = ("expected", "filled", "received", "used", "failed", "suspect", "disputed")
_SHARES = ("in_band", "total")
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """A passport that passed every step."""

    document: Mapping[str, Any]
    key: TrustedKey


def verify(raw: bytes, trusted: Sequence[TrustedKey], *, logged: bool = False) -> Verdict:
    """Return the verdict on an issued passport; raises `VerificationFailed`.

    ``logged``: the caller goes on to check the log's proof of when it was signed.
    """
    # 1
    envelope = Envelope.decode(raw)
    # 2
    known = {
        PAYLOAD_TYPE: _FIELDS | _LOGGED, PAYLOAD_TYPE_1: _FIELDS, MADE_OF_TYPE: _MADE_OF,
    }  # fmt: skip
    _require(envelope.payload_type in known, "type", PAYLOAD_TYPE, envelope.payload_type)
    # 3
    key = next((k for k in trusted if k.id == envelope.key_id), None)
    if key is None:
        names = ", ".join(k.id for k in trusted) or "none"
        newer = f"{envelope.key_id[:40]} (newer than this list of keys? fetch it again)"
        raise VerificationFailed("key", f"one of: {names}", newer)
    # 4
    genuine = key.verifies(envelope.signature, envelope.signed_bytes())
    _require(genuine, "signature", f"a signature of {key.id} over these bytes", "another")
    # 5
    document = from_bytes(envelope.payload)
    # 6
    for name, kind in known[envelope.payload_type].items():
        found = type(document.get(name)).__name__
        _require(isinstance(document.get(name), kind), "fields", f"{name}: {kind.__name__}", found)
    # 7
    try:
        issued_ms = parse_instant(document["issued"])
    except InvalidInput as error:
        raise VerificationFailed("validity", "a time of issue", str(error)) from error
    _require(key.holds(issued_ms), "validity", key.told(), f"issued {document['issued']}")
    if key.revoked and not logged:
        found = "its own word; a bundle with the log's proof can tell"
        raise VerificationFailed("validity", f"proof of when revoked key {key.id} signed", found)
    # 8
    _check_link(document["lot"])
    # 9
    if envelope.payload_type == MADE_OF_TYPE:
        check_made_of(document)
        return Verdict(document, key)
    for row in document["evidence"]:
        _check_arithmetic(row)
    # 10
    _check_certificates(document)
    return Verdict(document, key)


def _check_link(lot: Mapping[str, Any]) -> None:
    try:
        link = LotLink.of(parse(str(lot.get("digital_link"))))
    except InvalidInput as error:
        raise VerificationFailed("link", "a Digital Link", str(error)) from error
    _require(
        link.canonical() == lot["digital_link"], "link", link.canonical(), str(lot["digital_link"])
    )
    named = (link.gtin, link.lot)
    said = (lot.get("gtin"), lot.get("number"))
    _require(named == said, "link", f"lot {named}", str(said))


def _check_arithmetic(row: Mapping[str, Any]) -> None:
    try:
        name = f"{row['property']} of {row['device']}"
        counts = {key: row[key] for key in _COUNTS}
        ordered = [row[k] for k in ("minimum", "mean", "maximum") if row.get(k) is not None]
        numbers = [row["coverage"], *ordered, *(row[k] for k in _SHARES if row[k] is not None)]
    except (KeyError, TypeError) as error:
        raise VerificationFailed("arithmetic", "complete evidence", repr(error)[:120]) from error
    whole = all(type(count) is int and count >= 0 for count in counts.values())
    _require(whole, "arithmetic", f"{name}: counts are whole numbers", str(counts))
    real = all(type(number) in (int, float) for number in numbers)
    _require(real, "arithmetic", f"{name}: figures are numbers", str(numbers))
    parts = counts["used"] + counts["failed"] + counts["disputed"]
    added = parts == counts["received"] and counts["suspect"] <= counts["used"]
    _require(added, "arithmetic", f"{name}: counts that add up", str(counts))
    possible = counts["filled"] <= min(counts["expected"], counts["used"])
    _require(possible, "arithmetic", f"{name}: slots filled by readings used", str(counts))
    share = counts["filled"] / counts["expected"] if counts["expected"] else 1.0
    covered = abs(row["coverage"] - share) <= _TOLERANCE
    _require(covered, "arithmetic", f"{name}: coverage {share}", str(row["coverage"]))
    # A circular mean has no extremes beside it, so there is nothing to compare.
    sound = all(b - a >= -_TOLERANCE * max(1, abs(a)) for a, b in pairwise(ordered))
    _require(sound, "arithmetic", f"{name}: minimum ≤ mean ≤ maximum", str(ordered))
    within = row["in_band"] is None or 0 <= row["in_band"] <= 1
    _require(within, "arithmetic", f"{name}: a share between 0 and 1", str(row["in_band"]))


def _check_certificates(document: Mapping[str, Any]) -> None:
    """Passports from before there were certificates say nothing of them."""
    rows = document.get("certificates", [])
    try:
        harvested = date.fromisoformat(document["lot"]["harvested"])
        spans = [
            (str(row["number"]), date.fromisoformat(row["from"]), date.fromisoformat(row["until"]))
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        found = repr(error)[:120]
        raise VerificationFailed("certificates", "certificates with their days", found) from error
    for number, first, last in spans:
        expected = f"certificate {number} in force on {harvested}"
        _require(first <= harvested <= last, "certificates", expected, f"{first} to {last}")


def _require(holds: bool, step: str, expected: str, found: str) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise VerificationFailed(step, expected, found)
