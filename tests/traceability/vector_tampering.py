"""What a cheat does to a proof that holds, for the published vectors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce

from tests.builders import DEVICE
from tests.traceability.vector_stage import LOG, OTHER_LOG
from traceability.bundle import Bundle, read_chain, write_chain
from traceability.canonical import from_bytes, to_bytes
from traceability.log.checkpoint import Checkpoint
from traceability.log.merkle import leaf_hash, node_hash
from traceability.log.note import Note, sign
from traceability.log.proof import LogProof

_ZONE = "Asia/Ho_Chi_Minh"


def second_summary(lines: list[bytes]) -> int:
    return [at for at, line in enumerate(lines) if line.startswith(b"{")][1]


def hidden(lines: list[bytes]) -> bytes:
    """Leave out the first day's first reading of its first channel, and say one less."""
    summary = from_bytes(lines[1])
    summary["channels"][0]["received"] -= 1
    return b"\n".join([lines[0], to_bytes(summary), *lines[3:]])


def chains(bundle: Bundle) -> Iterator[tuple[str, str, Mapping[str, bytes]]]:
    entries = [(day.number, day.fields) for day in read_chain(DEVICE, bundle.days[DEVICE])]
    for name, says, some in (
        ("bad-day-left-out", "a day in the middle is left out", [entries[0], entries[2]]),
        ("bad-first-day", "the first day is left out", entries[1:]),
        ("bad-last-day", "the last day is left out", entries[:-1]),
    ):
        yield name, says, {DEVICE: write_chain(DEVICE, _ZONE, some)}


def rolled_back(bundle: Bundle) -> tuple[Bundle, Bundle]:
    """Give the proof the checkpoint from just before its entry, and one by another key."""
    proof = LogProof.decode(bundle.proof)
    # Of the newest entry, the hashes of the proof make up the tree before it.
    before = reduce(lambda root, left: node_hash(left, root), proof.hashes)
    short = Checkpoint(LOG.name, proof.index, before).text()
    less = Note(short, (sign(LOG.private, LOG.name, short),)).encode()
    text = proof.checkpoint.split("\n\n")[0] + "\n"
    other = Note(text, (sign(OTHER_LOG.private, LOG.name, text),)).encode()
    return (
        replace(bundle, proof=replace(proof, checkpoint=less).encode()),
        replace(bundle, proof=replace(proof, checkpoint=other).encode()),
    )


def rewritten(bundle: Bundle) -> Bundle:
    """Begin the log anew with this one entry: its own key signs that, its witness does not."""
    text = Checkpoint(LOG.name, 1, leaf_hash(bundle.entry)).text()
    note = Note(text, (sign(LOG.private, LOG.name, text),)).encode()
    return replace(bundle, proof=LogProof(0, (), note).encode())
