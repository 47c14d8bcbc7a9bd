"""The exact bytes that are signed: JSON Canonicalization Scheme, RFC 8785."""

import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from domain.errors import VerificationFailed


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the one byte string that stands for ``document``."""
    return rfc8785.dumps(dict(document))


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
