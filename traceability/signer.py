"""The private key that signs passports: made once, kept in one file, mode 0600."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.errors import BadSettings, InvalidInput
from domain.window import parse_instant, print_instant
from traceability.key_file import make_key, read_key
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
    return Signer(make_key(path, f"Since: {print_instant(now_ms)}"), now_ms)


def load(path: Path) -> Signer:
    """Return the key in a file; raises `BadSettings` when it is not one."""
    line, private = read_key(path)
    try:
        return Signer(private, parse_instant(line.removeprefix("Since: ")))
    except InvalidInput as error:
        message = f"{path}: not a signing key: {error}"
        raise BadSettings(message) from error
