"""A private key in a file: one line that says what it is, then PEM; its owner's alone."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from domain import os_errors
from domain.errors import BadSettings


def make_key(path: Path, line: str) -> Ed25519PrivateKey:
    """Make a key and write it below ``line``, durable and readable by its owner only."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(line.encode() + b"\n" + pem)
        file.flush()
        os.fsync(file.fileno())
    return private


def read_key(path: Path) -> tuple[str, Ed25519PrivateKey]:
    """Return the line and the key below it; raises `BadSettings` when the file has none."""
    try:
        line, _, pem = path.read_bytes().partition(b"\n")
        told, private = line.decode(), load_pem_private_key(pem, None)
    except OSError as error:
        raise BadSettings(os_errors.told(error)) from error
    except ValueError as error:
        message = f"{path}: not a private key: {error}"
        raise BadSettings(message) from error
    if not isinstance(private, Ed25519PrivateKey):
        message = f"{path}: not an Ed25519 key"
        raise BadSettings(message)
    return told, private
