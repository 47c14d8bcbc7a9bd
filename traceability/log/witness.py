"""What a witness does (c2sp.org/tlog-witness): signs only what continues what it has signed.

A cooperative, a commune office or a buyers' association runs one on any machine. It keeps
one checkpoint a log, and that is enough: whoever rewrites what a witness has seen can show
nobody a checkpoint with its signature again. Pure: what to answer, and what to remember.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import VerificationFailed
from traceability.log.checkpoint import Checkpoint, parse_checkpoint
from traceability.log.merkle import EMPTY_ROOT, check_consistency
from traceability.log.note import Note, Verifier, parse_note

MOST_BODY = 64_000
CONFLICT = 409
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint to sign, from which size on its sender knows us to be, and the proof."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


class Refusal(Exception):
    """Why a checkpoint is not signed: the protocol's HTTP status and body, and our own words.

    ``why`` is for whoever runs the witness; the protocol's body need not be a sentence.
    """

    def __init__(self, status: int, body: str, why: str = "") -> None:
        super().__init__(body.strip())
        self.status, self.body, self.why = status, body, why or body.strip()

    @property
    def media_type(self) -> str:
        """The body's kind: a conflict tells the size that was signed, and nothing else."""
        return "text/x.tlog.size" if self.status == CONFLICT else "text/plain; charset=utf-8"


def write_request(old: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Return the body of ``POST /add-checkpoint``."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return "".join(f"{line}\n" for line in lines) + "\n" + checkpoint


def read_request(raw: bytes) -> Request:
    """Return what is asked; raises `Refusal` with status 400 when it is malformed."""
    try:
        above, gap, below = raw.decode().partition("\n\n")
        lines = above.split("\n")
        old = _OLD.fullmatch(lines[0])
        if old is None or not gap or len(lines) - 1 > _MOST_HASHES:
            raise Refusal(400, "old N, at most 63 hashes, an empty line, a checkpoint\n")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
        note = parse_note(below)
        return Request(int(old[1]), proof, note, parse_checkpoint(note))
    except (UnicodeDecodeError, binascii.Error, VerificationFailed) as error:
        raise Refusal(400, f"{error}\n") from error


def judge(
    request: Request, logs: Mapping[str, Sequence[Verifier]], latest: Checkpoint | None
) -> None:
    """Raise `Refusal` unless the checkpoint is a known log's and continues ``latest``.

    ``logs`` gives the keys of each log by its origin, ``latest`` is the checkpoint of this
    log that was signed last. What passes is to be stored first and signed then.
    """
    asked = request.checkpoint
    keys = logs.get(asked.origin)
    if keys is None:
        raise Refusal(404, f"no log {asked.origin[:80]} is known here\n")
    of = f"{asked.origin[:80]}, {asked.size} entries"
    try:
        signed = request.note.signed_by(keys)
    except VerificationFailed as error:
        raise Refusal(403, f"{error}\n", f"{of}: {error}") from error
    if not signed:
        unknown = "no signature of a key that is known here"
        raise Refusal(403, f"{unknown}\n", f"{of}: {unknown}")
    if request.old > asked.size:
        beyond = f"old {request.old} is beyond the checkpoint's {asked.size}"
        raise Refusal(400, f"{beyond}\n", f"{of}: {beyond}")
    known = 0 if latest is None else latest.size
    if request.old != known:
        asks = f"asked to sign from {request.old} on, {known} were signed before"
        raise Refusal(CONFLICT, f"{known}\n", f"{of}: {asks}; its log may ask again from there")
    _require_continues(request, EMPTY_ROOT if latest is None else latest.root)


def _require_continues(request: Request, root: bytes) -> None:
    asked = request.checkpoint
    try:
        check_consistency(request.old, asked.size, request.proof, root, asked.root)
    except VerificationFailed as error:
        rewritten = f"NOT a continuation of the {request.old} signed before: history was changed"
        of = f"{asked.origin[:80]}, {asked.size} entries"
        raise Refusal(422, f"{error}\n", f"{of}: {rewritten} ({error})") from error
