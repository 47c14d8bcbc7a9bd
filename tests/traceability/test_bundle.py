"""The proof of a passport: it holds alone, and every way to cheat with it is named."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.errors import NotFound, NotYet, VerificationFailed
from domain.gs1 import LotNumber
from domain.ids import EntryId
from domain.lot import IssuedPassport
from domain.reading import Frame
from domain.window import DAY_MS, days_window
from tests.builders import DEVICE, GTIN, ZONE, delivery, reading
from tests.traceability.world import NOON, STARTED, World
from traceability.bundle import Bundle, read_chain, write_chain
from traceability.bundling import make_bundle, raw_readings, readme
from traceability.canonical import to_bytes
from traceability.dossier import PRODUCER
from traceability.envelope import PAYLOAD_TYPE, Envelope, pre_authentication
from traceability.evidence.device_day import HEADER
from traceability.key_register import revoke
from traceability.log.append import record
from traceability.log.checkpoint import Checkpoint
from traceability.log.entry import PASSPORT
from traceability.log.merkle import leaf_hash
from traceability.log.note import COSIGNATURE, Note, Verifier, cosign, parse_note, sign
from traceability.log.proof import LogProof
from traceability.log.publish import publish
from traceability.lots import LotRequest, open_lot
from traceability.passport import issue, logged, subject_of
from traceability.trust import Trust
from traceability.verify_bundle import STEPS, verify_bundle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def passport(world: World) -> IssuedPassport:
    return world.issued()


@pytest.fixture(scope="module")
def raw(world: World, passport: IssuedPassport) -> bytes:
    return world.proof(passport)


@pytest.fixture(scope="module")
def readings(world: World, passport: IssuedPassport) -> list[bytes]:
    with world.records.reading() as transaction:
        files = raw_readings(transaction, world.series, passport, NOON)
        return [b"".join(lines) for _, lines in files]


def refused(raw: bytes, trust: Trust, readings: list[bytes] | None = None) -> VerificationFailed:
    with pytest.raises(VerificationFailed) as caught:
        verify_bundle(raw, trust, readings)
    assert caught.value.step in STEPS
    return caught.value


def test_it_holds_with_nothing_but_itself_and_keys(
    world: World, passport: IssuedPassport, raw: bytes, readings: list[bytes]
) -> None:
    held: list[str] = []
    proven = verify_bundle(raw, world.trust(), readings, held.append)
    assert tuple(held) == STEPS
    assert proven.document["lot"]["number"] == "LO-1"
    assert (proven.logged_ms, proven.days, proven.producer) == (NOON, 5, "Hộ mẫu 1")
    assert proven.recomputed == sum(row["received"] for row in proven.document["evidence"])
    assert verify_bundle(raw, world.trust()).recomputed is None
    assert world.proof(passport) == raw


def test_every_flipped_bit_of_its_files_is_noticed(world: World, raw: bytes) -> None:
    bundle = Bundle.decode(raw)
    parts: list[tuple[str, bytes]] = [
        ("passport", bundle.passport), ("entry", bundle.entry), ("proof", bundle.proof.encode()),
        ("days", bundle.days[DEVICE]), ("day_proofs", bundle.day_proofs[DEVICE].encode()),
        ("disclosures", bundle.disclosures),
    ]  # fmt: skip
    for name, part in parts:
        for position in range(0, len(part), max(1, len(part) // 150)):
            flipped = bytearray(part)
            flipped[position] ^= 1
            changed: Any = bytes(flipped)
            if name in ("proof", "day_proofs"):
                changed = changed.decode(errors="replace")
            if name in ("days", "day_proofs"):
                changed = {DEVICE: changed}
            refused(replace(bundle, **{name: changed}).encode(readme()), world.trust())


def test_every_flipped_byte_of_the_file_is_noticed_or_changes_nothing(
    world: World, raw: bytes
) -> None:
    whole = Bundle.decode(raw)
    for position in range(0, len(raw), 37):
        flipped = bytearray(raw)
        flipped[position] ^= 0xFF
        try:
            verify_bundle(bytes(flipped), world.trust())
        except VerificationFailed:
            continue
        # Dates, and names of files that nobody reads: what is proven is the same.
        assert Bundle.decode(bytes(flipped)) == whole


@pytest.mark.parametrize("hostile", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"x" * 1000])
def test_a_file_that_is_no_bundle_is_said_to_be_none(world: World, hostile: bytes) -> None:
    assert refused(hostile, world.trust()).step == "bundle"


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_bomb_a_double_and_a_gap_are_refused(world: World, raw: bytes) -> None:
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    bomb = zipped([*files, ("x.json", bytes(30_000_000))])
    double = zipped([*files, files[1]])
    many = zipped([*files, *((f"{n}", b"") for n in range(600))])
    alone = [one for one in files if one[0] != "days.tlog-proofs"]
    for hostile in (bomb, double, many, zipped(alone), zipped(files[2:])):
        assert refused(hostile, world.trust()).step == "bundle"


def test_one_reading_deleted_changed_added_or_moved_is_caught(
    world: World, raw: bytes, readings: list[bytes]
) -> None:
    lines = readings[0].split(b"\n")
    assert lines[0].decode() == HEADER
    without = b"\n".join(lines[:7] + lines[8:])
    changed = readings[0].replace(b",25,", b",26,", 1)
    twice = b"\n".join([*lines[:8], lines[7], *lines[8:]])
    swapped = b"\n".join([*lines[:7], lines[8], lines[7], *lines[9:]])
    nothing = b"\n".join(lines[:1])
    for tampered in (without, changed, twice, swapped, nothing, b"", b"\n{", b"{}"):
        assert tampered != readings[0]
        assert refused(raw, world.trust(), [tampered]).step == "readings"


def other_lot(world: World) -> IssuedPassport:
    """A second lot of the same harvest, issued a day later, when a late reading has come."""
    late = days_window(STARTED, STARTED, ZONE).start_ms + 77
    world.series.append([delivery(Frame(5, 5, (reading(1, late, 21.0),)))], NOON + 1)
    with world.records.transaction() as transaction:
        request = LotRequest(GTIN, LotNumber("LO-2"), EntryId("thu-hoach"), 5.0)
        lot = open_lot(transaction, request, NOON)
    return issue(world.issuer, lot, NOON + DAY_MS)


def test_the_evidence_of_two_lots_cannot_be_swapped(
    world: World, raw: bytes, passport: IssuedPassport
) -> None:
    second = Bundle.decode(world.proof(other_lot(world)))
    first = Bundle.decode(world.proof(passport))
    trust = world.trust()
    for name, step in (
        ("passport", "entry"), ("entry", "entry"), ("proof", "inclusion"),
        ("days", "days"), ("day_proofs", "days"),
    ):  # fmt: skip
        swapped = replace(first, **{name: getattr(second, name)})
        assert refused(swapped.encode(readme()), trust).step == step
    both = replace(first, entry=second.entry, proof=second.proof)
    assert refused(both.encode(readme()), trust).step == "entry"


def resigned(
    world: World, passport: IssuedPassport, change: Callable[[dict[str, Any]], object],
    now_ms: int = NOON + 2,
) -> bytes:  # fmt: skip
    """What a dishonest issuer could publish: changed, signed, logged, and under a checkpoint."""
    document = json.loads(Envelope.decode(passport.envelope).payload)
    change(document)
    payload, key = to_bytes(document), world.signer
    signature = key.sign(pre_authentication(PAYLOAD_TYPE, payload))
    envelope = Envelope(PAYLOAD_TYPE, payload, key.public().id, signature).encode()
    forged = replace(passport, envelope=envelope)
    with world.records.transaction() as transaction:
        record(transaction, PASSPORT, subject_of(forged), logged(forged), now_ms)
    honest = Bundle.decode(world.proof(passport))
    with world.records.reading() as transaction:
        entry = transaction.log.newest(PASSPORT, subject_of(forged))
        head = transaction.log.head()
    assert entry is not None
    assert head is not None
    tree = world.files.tree(head.size)
    proof = LogProof(entry.number, tuple(tree.inclusion(entry.number)), head.note).encode()
    return replace(honest, passport=envelope, entry=entry.entry, proof=proof).encode(readme())


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("days", lambda d: d.update(device_days=[])),
        ("days", lambda d: d["device_days"][0].update(tip="00" * 32)),
        ("days", lambda d: d["device_days"][0].update(number=0)),
        ("days", lambda d: d["device_days"][0].update(zone="Mars/Base")),
        ("days", lambda d: d["device_days"][0].pop("tip")),
        ("days", lambda d: d["evidence"][0].update(device="nobody")),
        ("days", lambda d: d["evidence"][0].update(windows=[["2026-11-01T00:00:00.000Z", "2026-11-20T00:00:00.000Z"]])),
        ("days", lambda d: d["evidence"][0].update(windows="x")),
        ("evidence", lambda d: d["evidence"][0].update(received=5_000, used=5_000, failed=0, suspect=0, disputed=0)),
        ("disclosures", lambda d: d["producer"].update(commitment="00" * 32)),
    ],
)  # fmt: skip
def test_signing_and_logging_nonsense_does_not_make_it_hold(
    tmp_path: Path, step: str, change: Callable[[dict[str, Any]], object]
) -> None:
    world = World(tmp_path)
    forged = resigned(world, world.issued(), change)
    assert refused(forged, world.trust()).step == step
    world.close()


def test_claiming_fewer_readings_than_there_are_is_seen_in_the_raw_ones(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = world.issued()

    def hide(document: dict[str, Any]) -> None:
        row = next(r for r in document["evidence"] if r["failed"])
        assert row["failed"] == 1
        row.update(received=row["received"] - 1, failed=0)

    forged = resigned(world, passport, hide)
    with world.records.reading() as transaction:
        files = [b"".join(f) for _, f in raw_readings(transaction, world.series, passport, NOON)]
    verify_bundle(forged, world.trust())
    assert refused(forged, world.trust(), files).step == "readings"
    world.close()


def test_a_day_left_out_of_the_chain_or_swapped_is_caught(world: World, raw: bytes) -> None:
    bundle = Bundle.decode(raw)
    entries = [(day.number, day.fields) for day in read_chain(DEVICE, bundle.days[DEVICE])]
    assert write_chain(DEVICE, "Asia/Ho_Chi_Minh", entries) == bundle.days[DEVICE]
    for some in (entries[1:], entries[:2] + entries[3:], entries[::-1], entries[:-1], []):
        changed = write_chain(DEVICE, "Asia/Ho_Chi_Minh", some)
        failed = refused(replace(bundle, days={DEVICE: changed}).encode(readme()), world.trust())
        assert failed.step == "days"


def test_a_revoked_key_signs_nothing_from_before(tmp_path: Path) -> None:
    """The thief back-dates what is signed; the log took it later, and says so."""
    world = World(tmp_path)
    honest = world.issued()
    stolen_ms = NOON + DAY_MS
    with world.records.transaction() as transaction:
        revoke(transaction, world.signer.public().id, stolen_ms, stolen_ms + 1)
    forged = resigned(world, honest, lambda d: d["lot"].update(kilograms=900.0), stolen_ms + 2)
    assert refused(forged, world.trust()).step == "time"
    assert verify_bundle(world.proof(honest), world.trust()).logged_ms == NOON
    world.close()


def test_another_log_is_not_ours_whatever_it_is_called(world: World, raw: bytes) -> None:
    """Somebody rolls the log back and begins another under its name: the key tells."""
    bundle = Bundle.decode(raw)
    other = Ed25519PrivateKey.generate()
    point = Checkpoint(world.log_key.name, 1, leaf_hash(bundle.entry))
    note = Note(point.text(), (sign(other, world.log_key.name, point.text()),)).encode()
    rolled = replace(bundle, proof=LogProof(0, (), note).encode())
    assert refused(rolled.encode(readme()), world.trust()).step == "checkpoint"
    assert refused(raw, Trust(world.trust().keys)).step == "checkpoint"


def test_a_log_rolled_back_and_signed_again_lacks_its_witness(world: World, raw: bytes) -> None:
    """Whoever holds the log's own key can sign another history; its witnesses will not."""
    eye = Ed25519PrivateKey.generate()
    key = Verifier("hop-tac-xa.example", COSIGNATURE, eye.public_key().public_bytes_raw())
    policy = world.trust().log
    assert policy is not None
    watched = Trust(world.trust().keys, replace(policy, witnesses=(key,), quorum=1))
    bundle = Bundle.decode(raw)

    def seen(text: str) -> str:
        proof = LogProof.decode(text)
        note = parse_note(proof.checkpoint)
        lines = (*note.signatures, cosign(eye, key.name, note.text, 1_795_000_000))
        return replace(proof, checkpoint=Note(note.text, lines).encode()).encode()

    days = {device: seen(proof) for device, proof in bundle.day_proofs.items()}
    whole = replace(bundle, proof=seen(bundle.proof), day_proofs=days).encode(readme())
    assert verify_bundle(whole, watched).witnessed == ((key.name, 1_795_000_000),)
    assert refused(raw, watched).step == "witnesses"
    half = replace(bundle, proof=seen(bundle.proof)).encode(readme())
    assert refused(half, watched).step == "days"


def test_a_name_can_be_erased_and_the_proof_stays_whole(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = world.issued()
    assert "Hộ mẫu 1" not in passport.envelope.decode()
    with world.records.transaction() as transaction:
        transaction.salts.erase(PRODUCER, "ho-1")
    proven = verify_bundle(world.proof(passport), world.trust())
    assert proven.producer is None
    world.close()


def test_before_a_checkpoint_there_is_no_proof_and_it_is_said(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = world.issued()
    with world.records.reading() as transaction:
        with pytest.raises(NotYet):
            make_bundle(transaction, world.files, passport)
        older = replace(passport, issued_ms=5)
        with pytest.raises(NotFound, match="from before the log"):
            make_bundle(transaction, world.files, older)
    publish(world.records, world.files, world.log_key)
    world.close()
