"""Signed tokens: JSON Web Signature in its compact form (RFC 7515), by Ed25519 (RFC 8037).

Written here and not taken from a library: of all that JOSE offers one algorithm is wanted, and
a program that knows only one cannot be talked into another. (joserfc is well kept and BSD; it
brings encryption, key sets and twenty algorithms along, 884 kB of them.)

A passport's own signature is over ``DSSEv1 …``, a token's over base64url with a dot: with the
same key, neither passes for the other.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import VerificationFailed
from traceability.canonical import to_bytes

ALGORITHM = "EdDSA"
_WHAT = "a compact JWS"
_MOST_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart: its header, payload and signature, and the bytes that are signed."""

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def sign(header: Mapping[str, Any], payload: bytes, by: Callable[[bytes], bytes]) -> str:
    """Return a token; ``by`` gives the Ed25519 signature (64 bytes) over what it is given."""
    protected = to_bytes({**header, "alg": ALGORITHM})
    signed = f"{_encode(protected)}.{_encode(payload)}"
    return f"{signed}.{_encode(by(signed.encode()))}"


def take_apart(token: str) -> Token:
    """Return the parts of a token, not yet checked; raises `VerificationFailed`, step ``jws``.

    Refused with a reason: any algorithm but ours, ``crit`` (an extension that must be
    understood, RFC 7515 section 4.1.11), a key twice in the header, padding.
    """
    if len(token) > _MOST_CHARACTERS:
        raise VerificationFailed("jws", f"at most {_MOST_CHARACTERS} characters", f"{len(token)}")
    try:
        protected, payload, signature = token.split(".")
        header = json.loads(_decode(protected), object_pairs_hook=_once)
        found = Token(
            header, _decode(payload), _decode(signature), f"{protected}.{payload}".encode("ascii")
        )
        algorithm = header["alg"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise VerificationFailed("jws", _WHAT, f"{type(error).__name__}: {error}"[:120]) from error
    if algorithm != ALGORITHM:
        raise VerificationFailed("jws", f"alg {ALGORITHM}", repr(algorithm)[:60])
    if "crit" in header:
        raise VerificationFailed("jws", "no critical extension", repr(header["crit"])[:60])
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice"
        raise ValueError(message)
    return found


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Return the bytes of base64url without padding, spelt the one way (RFC 7515 section 2)."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        message = f"not base64url: {error}"
        raise ValueError(message) from error
    if _encode(raw) != text:
        message = "not base64url spelt the one way"
        raise ValueError(message)
    return raw
