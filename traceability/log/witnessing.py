"""Asking witnesses to sign our checkpoints (c2sp.org/tlog-witness), over whatever sends bytes.

A witness that cannot be reached, or will not sign, is told of and passed over: what it has
signed before stays published, and verifiers say how many they ask for.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.errors import NguonError, VerificationFailed
from domain.os_errors import told
from store.records import Records
from store.records.log import SignedHead
from traceability.log.files import LogFiles
from traceability.log.note import Note, Signature, Verifier, parse_note
from traceability.log.witness import write_request

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a witness answered: an HTTP status and a body."""

    status: int
    body: str


# Where to, what; raises OSError when nobody answers.
Send = Callable[[str, str], Answer]


@dataclass
class Witnesses:
    """Public key and address of each, how they are spoken to, and what each has signed last."""

    known: Sequence[tuple[Verifier, str]]
    send: Send
    sizes: dict[str, int] = field(default_factory=dict)


def gather(records: Records, files: LogFiles, witnesses: Witnesses) -> int:
    """Have the newest checkpoint signed by who has not yet; return how many signatures it has."""
    if not witnesses.known:
        return 0
    with records.reading() as transaction:
        head = transaction.log.head()
    if head is None or head.size == 0:
        return 0
    note = parse_note(head.note)
    missing = [one for one in witnesses.known if not any(s.by(one[0]) for s in note.signatures)]
    fresh = []
    for witness, address in missing:
        try:
            fresh.append(_ask(files, head, note, (witness, address), witnesses))
        except (OSError, NguonError) as error:
            why = told(error, address) if isinstance(error, OSError) else error
            _log.warning("witness %s did not sign: %s", witness.name, why)
    if fresh:
        whole = Note(note.text, (*note.signatures, *fresh))
        signed = SignedHead(head.size, head.root, whole.encode())
        with records.transaction() as transaction:
            transaction.log.lock()
            newest = transaction.log.head()
            if newest is not None and newest.note == head.note:
                transaction.log.add_head(signed)
                files.write_checkpoint(signed.note)
    return len(note.signatures) - 1 + len(fresh)


def _ask(
    files: LogFiles, head: SignedHead, note: Note, witness: tuple[Verifier, str],
    witnesses: Witnesses,
) -> Signature:  # fmt: skip
    """Return a witness' signature; told another size than we thought, ask once more from there."""
    key, address = witness
    tree = files.tree(head.size)
    for _ in range(2):
        old = witnesses.sizes.get(key.name, 0)
        proof = tree.consistency(old) if old <= head.size else []
        body = write_request(old, proof, head.note)
        answer = witnesses.send(f"{address}/add-checkpoint", body)
        if answer.status != 409:
            break
        witnesses.sizes[key.name] = _size(answer.body)
    if answer.status != 200:
        found = f"{answer.status} {answer.body[:120]!r}"
        raise VerificationFailed("witnesses", f"{key.name} to sign", found)
    signed = parse_note(note.text + "\n" + answer.body).signed_by([key])
    if not signed:
        raise VerificationFailed("witnesses", f"a signature of {key.name}", repr(answer.body[:120]))
    witnesses.sizes[key.name] = head.size
    return signed[0][1]


def _size(body: str) -> int:
    text = body.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise VerificationFailed("witnesses", "the size it has signed last", repr(body[:60]))
    return int(text)
