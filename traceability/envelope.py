"""The envelope of a signed document: DSSE 1.0 (Dead Simple Signing Envelope).

What is signed is the pre-authentication encoding: type and length stand inside, so
bytes of one kind can never pass for another.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from domain.errors import VerificationFailed

PAYLOAD_TYPE = "application/vnd.nguon.passport+json;version=2"
PAYLOAD_TYPE_1 = "application/vnd.nguon.passport+json;version=1"
"""From before there was a log: says nothing of days, and names the producer."""
MADE_OF_TYPE = "application/vnd.nguon.passport+json;version=3"
"""Of a lot made of several harvests: names their passports and the steps between."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, who is said to have signed it, and the signature."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Return what the signature is over (DSSE, PAE)."""
        return pre_authentication(self.payload_type, self.payload)

    def encode(self) -> bytes:
        """Return the envelope as JSON."""
        signature = {"keyid": self.key_id, "sig": _b64(self.signature)}
        fields = {
            "payloadType": self.payload_type,
            "payload": _b64(self.payload),
            "signatures": [signature],
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Envelope":
        """Return the envelope; raises `VerificationFailed` for any other bytes.

        Strict: what `encode` would not have written does not pass.
        """
        try:
            fields = json.loads(raw.decode())
            (signature,) = fields["signatures"]
            envelope = cls(
                _text(fields["payloadType"]), _unb64(fields["payload"]), _text(signature["keyid"]),
                _unb64(signature["sig"]),
            )  # fmt: skip
            again = envelope.encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            found = f"{type(error).__name__}: {error}"[:120]
            raise VerificationFailed("envelope", "a DSSE envelope", found) from error
        if again != raw:
            raise VerificationFailed("envelope", "a DSSE envelope", "another spelling of one")
        return envelope


def digest_of(envelope: bytes) -> str:
    """Return what the log calls an envelope by: SHA-256 over its bytes, in hexadecimal."""
    return hashlib.sha256(envelope).hexdigest()


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """Return PAE(type, body) of DSSE 1.0."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _text(content: object) -> str:
    if not isinstance(content, str):
        message = f"a text is needed, not a {type(content).__name__}"
        raise TypeError(message)
    return content


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        message = f"not base64: {error}"
        raise ValueError(message) from error
