"""The keys that are trusted: Ed25519 public keys (RFC 8032) and when they may have signed.

A key's id is the first 16 hexadecimal digits of SHA-256 over its 32 public bytes, so an
id cannot be given to another key.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.window import print_instant


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key, raw 32 bytes, and when it may have signed (``until_ms`` None: still).

    A ``revoked`` key may be in other hands since ``until_ms``: what a signature of it says of
    its own time is worth nothing, only a proof of the log tells that it was there before.
    """

    id: str
    public: bytes
    from_ms: int
    until_ms: int | None
    revoked: bool = False

    def holds(self, instant_ms: int) -> bool:
        """Whether the key was valid at that moment."""
        return self.from_ms <= instant_ms and (self.until_ms is None or instant_ms < self.until_ms)

    def told(self) -> str:
        """Return in words when the key may have signed."""
        if self.until_ms is None:
            return f"a time at which key {self.id} was valid, from {print_instant(self.from_ms)}"
        end = print_instant(self.until_ms)
        said = f"revoked since {end}" if self.revoked else f"ended at {end}"
        return f"a time at which key {self.id} was valid ({said})"

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
