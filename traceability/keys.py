"""The keys that are trusted: Ed25519 public keys (RFC 8032) and when they may have signed.

A key's id is the first 16 hexadecimal digits of SHA-256 over its 32 public bytes, so an
id cannot be given to another key.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.errors import InvalidInput
from domain.window import parse_instant, print_instant


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key, raw 32 bytes, and when it may have signed (``until_ms`` None: still)."""

    id: str
    public: bytes
    from_ms: int
    until_ms: int | None

    def holds(self, instant_ms: int) -> bool:
        """Whether the key was valid at that moment."""
        return self.from_ms <= instant_ms and (self.until_ms is None or instant_ms < self.until_ms)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` over ``message`` is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def key_id(public: bytes) -> str:
    """Return the id of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def print_trust(keys: Sequence[TrustedKey]) -> str:
    """Return the published form of trusted keys (JSON)."""
    rows = [
        {
            "id": key.id,
            "public": base64.b64encode(key.public).decode(),
            "from": print_instant(key.from_ms),
            "until": None if key.until_ms is None else print_instant(key.until_ms),
        }
        for key in keys
    ]
    return json.dumps({"keys": rows}, indent=2)


def parse_trust(text: str) -> list[TrustedKey]:
    """Return the keys in their published form; raises `InvalidInput`."""
    try:
        return [_trusted(row) for row in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"not a list of keys: {type(error).__name__}: {error}"
        raise InvalidInput(message, "keys") from error


def _trusted(row: dict[str, str | None]) -> TrustedKey:
    public = base64.b64decode(row["public"] or "", validate=True)
    if len(public) != 32 or key_id(public) != row["id"]:
        message = f"key {row['id']}: the id is not that of the public key"
        raise InvalidInput(message, "keys")
    until = row["until"]
    return TrustedKey(
        str(row["id"]), public, parse_instant(row["from"] or ""),
        None if until is None else parse_instant(until),
    )  # fmt: skip
