"""Signed notes, checkpoints, proofs in files, and what a witness signs."""

import base64
from collections.abc import Mapping, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput, VerificationFailed
from tests.traceability.log.test_merkle import LEAVES, Disk
from traceability.log.checkpoint import Checkpoint, Policy, open_checkpoint, parse_checkpoint
from traceability.log.merkle import EMPTY_ROOT, leaf_hash, root_of
from traceability.log.note import (
    COSIGNATURE,
    ED25519,
    Note,
    Verifier,
    cosign,
    parse_note,
    require_name,
    sign,
)
from traceability.log.proof import LogProof
from traceability.log.witness import Refusal, judge, read_request, write_request

ORIGIN = "nguon.example/log"
LOG, WITNESS, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))


def key(private: Ed25519PrivateKey, name: str, kind: int = ED25519) -> Verifier:
    return Verifier(name, kind, private.public_key().public_bytes_raw())


KEY, EYE = key(LOG, ORIGIN), key(WITNESS, "hop-tac-xa.example", COSIGNATURE)
POLICY = Policy(ORIGIN, (KEY,), (EYE,), 1)


def checkpoint(size: int, root: bytes | None = None, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, root_of(LEAVES[:size]) if root is None else root)


def signed(one: Checkpoint, by: Ed25519PrivateKey = LOG, seen_s: int | None = 1_700_000_000) -> str:
    lines = [sign(by, ORIGIN, one.text())]
    if seen_s is not None:
        lines.append(cosign(WITNESS, EYE.name, one.text(), seen_s))
    return Note(one.text(), tuple(lines)).encode()


def test_the_specifications_own_note_is_accepted() -> None:
    foo = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    raw = (
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6T"
        "fXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    note = parse_note(raw)
    assert [k.vkey() for k, _ in note.signed_by([Verifier.parse(foo)])] == [foo]
    assert note.encode() == raw
    with pytest.raises(VerificationFailed, match="another's"):
        parse_note(raw.replace("example message", "exemple message")).signed_by(
            [Verifier.parse(foo)]
        )


def test_a_checkpoint_is_believed_with_its_witness_and_says_when_it_was_seen() -> None:
    found = open_checkpoint(signed(checkpoint(7)), POLICY)
    assert found.checkpoint == checkpoint(7)
    assert found.witnessed == (("hop-tac-xa.example", 1_700_000_000),)


@pytest.mark.parametrize(
    ("raw", "step"),
    [
        (signed(checkpoint(7), by=STRANGER), "checkpoint"),
        (signed(checkpoint(7), seen_s=None), "witnesses"),
        (signed(checkpoint(7, origin="other.example")), "checkpoint"),
        (signed(checkpoint(7)).replace("\n7\n", "\n8\n"), "checkpoint"),
        (signed(checkpoint(7)).replace("\n7\n", "\n07\n"), "checkpoint"),
        (signed(checkpoint(7))[:-1], "checkpoint"),
        (signed(checkpoint(7)).replace("— ", "- "), "checkpoint"),
        (signed(checkpoint(7)) + "\x07\n", "checkpoint"),
        ("", "checkpoint"),
        ("\n\n\n", "checkpoint"),
        ("x" * 200_000, "checkpoint"),
        (signed(checkpoint(7)).replace(ORIGIN + "\n7\n", ORIGIN + "\n\n7\n"), "checkpoint"),
    ],
)
def test_what_is_not_believed_names_a_step(raw: str, step: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        open_checkpoint(raw, POLICY)
    assert caught.value.step == step


def test_a_forged_line_under_a_witness_name_spoils_the_note() -> None:
    body = checkpoint(7).text()
    good = sign(LOG, ORIGIN, body), cosign(WITNESS, EYE.name, body, 5)
    forged = good[1].__class__(EYE.name, EYE.key_id, bytes(72))
    for lines in ((*good, forged), (good[0], forged)):
        with pytest.raises(VerificationFailed, match="another's"):
            open_checkpoint(Note(body, lines).encode(), POLICY)


def test_a_witness_signing_twice_counts_once_and_as_a_log_never() -> None:
    body = checkpoint(7).text()
    twice = cosign(WITNESS, EYE.name, body, 5), cosign(WITNESS, EYE.name, body, 6)
    raw = Note(body, (sign(LOG, ORIGIN, body), *twice)).encode()
    with pytest.raises(VerificationFailed) as caught:
        open_checkpoint(raw, Policy(ORIGIN, (KEY,), (EYE,), 2))
    assert caught.value.step == "witnesses"
    plain = Note(body, (sign(LOG, ORIGIN, body), sign(WITNESS, EYE.name, body))).encode()
    with pytest.raises(VerificationFailed):
        open_checkpoint(plain, POLICY)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a+b",
        "a+00000000+AA==",
        KEY.vkey().replace("nguon", "other"),
        KEY.vkey() + "A",
        "a b+1+2",
    ],
)
def test_a_key_that_is_none_is_refused(vkey: str) -> None:
    with pytest.raises(InvalidInput):
        Verifier.parse(vkey)
    assert Verifier.parse(KEY.vkey()) == KEY


def test_names_that_would_break_a_line_are_refused() -> None:
    for name in ("", "a b", "a+b", "a\nb", "x" * 300):
        with pytest.raises(InvalidInput):
            require_name(name)
    assert require_name(ORIGIN) == ORIGIN


def log_of(count: int) -> Disk:
    disk = Disk()
    disk.add(count)
    return disk


def test_a_proof_in_a_file_comes_back_and_holds() -> None:
    disk = log_of(1_000)
    proof = LogProof(421, tuple(disk.tree().inclusion(421)), signed(checkpoint(1_000)))
    again = LogProof.decode(proof.encode())
    assert again == proof
    assert again.check(b"421", POLICY).checkpoint.size == 1_000
    with_extra = proof.encode().replace("\nindex", "\nextra AAAA\nindex")
    assert LogProof.decode(with_extra) == proof
    with pytest.raises(VerificationFailed) as caught:
        again.check(b"422", POLICY)
    assert caught.value.step == "inclusion"


@given(st.integers(0, 400), st.integers(1, 120))
def test_every_flipped_bit_of_a_proof_is_noticed(position: int, bit: int) -> None:
    disk = log_of(9)
    raw = LogProof(3, tuple(disk.tree().inclusion(3)), signed(checkpoint(9))).encode()
    flipped = bytearray(raw.encode())
    flipped[position % len(flipped)] ^= 1 << (bit % 7)
    text = flipped.decode(errors="replace")
    try:
        LogProof.decode(text).check(b"3", POLICY)
    except VerificationFailed:
        return
    assert text == raw  # nothing else may pass


@pytest.mark.parametrize(
    "raw",
    ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nindex 01\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\n!!\n\nx",
     "c2sp.org/tlog-proof@v2\nindex 1\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\n" + "AAAA\n" * 64 + "\nx"],
)  # fmt: skip
def test_a_file_that_is_no_proof_is_refused(raw: str) -> None:
    with pytest.raises(VerificationFailed):
        LogProof.decode(raw)


LOGS = {ORIGIN: (KEY,)}


def refused(
    raw: bytes | str, latest: Checkpoint | None, logs: Mapping[str, Sequence[Verifier]] = LOGS
) -> Refusal:
    with pytest.raises(Refusal) as caught:
        judge(read_request(raw.encode() if isinstance(raw, str) else raw), logs, latest)
    return caught.value


def test_a_witness_signs_what_continues_what_it_signed() -> None:
    tree = log_of(300).tree()
    first = write_request(0, [], signed(checkpoint(40), seen_s=None))
    judge(read_request(first.encode()), LOGS, None)
    proof = tree.consistency(40)
    onward = write_request(40, proof, signed(checkpoint(300), seen_s=None))
    judge(read_request(onward.encode()), LOGS, checkpoint(40))
    same = write_request(300, [], signed(checkpoint(300), seen_s=None))
    judge(read_request(same.encode()), LOGS, checkpoint(300))


def test_a_witness_refuses_in_the_protocols_own_words() -> None:
    tree, note = log_of(300).tree(), signed(checkpoint(300), seen_s=None)
    proof = tree.consistency(40)
    good = write_request(40, proof, note)
    conflict = refused(good, checkpoint(41))
    assert (conflict.status, conflict.body, conflict.media_type) == (
        409,
        "41\n",
        "text/x.tlog.size",
    )
    assert refused(good, checkpoint(40), {}).status == 404
    forger = signed(checkpoint(300), by=STRANGER, seen_s=None)
    assert refused(write_request(40, proof, forger), checkpoint(40)).status == 403
    assert refused(write_request(301, [], note), None).status == 400
    other = Checkpoint(ORIGIN, 40, leaf_hash(b"rewritten"))
    assert refused(good, other).status == 422
    assert refused(write_request(40, proof[:-1], note), checkpoint(40)).status == 422
    assert refused(write_request(0, proof, note), None).status == 422
    fork = signed(checkpoint(300, leaf_hash(b"fork")), seen_s=None)
    assert refused(write_request(300, [], fork), checkpoint(300)).status == 422
    empty = signed(checkpoint(0, leaf_hash(b"not empty")), seen_s=None)
    assert refused(write_request(0, [], empty), None).status == 422
    judge(
        read_request(write_request(0, [], signed(checkpoint(0, EMPTY_ROOT))).encode()), LOGS, None
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"old 1", b"old -1\n\nx", b"old 01\n\nx", b"old 1\n!\n\nx\n1\nAA==\n\n\xe2\x80\x94 a b\n",
     ("old 1\n" + "AAAA\n" * 64 + "\n").encode() + signed(checkpoint(7)).encode()],
)  # fmt: skip
def test_a_malformed_request_is_a_bad_request(raw: bytes) -> None:
    assert refused(raw, None).status == 400


def test_extension_lines_are_signed_and_passed_over() -> None:
    text = checkpoint(7).text() + "an extension\n"
    assert parse_checkpoint(parse_note(Note(text, (sign(LOG, ORIGIN, text),)).encode())).size == 7
    root = base64.b64encode(b"short").decode()
    bad = f"{ORIGIN}\n7\n{root}\n"
    with pytest.raises(VerificationFailed):
        parse_checkpoint(Note(bad, ()))
