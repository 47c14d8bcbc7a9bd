"""Signed notes (c2sp.org/signed-note): a text, and who has signed it.

Checkpoints of logs everywhere are such notes, so that a witness need not know us to check
us. Two kinds of Ed25519 signature (RFC 8032) are known: a log's (0x01) and a witness' with
its time (0x04, c2sp.org/tlog-cosignature); signatures of other keys are passed over.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.errors import InvalidInput, VerificationFailed

ED25519, COSIGNATURE = 0x01, 0x04
_MOST_BYTES, _MOST_SIGNATURES = 100_000, 64
_NOTE = "a signed note"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name: ``kind`` is the signature type, ``public`` its 32 bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def vkey(self) -> str:
        """Return the key as others write it down: name, id and key with ``+`` between."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Return the key of a vkey; raises `InvalidInput`."""
        try:
            name, key_id, key = vkey.split("+", 2)
            raw = base64.b64decode(key, validate=True)
        except ValueError as error:
            message = f"not a vkey (name+id+key): {vkey[:80]!r}"
            raise InvalidInput(message, "vkey") from error
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or not _NAME.fullmatch(name):
            message = f"not an Ed25519 key of a log or a witness: {vkey[:80]!r}"
            raise InvalidInput(message, "vkey")
        found = cls(name, raw[0], raw[1:])
        if found.vkey() != vkey:
            message = f"the id in the vkey is {key_id[:16]!r}, its key's is {found.key_id.hex()}"
            raise InvalidInput(message, "vkey")
        return found

    def holds(self, body: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (without the id) over ``body`` is this key's."""
        message = body
        if self.kind == COSIGNATURE:
            stamp, signature = signature[:8], signature[8:]
            if len(stamp) < 8 or stamp[0] >> 7:
                return False
            message = timed(body, int.from_bytes(stamp, "big"))
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note: a name, the id of a key, and what that key has signed."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    def by(self, key: Verifier) -> bool:
        """Whether the line claims to be of a key; that it is, only `Verifier.holds` tells."""
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its last line ended, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def body(self) -> bytes:
        """The bytes that are signed."""
        return self.text.encode()

    def encode(self) -> str:
        """Return the note as it is published."""
        return self.text + "\n" + "".join(one.line() for one in self.signatures)

    def signed_by(self, keys: Sequence[Verifier]) -> list[tuple[Verifier, Signature]]:
        """Return which of the keys have signed it.

        Raises `VerificationFailed`, step ``checkpoint``, when a line claims to be of one of
        them and is not: somebody has tampered with it.
        """
        found: dict[Verifier, Signature] = {}
        for key in keys:
            for one in (line for line in self.signatures if line.by(key)):
                if not key.holds(self.body, one.signature):
                    wanted = f"a signature of {key.name}"
                    raise VerificationFailed("checkpoint", wanted, "another's under its name")
                found.setdefault(key, one)
        return list(found.items())


def parse_note(raw: str) -> Note:
    """Return the note; raises `VerificationFailed`, step ``checkpoint``, for any other text."""
    if len(raw) > _MOST_BYTES or _FORBIDDEN.search(raw):
        raise VerificationFailed("checkpoint", f"{_NOTE}: short, no control characters", _cut(raw))
    text, gap, below = raw.rpartition("\n\n")
    if not gap or not below.endswith("\n"):
        raise VerificationFailed("checkpoint", f"{_NOTE}: a text, a gap, signatures", _cut(raw))
    lines = below[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise VerificationFailed("checkpoint", f"{_NOTE}: few signatures", f"{len(lines)}")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def sign(private: Ed25519PrivateKey, name: str, text: str) -> Signature:
    """Return a log's signature below a text."""
    key = Verifier(name, ED25519, private.public_key().public_bytes_raw())
    return Signature(name, key.key_id, private.sign(text.encode()))


def cosign(private: Ed25519PrivateKey, name: str, text: str, now_s: int) -> Signature:
    """Return a witness' signature below a checkpoint, with the time it was given at."""
    key = Verifier(name, COSIGNATURE, private.public_key().public_bytes_raw())
    signature = private.sign(timed(text.encode(), now_s))
    return Signature(name, key.key_id, now_s.to_bytes(8, "big") + signature)


def timed(body: bytes, now_s: int) -> bytes:
    """Return what a cosignature is over: the body of the note behind a header and a time."""
    return b"cosignature/v1\ntime %d\n" % now_s + body


def require_name(name: str) -> str:
    """Return a name that may stand in a signature line; raises `InvalidInput`."""
    if not _NAME.fullmatch(name):
        message = f"a key's name has no spaces and no plus sign: {name[:60]!r}"
        raise InvalidInput(message, "name")
    return name


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _NAME.fullmatch(parts[1]):
        raise VerificationFailed("checkpoint", f"{_NOTE}: signature lines", _cut(line))
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError) as error:
        wanted = f"{_NOTE}: signatures in base64"
        raise VerificationFailed("checkpoint", wanted, _cut(line)) from error
    if len(raw) < 5 or base64.b64encode(raw).decode() != parts[2]:
        raise VerificationFailed("checkpoint", f"{_NOTE}: an id and a signature", _cut(line))
    return Signature(parts[1], raw[:4], raw[4:])


def _cut(found: str) -> str:
    return repr(found[:60])
