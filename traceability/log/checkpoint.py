"""Checkpoints (c2sp.org/tlog-checkpoint): how long the log is, and the root over all of it."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import VerificationFailed
from traceability.log.merkle import HASH_SIZE
from traceability.log.note import COSIGNATURE, Note, Verifier, parse_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named ``origin`` has ``size`` entries under ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose checkpoints are believed: a log's keys, and how many of which witnesses."""

    origin: str
    keys: tuple[Verifier, ...]
    witnesses: tuple[Verifier, ...] = ()
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that a trusted key has signed, and when which witnesses saw it."""

    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]


def parse_checkpoint(note: Note) -> Checkpoint:
    """Return what a note says of a log; raises `VerificationFailed`, step ``checkpoint``."""
    lines = note.text.split("\n")
    if len(lines) < 4 or "" in lines[:-1]:
        raise VerificationFailed("checkpoint", "origin, size and root", repr(note.text[:80]))
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise VerificationFailed("checkpoint", "a size in digits", repr(size[:40]))
    try:
        raw = base64.b64decode(root, validate=True)
    except ValueError as error:
        raise VerificationFailed("checkpoint", "a root in base64", repr(root[:80])) from error
    if len(raw) != HASH_SIZE or base64.b64encode(raw).decode() != root:
        raise VerificationFailed("checkpoint", f"a root of {HASH_SIZE} bytes", repr(root[:80]))
    return Checkpoint(origin, int(size), raw)


def open_checkpoint(raw: str, policy: Policy) -> Signed:
    """Return a checkpoint that satisfies a policy.

    Raises `VerificationFailed`: step ``checkpoint`` when it is none, or not signed by a key of
    the log; step ``witnesses`` when too few of them have.
    """
    note = parse_note(raw)
    found = parse_checkpoint(note)
    if found.origin != policy.origin:
        raise VerificationFailed("checkpoint", f"the log {policy.origin}", repr(found.origin[:80]))
    if not note.signed_by(policy.keys):
        names = ", ".join(key.vkey() for key in policy.keys) or "no key at all"
        raise VerificationFailed("checkpoint", f"a signature of {names}", "none of them")
    witnessed = _witnessed(note, policy.witnesses)
    if len(witnessed) < policy.quorum:
        seen = ", ".join(name for name, _ in witnessed) or "none"
        known = ", ".join(key.name for key in policy.witnesses)
        raise VerificationFailed("witnesses", f"{policy.quorum} of: {known}", seen)
    return Signed(found, witnessed)


def _witnessed(note: Note, witnesses: Sequence[Verifier]) -> tuple[tuple[str, int], ...]:
    """Return which witnesses have signed, each key once, and when (seconds since 1970)."""
    timed = [key for key in witnesses if key.kind == COSIGNATURE]
    return tuple(
        (key.name, int.from_bytes(one.signature[:8], "big")) for key, one in note.signed_by(timed)
    )
