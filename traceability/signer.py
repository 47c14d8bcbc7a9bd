"""The private key that signs passports: made once, kept in one file, mode 0600."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from domain.errors import BadSettings, InvalidInput
from domain.window import parse_instant, print_instant
from traceability.keys import TrustedKey, key_id


@dataclass(frozen=True)
class Signer:
    """A private key and since when it signs."""

    private: Ed25519PrivateKey
    since_ms: int

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self.private.sign(message)

    def public(self) -> TrustedKey:
        """Return the key that others need to check what this one signs."""
        raw = self.private.public_key().public_bytes_raw()
        return TrustedKey(key_id(raw), raw, self.since_ms, None)


def create(path: Path, now_ms: int) -> Signer:
    """Make a key, write it to ``path`` readable by its owner only, and return it."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(f"Since: {print_instant(now_ms)}\n".encode() + pem)
    return Signer(private, now_ms)


def load(path: Path) -> Signer:
    """Return the key in a file; raises `BadSettings` when it is not one."""
    try:
        first, _, pem = path.read_bytes().partition(b"\n")
        since = parse_instant(first.decode().removeprefix("Since: "))
        private = load_pem_private_key(pem, None)
    except (OSError, ValueError, InvalidInput) as error:
        message = f"{path}: not a signing key: {error}"
        raise BadSettings(message) from error
    if not isinstance(private, Ed25519PrivateKey):
        message = f"{path}: not an Ed25519 key"
        raise BadSettings(message)
    return Signer(private, since)
