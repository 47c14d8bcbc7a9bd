"""Verification of a credential: tokens, the issuer's document and a moment in, a verdict out.

Pure. The steps, in order; the first that does not hold is named in `VerificationFailed`:

- ``jws``        a compact JWS by EdDSA, header in order
- ``type``       its type is ``vc+jwt``, its payload one credential of the wanted type
- ``key``        a key that the issuer's document lets make assertions
- ``signature``  that key's, over these very bytes
- ``fields``     contexts, types and fields as VC Data Model 2.0 and UNTP 0.6 have them
- ``issuer``     the key is the issuer's own
- ``validity``   it is valid at that moment
- ``status``     no list given says otherwise; each is checked as a credential itself
- ``evidence``   if the proof is given: every claim names it, and says what its passport says
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput, VerificationFailed
from domain.window import parse_instant, print_instant
from traceability.bundle import Bundle
from traceability.credential.claims import all_declared
from traceability.credential.jws import Token, take_apart
from traceability.credential.product_passport import TYPES, UNTP_CONTEXT
from traceability.credential.status_list import CONTEXT, REVOCATION, SUSPENSION, is_set
from traceability.envelope import Envelope
from traceability.epcis.document import parse
from traceability.keys import TrustedKey, key_id

_URL = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")
STEPS = (
    "jws", "type", "key", "signature", "fields", "issuer", "validity", "status", "evidence",
)  # fmt: skip
TOKEN_TYPE = "vc+jwt"  # noqa: S105 - a media type
_STATUS_TYPES = ("VerifiableCredential", "BitstringStatusListCredential")


@dataclass(frozen=True, slots=True)
class Held:
    """A credential that passed every step; ``asked`` tells which purposes lists were given for."""

    credential: Mapping[str, Any]
    key: str
    asked: frozenset[str]


def verify_credential(
    token: str,
    issuer: Mapping[str, Any],
    now_ms: int,
    lists: Sequence[str] = (),
    proof: bytes | None = None,
) -> Held:
    """Return the verdict on a product passport; raises `VerificationFailed`.

    ``issuer`` is what ``did.json`` says, ``lists`` are the status lists that the credential
    names, as tokens: without them ``asked`` is empty, and whether it was revoked is not known.
    ``proof`` is the ZIP file that the claims lead to; verify it by itself as well.
    """
    credential, key = _opened(token, issuer, now_ms, TYPES, (CONTEXT, UNTP_CONTEXT))
    found = [_opened(each, issuer, now_ms, _STATUS_TYPES, (CONTEXT,))[0] for each in lists]
    asked = frozenset(_check_status(credential, each) for each in found)
    if proof is not None:
        _check_evidence(credential, proof)
    return Held(credential, key, asked)


def _opened(
    raw: str,
    issuer: Mapping[str, Any],
    now_ms: int,
    types: Sequence[str],
    contexts: Sequence[str],
) -> tuple[dict[str, Any], str]:
    token = take_apart(raw)
    if token.header.get("typ") != TOKEN_TYPE:
        raise VerificationFailed("type", f"typ {TOKEN_TYPE}", repr(token.header.get("typ"))[:60])
    name = str(token.header.get("kid"))
    key = _key(issuer, name, now_ms)
    if not key.verifies(token.signature, token.signed):
        raise VerificationFailed("signature", f"a signature of {name} over these bytes", "another")
    credential = _fields(token, types, contexts)
    _check_issuer(credential, name)
    _check_validity(credential, now_ms)
    return credential, name


def _key(issuer: Mapping[str, Any], name: str, now_ms: int) -> TrustedKey:
    """Return the key of that name, when it may make assertions at that moment."""
    try:
        methods = {str(each["id"]): each for each in issuer["verificationMethod"]}
        allowed = [str(each) for each in issuer["assertionMethod"]]
        method = methods.get(name, {})
        ends = [method[end] for end in ("expires", "revoked") if end in method]
        if name not in allowed or any(parse_instant(end) <= now_ms for end in ends):
            raise VerificationFailed("key", f"one of: {', '.join(allowed) or 'none'}", name[:120])
        jwk = method["publicKeyJwk"]
        if (method["type"], jwk["kty"], jwk["crv"]) != ("JsonWebKey", "OKP", "Ed25519"):
            raise VerificationFailed("key", "an Ed25519 JsonWebKey", str(jwk)[:120])
        public = base64.urlsafe_b64decode(jwk["x"] + "=")
        found = TrustedKey(key_id(public), public, 0, None)
        found.verifies(b"", b"")  # 32 bytes, or it is no key
    except (KeyError, TypeError, ValueError, AttributeError, InvalidInput) as error:
        raise VerificationFailed("key", "an issuer's document", repr(error)[:120]) from error
    return found


def _fields(token: Token, types: Sequence[str], contexts: Sequence[str]) -> dict[str, Any]:
    """Return the payload; contexts are whole URLs, so that nothing can bring ``@vocab`` in."""
    try:
        credential = parse(token.payload)
        given, kinds = list(credential["@context"]), list(credential["type"])
        issuer = credential["issuer"]
        texts = [credential["id"], credential["validFrom"], credential["validUntil"]]
        texts += [issuer["id"], issuer["name"]] if isinstance(issuer, dict) else [issuer]
        whole = all(isinstance(text, str) for text in texts)
        subject = credential["credentialSubject"]
    except (InvalidInput, KeyError, TypeError) as error:
        raise VerificationFailed("fields", "a credential", repr(error)[:120]) from error
    if given != list(contexts):
        raise VerificationFailed("fields", f"@context {list(contexts)}", str(given)[:200])
    if sorted(map(str, kinds)) != sorted(types):
        raise VerificationFailed("type", f"type {list(types)}", str(kinds)[:120])
    # VC-JOSE-COSE 3.3: a credential wrapped in "vc", as version 1.1 had it, is none.
    if not whole or not isinstance(subject, dict) or {"vc", "vp"} & credential.keys():
        raise VerificationFailed("fields", "a credential of version 2.0", str(texts)[:200])
    if not _URL.fullmatch(credential["id"]):  # VCDM 2.0, section 4.4
        raise VerificationFailed("fields", "an id that is a URL", ascii(credential["id"])[:120])
    return credential


def _check_issuer(credential: Mapping[str, Any], name: str) -> None:
    issuer = credential["issuer"]
    did = issuer["id"] if isinstance(issuer, dict) else issuer
    if name.partition("#")[0] != did:
        raise VerificationFailed("issuer", f"a key of {did}", name[:120])


def _check_validity(credential: Mapping[str, Any], now_ms: int) -> None:
    try:
        start, end = (parse_instant(credential[name]) for name in ("validFrom", "validUntil"))
    except InvalidInput as error:
        raise VerificationFailed("validity", "instants", str(error)[:120]) from error
    if not start <= now_ms < end:
        expected = f"{credential['validFrom']} to {credential['validUntil']}"
        raise VerificationFailed("validity", expected, print_instant(now_ms))


def _check_status(credential: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """Return the purpose of a list that does not speak against the credential."""
    try:
        found = next(
            each
            for each in credential["credentialStatus"]
            if each["statusListCredential"] == status["id"]
        )
        purpose, subject = str(found["statusPurpose"]), status["credentialSubject"]
        place = int(found["statusListIndex"])
        kinds = (found["type"], subject["type"], subject["statusPurpose"])
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise VerificationFailed("status", "a list of the credential's", repr(error)) from error
    if kinds != ("BitstringStatusListEntry", "BitstringStatusList", purpose):
        raise VerificationFailed("status", f"a list of {purpose}s", str(kinds)[:120])
    if is_set(subject, place):
        said = {REVOCATION: "revoked", SUSPENSION: "suspended"}.get(purpose, purpose)
        raise VerificationFailed("status", f"place {place} not set", said)
    return purpose


def _check_evidence(credential: Mapping[str, Any], proof: bytes) -> None:
    digest = hashlib.sha256(proof).hexdigest()
    try:
        claims = credential["credentialSubject"]["conformityClaim"]
        named = {claim["conformityEvidence"]["hashDigest"] for claim in claims}
        told = [claim["declaredValue"] for claim in claims]
    except (KeyError, TypeError) as error:
        raise VerificationFailed("evidence", "claims with their proof", repr(error)) from error
    if named != {digest}:
        raise VerificationFailed(
            "evidence", f"a proof of SHA-256 {sorted(map(str, named))}", digest
        )
    try:
        passport = json.loads(Envelope.decode(Bundle.decode(proof).passport).payload)
        expected = all_declared(passport)
    except (VerificationFailed, InvalidInput, ValueError, KeyError, TypeError) as error:
        raise VerificationFailed("evidence", "a proof", str(error)[:120]) from error
    if told[: len(expected)] != expected:
        raise VerificationFailed("evidence", "the figures of the passport", "others")
