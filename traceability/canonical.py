"""The exact bytes that are signed: JSON Canonicalization Scheme, RFC 8785."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from domain.errors import VerificationFailed


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the one byte string that stands for ``document``."""
    return rfc8785.dumps(dict(document))


def salted_digest(salt: bytes, said: Mapping[str, Any]) -> str:
    """Return SHA-256 over a salt and canonical JSON, 64 hexadecimal digits.

    A digest of a name alone could be found by trying names; with 16 random bytes before it,
    only whoever was given the salt can tell. Erasing the salt leaves every proof whole.
    """
    return hashlib.sha256(salt + to_bytes(said)).hexdigest()


def from_bytes(payload: bytes) -> dict[str, Any]:
    """Return the document; raises `VerificationFailed` unless the bytes are canonical."""
    try:
        document = json.loads(payload.decode())
        again = rfc8785.dumps(document) if isinstance(document, dict) else b""
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        step, expected = "canonical", "a JSON document in canonical form (RFC 8785)"
        raise VerificationFailed(step, expected, str(error)[:120]) from error
    if again != payload:
        step, expected = "canonical", "a JSON document in canonical form (RFC 8785)"
        raise VerificationFailed(step, expected, "another spelling of it")
    return document  # type: ignore[no-any-return]
