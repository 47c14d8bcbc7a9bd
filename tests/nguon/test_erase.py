"""``nguon erase`` as it is typed, and a backup that brings a name back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nguon.__main__ import main
from tests.nguon.test_backup import backups, elsewhere
from tests.traceability.lineage.orchard import opened, plant, ship, some, take
from tests.traceability.world import World
from traceability.lineage.asked import Party
from traceability.log.files import LogFiles
from traceability.log.publish import publish
from traceability.log.tiles import unbundle

NAME, TAKER = "Bà Nguyễn Thị Hồng", "Ông Trần Văn Sáu"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("NGUON_DATA", str(data))
    monkeypatch.setenv("NGUON_SIGNING_KEY", "key")
    monkeypatch.setenv("NGUON_LOG_KEY", "log.key")
    made = World(data)
    with made.records.transaction() as transaction:
        named = sa.text("UPDATE producer SET public_name = :name WHERE id = 'ho-1'")
        transaction.connection.execute(named, {"name": NAME})
    plant(made)
    opened(made, 50.0, "B")
    made.issued()
    with made.records.transaction() as transaction:
        take(transaction, ship("x-1", some("B", 10.0), Party(name=TAKER)))
    publish(made.records, made.files, made.log_key)
    made.series.settle([], made.series.touched(100_000))
    yield made
    made.close()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main([*words])
    told = capsys.readouterr()
    return status, told.out + told.err


def raw(world: World, folder: Path) -> bytes:
    return (folder / "records.db").read_bytes()


def test_first_it_is_shown_and_then_it_is_done(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = said(capsys, "erase", "producer", "ho-1", "--diary")
    assert status == 0
    assert "would be erased:\n  producer ho-1: public name" in told
    assert "stays:\n" in told
    assert "Nothing was erased" in told
    assert NAME.encode() in raw(world, tmp_path / "data")
    status, told = said(capsys, "erase", "producer", "ho-1", "--diary", "--yes")
    assert (status, "was erased:" in told, "written anew" in told) == (0, True, True)
    assert "Older backups still hold it" in told
    assert NAME.encode() not in raw(world, tmp_path / "data")
    note = LogFiles(tmp_path / "data" / "log").checkpoint()
    assert note is not None
    size = int(note.splitlines()[1])
    entries = unbundle((tmp_path / "data" / "log" / f"tile/entries/000.p/{size}").read_bytes())
    assert sum(b"nguon/erasure/1" in one for one in entries) == 2
    assert NAME not in told
    assert said(capsys, "fsck")[0] == 0
    assert "there is nothing left to erase" in said(capsys, "erase", "producer", "ho-1", "--yes")[1]


def test_a_taker_of_shipments(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert "shipment x-1: who took it" in said(capsys, "erase", "party", "x-1", "--everywhere")[1]
    assert said(capsys, "erase", "party", "x-1", "--everywhere", "--yes")[0] == 0
    assert TAKER.encode() not in raw(world, tmp_path / "data")
    assert said(capsys, "fsck")[0] == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("producer", "ho-9"), "no producer ho-9"),
        (("producer", "Hộ"), "not a producer id"),
        (("party", "x-9"), "no step x-9"),
        (("diary",), "say which entries, or --author LOGIN"),
        (("diary", "none"), "no diary entry none"),
    ],
)
def test_what_is_not_there_is_one_clear_line(
    world: World, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = said(capsys, "erase", *words, "--yes")
    assert (status, why in told) == (2, True)
    assert len(told.splitlines()) == 1


def test_a_name_that_a_backup_brings_back_is_told_and_goes_again(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, "backup", str(tmp_path / "safe"))[0] == 0
    (backup,) = backups(tmp_path / "safe")
    assert ": 0 findings" in said(capsys, "restore", str(backup), "--drill")[1]
    assert said(capsys, "erase", "producer", "ho-1", "--text", "--yes")[0] == 0
    assert said(capsys, "erase", "party", "x-1", "--yes")[0] == 0
    assert said(capsys, "erase", "producer", "ho-2", "--yes")[0] == 0
    status, told = said(capsys, "restore", str(backup), "--drill")
    assert (status, "it would bring back what was erased since: producer ho-1" in told) == (1, True)
    new = elsewhere(tmp_path / "new", monkeypatch)
    status, told = said(capsys, "restore", str(backup))
    assert (status, "No published log is here" in told) == (0, True)
    shutil.rmtree(new)
    shutil.copytree(tmp_path / "data" / "log", new / "log")
    status, told = said(capsys, "restore", str(backup))
    assert status == 0
    for line in ("producer ho-1", "login grower", "shipment x-1", "diary entry thu-hoach"):
        assert f"ERASED ONCE, AND BACK: {line}" in told
    assert "1 more were erased since of whom the log holds no digest" in told
    assert NAME not in told
    status, told = said(capsys, "erase", "again", "--yes")
    assert (status, "First run: nguon log adopt" in told) == (2, True)
    assert NAME.encode() in raw(world, new)
    assert said(capsys, "log", "adopt")[0] == 0
    status, told = said(capsys, "fsck")
    assert (status, "`nguon erase again --yes`" in told) == (1, True)
    assert said(capsys, "erase", "again", "--yes")[0] == 0
    assert NAME.encode() not in raw(world, new)
    assert TAKER.encode() not in raw(world, new)
    assert said(capsys, "fsck") == (0, said(capsys, "fsck")[1])
