"""Logging within transactions, publishing as files, and what is refused to be signed."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import (
    BadSettings,
    InvalidInput,
    StoreRefused,
    StoreUnavailable,
    VerificationFailed,
)
from store.records import Records
from tests.builders import NOON
from tests.services.postgres import Postgres
from traceability.log.append import record
from traceability.log.checkpoint import Policy, open_checkpoint
from traceability.log.entry import MOST_BYTES, PASSPORT, Claim, decode, encode
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey, create, load
from traceability.log.merkle import check_consistency, leaf_hash, root_of
from traceability.log.publish import publish
from traceability.log.tiles import WIDTH, tile_path, unbundle


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = Records(f"sqlite:///{tmp_path / 'records.db'}")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def key(tmp_path: Path) -> NamedKey:
    return create(tmp_path / "log.key", "nguon.example/log")


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


def add(records: Records, count: int, first: int = 0, now_ms: int = NOON) -> None:
    with records.transaction() as transaction:
        for n in range(first, first + count):
            record(transaction, PASSPORT, f"lot-{n}", {"n": n}, now_ms)


def leaves(records: Records) -> list[bytes]:
    with records.reading() as transaction:
        log = transaction.log
        return [leaf_hash(one.entry) for one in log.entries(0, log.size())]


def test_numbers_have_no_holes_and_time_never_goes_back(records: Records) -> None:
    add(records, 3)
    with pytest.raises(RuntimeError, match="away"), records.transaction() as transaction:
        record(transaction, PASSPORT, "lost", {}, NOON)
        message = "away"
        raise RuntimeError(message)
    add(records, 2, first=3, now_ms=NOON - 1_000)
    with records.reading() as transaction:
        entries = transaction.log.entries(0, 10)
    assert [one.number for one in entries] == [0, 1, 2, 3, 4]
    assert {one.at_ms for one in entries} == {NOON}
    assert [decode(one.entry).body["n"] for one in entries] == [0, 1, 2, 3, 4]


def test_an_entry_too_large_for_the_log_is_refused(records: Records) -> None:
    with pytest.raises(InvalidInput, match="65535"), records.transaction() as transaction:
        record(transaction, PASSPORT, "x", {"text": "a" * MOST_BYTES}, NOON)
    for raw in (b"", b"{}", b'{"at":"2026-01-01T00:00:00.000Z","type":"other/1"}', b'{"type":1}'):
        with pytest.raises(VerificationFailed) as caught:
            decode(raw)
        assert caught.value.step == "entry"
    claim = Claim(PASSPORT, NOON, {"a": 1})
    assert decode(encode(claim)) == claim


def test_what_is_published_holds_and_goes_on_from_what_was(
    records: Records, files: LogFiles, key: NamedKey
) -> None:
    policy = Policy(key.name, (key.log(),))
    seen = []
    for count in (0, 1, 255, 1, 3, 700):
        add(records, count, first=len(leaves(records)))
        head = publish(records, files, key)
        note = files.checkpoint()
        assert note == head.note
        found = open_checkpoint(head.note, policy).checkpoint
        assert (found.size, found.root) == (len(leaves(records)), root_of(leaves(records)))
        seen.append(found)
    tree = files.tree(seen[-1].size)
    for old in seen:
        proof = tree.consistency(old.size)
        check_consistency(old.size, tree.size, proof, old.root, seen[-1].root)
    with records.reading() as transaction:
        assert [head.size for head in transaction.log.heads()] == [s.size for s in seen]


def test_the_bundles_hold_the_entries_and_full_tiles_replace_partial_ones(
    records: Records, files: LogFiles, key: NamedKey
) -> None:
    add(records, 300)
    publish(records, files, key)
    add(records, 300, first=300)
    publish(records, files, key)
    with records.reading() as transaction:
        entries = [one.entry for one in transaction.log.entries(0, 600)]
    bundles = [
        files.root / tile_path("entries", n, width) for n, width in enumerate((256, 256, 88))
    ]
    assert [e for path in bundles for e in unbundle(path.read_bytes())] == entries
    names = {str(p.relative_to(files.root)) for p in files.root.rglob("*") if p.is_file()}
    assert names == {
        "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/1",
        "tile/1/000.p/2", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
    }  # fmt: skip


def test_publishing_again_changes_nothing_and_lost_files_are_made_again(
    records: Records, files: LogFiles, key: NamedKey, tmp_path: Path
) -> None:
    add(records, WIDTH + 7)
    head = publish(records, files, key)
    assert publish(records, files, key) == head
    elsewhere = LogFiles(tmp_path / "other")
    assert publish(records, elsewhere, key) == head
    assert elsewhere.tree(head.size).root() == head.root


def test_a_log_rolled_back_is_not_signed_over(
    records: Records, files: LogFiles, key: NamedKey
) -> None:
    add(records, 10)
    publish(records, files, key)
    with records.transaction() as transaction:
        transaction.connection.execute(sa.text("DELETE FROM log_entry WHERE number >= 5"))
        transaction.connection.execute(sa.text("DELETE FROM log_checkpoint"))
    add(records, 2, first=77)
    with pytest.raises(StoreRefused, match="rolled back"):
        publish(records, files, key)
    add(records, 9, first=80)  # longer than what was published, and another history
    with pytest.raises(StoreRefused, match="not what was published"):
        publish(records, files, key)


def test_entries_changed_behind_our_back_are_not_signed_over(
    records: Records, files: LogFiles, key: NamedKey, tmp_path: Path
) -> None:
    add(records, 10)
    publish(records, files, key)
    with records.transaction() as transaction:
        transaction.connection.execute(
            sa.text("UPDATE log_entry SET entry = :e WHERE number = 3"), {"e": b"{}"}
        )
    add(records, 1, first=10)
    with pytest.raises(StoreRefused, match="not what was signed"):
        publish(records, LogFiles(tmp_path / "again"), key)


def test_a_missing_tile_is_said_and_not_signed_over(
    records: Records, files: LogFiles, key: NamedKey
) -> None:
    add(records, 10)
    publish(records, files, key)
    (files.root / "tile/0/000.p/10").write_bytes(b"cut")
    add(records, 1, first=10)
    with pytest.raises(StoreUnavailable, match="cut off"):
        publish(records, files, key)


def test_a_log_key_comes_back_and_another_file_is_none(tmp_path: Path) -> None:
    made = create(tmp_path / "sub" / "log.key", "nguon.example/log")
    assert load(tmp_path / "sub" / "log.key").log() == made.log()
    assert made.log() != made.witness()
    assert (tmp_path / "sub" / "log.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "bad").write_text("Name: a b\nnonsense")
    for path in (tmp_path / "bad", tmp_path / "absent"):
        with pytest.raises(BadSettings):
            load(path)
    with pytest.raises(InvalidInput):
        create(tmp_path / "spaces", "a log")


def test_many_at_once_get_numbers_without_holes(postgres: Postgres, tmp_path: Path) -> None:
    records = Records(postgres.fresh("log"))
    records.migrate()
    files, key = LogFiles(tmp_path / "log"), create(tmp_path / "key", "nguon.example/log")
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            try:
                for _ in range(10):
                    work()
            except BaseException as error:
                failures.append(error)

        return run

    work: list[Callable[[], object]] = [lambda: add(records, 5)] * 4
    work += [lambda: publish(records, files, key)] * 2
    threads = [threading.Thread(target=guarded(one)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    head = publish(records, files, key)
    assert (head.size, head.root) == (200, root_of(leaves(records)))
    records.close()
