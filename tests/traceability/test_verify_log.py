"""A proof against the log as it is published now."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import InvalidInput, VerificationFailed
from domain.lot import IssuedPassport
from tests.traceability.world import NOON, World
from traceability.bundle import Bundle
from traceability.dossier import require_lot
from traceability.log.append import record
from traceability.log.checkpoint import Checkpoint
from traceability.log.entry import PASSPORT
from traceability.log.publish import publish
from traceability.log.reader import Fetch, LogReader
from traceability.standing import Ground, call_back
from traceability.verify_bundle import Proven, verify_bundle
from traceability.verify_log import Seen, verify_log


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def fetched(world: World, change: Callable[[str, bytes], bytes] = lambda _, raw: raw) -> Fetch:
    """The log's folder, with what an attacker on the way makes of it."""

    def fetch(path: str, most: int) -> bytes:
        return change(path, (world.files.root / path).read_bytes())[:most]

    return fetch


def looked_up(
    world: World, raw: bytes, proven: Proven, fetch: Fetch, at: Checkpoint | None = None
) -> Seen:
    policy = world.trust().log
    assert policy is not None
    reader = LogReader(fetch, policy)
    return verify_log(raw, replace(proven, checkpoint=at or proven.checkpoint), reader)


def grow(world: World, count: int) -> None:
    with world.records.transaction() as transaction:
        for n in range(count):
            record(transaction, PASSPORT, f"x{n}", {"n": n}, NOON)
    publish(world.records, world.files, world.log_key)


def proof(world: World) -> tuple[IssuedPassport, bytes, Proven]:
    passport = world.issued()
    raw = world.proof(passport)
    return passport, raw, verify_bundle(raw, world.trust())


def test_every_day_and_every_line_of_the_diary_is_found_as_the_log_grows(world: World) -> None:
    _, raw, proven = proof(world)
    for count in (0, 1, 700):
        grow(world, count)
        seen = looked_up(world, raw, proven, fetched(world))
        assert (seen.days, seen.diary) == (5, 1)
        assert seen.size >= proven.checkpoint.size + count
        # The fixture logs the whole season on its last day; only that one was prompt.
        assert seen.prompt == 1


def test_a_log_that_was_rolled_back_or_rewritten_is_named(world: World) -> None:
    _, raw, proven = proof(world)
    longer = replace(proven.checkpoint, size=proven.checkpoint.size + 1)
    with pytest.raises(VerificationFailed, match="rolled back"):
        looked_up(world, raw, proven, fetched(world), longer)
    grow(world, 9)
    other = replace(proven.checkpoint, root=bytes(32))
    with pytest.raises(VerificationFailed, match="another history"):
        looked_up(world, raw, proven, fetched(world), other)


def test_a_day_that_is_not_at_its_place_is_named(world: World) -> None:
    _, raw, proven = proof(world)
    bundle = Bundle.decode(raw)
    (device,) = bundle.days
    moved = bundle.days[device].replace(b'"number":[', b'"number":[9', 1)
    forged = replace(bundle, days={device: moved}).encode("")
    with pytest.raises(VerificationFailed, match="at number 9"):
        looked_up(world, forged, proven, fetched(world))
    rows = [{**row, "digest": "00" * 32} for row in proven.document["diary"]]
    lied = replace(proven, document={**proven.document, "diary": rows})
    with pytest.raises(VerificationFailed, match="the diary's line"):
        looked_up(world, raw, lied, fetched(world))


@pytest.mark.parametrize(
    "change",
    [
        lambda _, __: b"",
        lambda path, raw: raw[:-1] if path.startswith("tile") else raw,
        lambda path, raw: bytes(len(raw)) if path.startswith("tile/0") else raw,
        lambda path, raw: bytes(len(raw)) if path.startswith("tile/entries") else raw,
        lambda path, raw: raw.replace(b"\n2", b"\n3") + b"x" if path == "checkpoint" else raw,
        lambda path, raw: b"\xff\xff" if path.startswith("tile/entries") else raw,
    ],
)
def test_what_comes_changed_over_the_line_is_never_believed(
    world: World, change: Callable[[str, bytes], bytes]
) -> None:
    _, raw, proven = proof(world)
    with pytest.raises(VerificationFailed) as caught:
        looked_up(world, raw, proven, fetched(world, change))
    assert caught.value.step == "log"


def test_a_log_that_cannot_be_read_says_nothing_of_the_proof(world: World) -> None:
    def gone(path: str, _: bytes) -> bytes:
        raise FileNotFoundError(path)

    _, raw, proven = proof(world)
    with pytest.raises(InvalidInput, match="cannot be read: checkpoint"):
        looked_up(world, raw, proven, fetched(world, gone))


def test_a_recall_since_is_found_and_cannot_be_hidden(world: World) -> None:
    passport, raw, proven = proof(world)
    assert looked_up(world, raw, proven, fetched(world)).recalled_ms is None
    with world.records.transaction() as transaction:
        lot = require_lot(transaction, passport.gtin, passport.number)
        call_back(transaction, lot, "dư lượng thuốc", "office", NOON + 5, Ground(1))
    publish(world.records, world.files, world.log_key)
    assert looked_up(world, raw, proven, fetched(world)).recalled_ms == NOON + 5

    def hidden(path: str, raw: bytes) -> bytes:
        return raw.replace(b"nguon/recall/1", b"nguon/rekall/1")

    with pytest.raises(VerificationFailed, match="entries as hashed"):
        looked_up(world, raw, proven, fetched(world, hidden))
