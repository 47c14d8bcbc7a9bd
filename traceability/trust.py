"""What a verifier trusts, in one file: keys of passports, the log's keys, its witnesses.

It is to be had from whoever the verifier believes, and not only from us: an association may
give out its own, with its own witnesses and how many of them must have signed.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput
from domain.window import parse_instant, print_instant
from traceability.keys import TrustedKey, key_id
from traceability.log.checkpoint import Policy
from traceability.log.note import COSIGNATURE, ED25519, Verifier


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys that passports may be signed with, and whose log is believed (None: no log)."""

    keys: tuple[TrustedKey, ...]
    log: Policy | None = None


def print_trust(trust: Trust) -> str:
    """Return the published form (JSON)."""
    rows = [
        {
            "id": key.id,
            "public": base64.b64encode(key.public).decode(),
            "from": print_instant(key.from_ms),
            "until": None if key.until_ms is None else print_instant(key.until_ms),
            "revoked": key.revoked,
        }
        for key in trust.keys
    ]
    fields: dict[str, Any] = {"keys": rows}
    if trust.log is not None:
        fields["log"] = {
            "origin": trust.log.origin,
            "keys": [key.vkey() for key in trust.log.keys],
            "witnesses": [key.vkey() for key in trust.log.witnesses],
            "quorum": trust.log.quorum,
        }
    return json.dumps(fields, indent=2)


def fingerprint(published: bytes) -> str:
    """Return what a list of keys is compared by: SHA-256 of the very bytes, in hexadecimal.

    Any computer can make it without a program of ours (`sha256sum keys.json`).
    """
    return hashlib.sha256(published).hexdigest()


def parse_trust(text: str) -> Trust:
    """Return what a file in the published form trusts; raises `InvalidInput`."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"not a list of keys: no JSON ({error})"
        raise InvalidInput(message, "keys") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("keys"), list):
        message = 'not a list of keys: JSON, and no {"keys": […]}'
        raise InvalidInput(message, "keys")
    try:
        log = fields.get("log")
        keys = tuple(_key(row) for row in fields["keys"])
        return Trust(keys, None if log is None else _policy(log))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"not a list of keys: {type(error).__name__}: {error}"
        raise InvalidInput(message, "keys") from error


def _key(row: dict[str, Any]) -> TrustedKey:
    public = base64.b64decode(row["public"] or "", validate=True)
    if len(public) != 32 or key_id(public) != row["id"]:
        message = f"key {row['id']}: the id is not that of the public key"
        raise InvalidInput(message, "keys")
    until, revoked = row["until"], row.get("revoked", False)
    if revoked not in (True, False) or (revoked and until is None):
        message = f"key {row['id']}: a revoked key says since when"
        raise InvalidInput(message, "keys")
    until_ms = None if until is None else parse_instant(until)
    return TrustedKey(str(row["id"]), public, parse_instant(row["from"] or ""), until_ms, revoked)


def _policy(row: dict[str, Any]) -> Policy:
    keys = tuple(Verifier.parse(key) for key in row["keys"])
    witnesses = tuple(Verifier.parse(key) for key in row["witnesses"])
    quorum = row["quorum"]
    if not keys or any(key.kind != ED25519 for key in keys):
        message = "a log needs a key of its own, and witnesses theirs"
        raise InvalidInput(message, "keys")
    if any(key.kind != COSIGNATURE for key in witnesses) or len(set(witnesses)) < len(witnesses):
        message = "each witness stands there once, with the key it cosigns with"
        raise InvalidInput(message, "keys")
    if type(quorum) is not int or not 0 <= quorum <= len(witnesses):
        message = f"of {len(witnesses)} witnesses {quorum!r} cannot be asked for"
        raise InvalidInput(message, "keys")
    return Policy(str(row["origin"]), keys, witnesses, quorum)
