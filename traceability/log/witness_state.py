"""What a witness remembers: of each log the last checkpoint it signed, in a folder of its own.

Checked and stored as one step, on disk before the answer: a witness that forgets may sign
two histories, which is the one thing it is there not to do.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import VerificationFailed
from traceability.log.checkpoint import Checkpoint, parse_checkpoint
from traceability.log.durable import sync, write_whole
from traceability.log.key import NamedKey
from traceability.log.note import Note, Signature, Verifier, cosign, parse_note
from traceability.log.witness import Refusal, judge, read_request


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that continues the ``old`` entries signed before, and our signature on it."""

    checkpoint: Checkpoint
    old: int
    signature: Signature


class Witness:
    """Signs checkpoints of known logs, each only if it continues what was signed before."""

    def __init__(self, folder: Path, key: NamedKey, logs: Mapping[str, Sequence[Verifier]]) -> None:
        self._folder, self._key, self._logs = folder, key, logs
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def add_checkpoint(self, body: bytes, now_s: int) -> Cosigned:
        """Return what was signed, and how; raises `Refusal` with the protocol's answer."""
        request = read_request(body)
        with self._lock:
            judge(request, self._logs, self.latest(request.checkpoint.origin))
            self._store(request.note, request.checkpoint)
        signature = cosign(self._key.private, self._key.name, request.note.text, now_s)
        return Cosigned(request.checkpoint, request.old, signature)

    def latest(self, origin: str) -> Checkpoint | None:
        """Return the checkpoint of a log that was signed last, None when none was."""
        path = self._path(origin)
        if not path.exists():
            return None
        try:
            return parse_checkpoint(parse_note(path.read_text("utf-8")))
        except (VerificationFailed, UnicodeDecodeError) as error:
            # Not to be taken for "never signed": that would sign anything.
            raise Refusal(500, f"{path.name} is damaged; a person must look\n") from error

    def _store(self, note: Note, checkpoint: Checkpoint) -> None:
        sync({write_whole(self._path(checkpoint.origin), note.encode().encode())})

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.checkpoint"
