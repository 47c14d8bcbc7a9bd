"""The log's private key, with the name of the log; and a witness' own, alike.

Not the key that signs passports: whoever steals that one can still not log anything, so
that a stolen key signs nothing from before the day it was revoked.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.errors import BadSettings, InvalidInput
from traceability.key_file import make_key, read_key
from traceability.log.note import COSIGNATURE, ED25519, Verifier, require_name


@dataclass(frozen=True)
class NamedKey:
    """A private key and the name that stands beside its signatures."""

    name: str
    private: Ed25519PrivateKey

    def log(self) -> Verifier:
        """Return the public key that checkpoints are checked with."""
        return Verifier(self.name, ED25519, self.private.public_key().public_bytes_raw())

    def witness(self) -> Verifier:
        """Return the public key that cosignatures are checked with."""
        return Verifier(self.name, COSIGNATURE, self.private.public_key().public_bytes_raw())


def create(path: Path, name: str) -> NamedKey:
    """Make a key, write it readable by its owner only, and return it."""
    return NamedKey(name, make_key(path, f"Name: {require_name(name)}"))


def load(path: Path) -> NamedKey:
    """Return the key in a file; raises `BadSettings` when it is not one."""
    line, private = read_key(path)
    try:
        return NamedKey(require_name(line.removeprefix("Name: ")), private)
    except InvalidInput as error:
        message = f"{path}: not a key of a log or witness: {error}"
        raise BadSettings(message) from error
