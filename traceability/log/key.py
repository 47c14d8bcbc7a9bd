"""The log's private key, with the name of the log; and a witness' own, alike.

Not the key that signs passports: whoever steals that one can still not log anything, so
that a stolen key signs nothing from before the day it was revoked.
"""

import os
import re
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
from traceability.log.note import COSIGNATURE, ED25519, Verifier, require_name

_NAMED = re.compile(rb"Name: ([^\n]+)\n")


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
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(f"Name: {require_name(name)}\n".encode() + pem)
        file.flush()
        os.fsync(file.fileno())
    return NamedKey(name, private)


def load(path: Path) -> NamedKey:
    """Return the key in a file; raises `BadSettings` when it is not one."""
    try:
        raw = path.read_bytes()
        named = _NAMED.match(raw)
        private = load_pem_private_key(raw[named.end() if named else 0 :], None)
        name = require_name(named[1].decode() if named else "")
    except (OSError, ValueError, InvalidInput) as error:
        message = f"{path}: not a key of a log or witness: {error}"
        raise BadSettings(message) from error
    if not isinstance(private, Ed25519PrivateKey):
        message = f"{path}: not an Ed25519 key"
        raise BadSettings(message)
    return NamedKey(name, private)
