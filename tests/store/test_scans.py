"""Scans on their way to the records: counted once, whatever happens in between."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.scan import Scan, ScanTotal
from domain.window import DAY_MS
from store.records import Records
from store.scan_journal import ScanJournal
from tests.services.postgres import Postgres

GTIN, NOON = "09520001000010", 1_763_697_600_000


def scan(at_ms: int = NOON, serial: str = "", place: str = "", times: int = 1) -> Scan:
    return Scan(GTIN, "LO-1", serial, place, "d" * 16, at_ms, times)


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh(f"scans_{tmp_path.name[-1]}_{os.getpid()}")
    opened = Records(url)
    opened.migrate()
    yield opened
    opened.close()


def test_a_file_is_counted_once(records: Records) -> None:
    scans = [scan(), scan(NOON + 1), scan(NOON - DAY_MS, "7", "VN-58", 3)]
    for first in (True, False):
        with records.transaction() as transaction:
            assert transaction.scans.fold("a.scans", scans, NOON) is first
    with records.transaction() as transaction:
        assert transaction.scans.fold("b.scans", [scan(NOON + DAY_MS)], NOON)
    with records.reading() as transaction:
        total = transaction.scans.total
        assert total(GTIN, "LO-1") == ScanTotal(6, NOON - DAY_MS, NOON + DAY_MS)
        assert total(GTIN, "LO-1", "7") == ScanTotal(3, NOON - DAY_MS, NOON - DAY_MS)
        assert total(GTIN, "LO-1", "") == ScanTotal(3, NOON, NOON + DAY_MS)
        assert total(GTIN, "LO-2") is None
        assert transaction.scans.since(GTIN, "LO-1", NOON) == 3
        seen = transaction.scans.seen(9)
    assert [(s.serial, s.times, s.places, s.devices) for s in seen] == [
        ("", 3, 0, 1),
        ("7", 3, 1, 1),
    ]


def test_old_scans_are_let_go_and_their_counts_stay(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.scans.fold("a", [scan(NOON - 31 * DAY_MS, times=5), scan()], NOON - DAY_MS)
        assert transaction.scans.forget(NOON - 30 * DAY_MS) == 1
        assert [s.at_ms for s in transaction.scans.of_unit(GTIN, "LO-1", "", 9)] == [NOON]
        assert transaction.scans.total(GTIN, "LO-1") == ScanTotal(6, NOON - 31 * DAY_MS, NOON)
        assert not transaction.scans.fold("a", [scan()], NOON), "the file is still known"


def test_a_file_in_use_is_left_alone_and_one_left_behind_is_not(tmp_path: Path) -> None:
    mine, other = ScanJournal(tmp_path), ScanJournal(tmp_path)
    mine.append([scan()])
    assert list(other.sealed()) == []
    mine.seal()
    ((name, scans),) = other.sealed()
    assert scans == [scan()]
    other.drop(name)
    assert list(mine.sealed()) == []


def test_a_torn_or_foreign_line_is_no_scan(tmp_path: Path) -> None:
    journal = ScanJournal(tmp_path)
    journal.append([scan()])
    journal.seal()
    (path,) = tmp_path.glob("*.scans")
    whole = path.read_bytes()
    path.write_bytes(b'nonsense\n[1,2]\n"\xff"\n' + whole + whole[:-1])
    ((_, scans),) = journal.sealed()
    assert scans == [scan()]


def test_what_could_not_be_written_is_not_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = ScanJournal(tmp_path)
    journal.append([scan()])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        with pytest.raises(OSError, match="full"):
            journal.append([scan(NOON + 1)])
    journal.append([scan(NOON + 2)])
    journal.seal()
    ((_, scans),) = journal.sealed()
    assert [s.at_ms for s in scans] == [NOON, NOON + 2]
