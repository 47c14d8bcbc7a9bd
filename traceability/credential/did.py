"""Who issues credentials: a ``did:web`` under our own address, and the keys it may sign with.

Whoever checks a credential looks its issuer up at the address that labels lead to, so that no
list of issuers has to be kept by anybody. W3C DID Core 1.0, the did:web method, and section
4.2 of VC-JOSE-COSE for keys (``JsonWebKey`` with ``publicKeyJwk``).
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from domain.window import print_instant
from traceability.keys import TrustedKey

PATH = "/.well-known/did.json"
_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"]


def did_of(address: str) -> str:
    """Return the DID of whoever answers at an address; a port's colon is percent-encoded.

    It resolves for others when the address is a public name under https, as did:web asks.
    """
    return f"did:web:{quote(urlsplit(address).netloc, safe='.-%')}"


def key_url(did: str, key_id: str) -> str:
    """Return the name of a key in the DID's document: under the id it has everywhere else."""
    return f"{did}#{key_id}"


def did_document(did: str, keys: Iterable[TrustedKey], now_ms: int) -> dict[str, Any]:
    """Return the document that a DID stands for.

    Every key is told of with the end of its time; only those that are valid now may make
    assertions. What an older key has signed is signed anew at the credential's own address.
    """
    known = tuple(keys)
    return {
        "@context": list(_CONTEXT),
        "id": did,
        "verificationMethod": [_method(did, key) for key in known],
        "assertionMethod": [key_url(did, key.id) for key in known if key.holds(now_ms)],
    }


def _method(did: str, key: TrustedKey) -> Mapping[str, Any]:
    method: dict[str, Any] = {
        "id": key_url(did, key.id),
        "type": "JsonWebKey",
        "controller": did,
        "publicKeyJwk": {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "x": base64.urlsafe_b64encode(key.public).rstrip(b"=").decode(),
        },
    }
    if key.until_ms is not None:
        method["revoked" if key.revoked else "expires"] = print_instant(key.until_ms)
    return method
