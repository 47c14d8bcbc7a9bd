"""``nguon labels``, as it is typed."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.gs1 import SerialNumber
from domain.lot import Recall
from nguon.__main__ import main
from store.records import tables as t
from tests.traceability.labels.camera import codes, pages, read
from tests.traceability.world import GTIN, NOON, World
from traceability.labels.templates import template
from traceability.units import draw, spend


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    monkeypatch.setenv("NGUON_PUBLIC_URL", "https://nguon.example")
    made = World(tmp_path)
    made.harvest()
    with made.records.transaction() as transaction:
        made.open(transaction)
        # In date for longer than this test will be run.
        transaction.connection.execute(t.lot.update().values(expires=date(9999, 1, 1)))
    return made


def test_a_lot_is_printed_from_the_cell_that_is_left(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.pdf"
    words = ["labels", "print", GTIN, "LO-1", str(out), "--start", "20"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert f"{out}: 2 labels of lot LO-1 on 1 pages" in told
    link = told.splitlines()[1].removeprefix("each says ")
    (page,) = pages(out)
    assert [read(code) for _, code in codes(page, template("a4-3x7"))] == [[link], [link]]
    assert main(words) == 2
    assert "--force writes over it" in capsys.readouterr().err
    assert (
        main([*words, "--force", "--count", "25", "--template", "roll-40x40", "--start", "1"]) == 0
    )
    assert len(pages(out)) == 25


def test_a_lot_that_must_not_be_sold_gets_no_labels(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.records.transaction() as transaction:
        lot = transaction.lots.lots()[0]
        transaction.lots.add_recall(Recall(lot.gtin, lot.number, "thử", "office", NOON))
    assert main(["labels", "print", GTIN, "LO-1", str(tmp_path / "out.pdf")]) == 2
    assert "lot LO-1 is recalled; no labels are made for it" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.pdf*"))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("print", GTIN, "LO-9", "o.pdf"), "no lot LO-9"),
        (("print", GTIN, "LO-1", "o.pdf", "--template", "a5"), "no template 'a5'; there is a4-3x7"),
        (("print", GTIN, "LO-1", "o.pdf", "--start", "22"), "a4-3x7 has cells 1 to 21, not 22"),
        (("print", GTIN, "LO-1", "nowhere/o.pdf"), "a folder on the way to it is not"),
        (("test", "a5", "o.pdf"), "no template 'a5'"),
    ],
)
def test_what_cannot_be_printed_is_one_clear_line_and_no_file(
    world: World, tmp_path: Path, words: tuple[str, ...], why: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["labels", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nguon: ")
    assert why in error
    assert not list(tmp_path.glob("*.pdf*"))


def test_labels_that_lead_nowhere_are_not_printed(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NGUON_PUBLIC_URL", "")
    assert main(["labels", "print", GTIN, "LO-1", str(tmp_path / "out.pdf")]) == 2
    assert (
        "NGUON_PUBLIC_URL is empty: labels would lead to http://127.0.0.1"
        in capsys.readouterr().err
    )


def test_a_dry_run_says_what_is_left_out_and_writes_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.pdf"
    words = ["labels", "print", GTIN, "LO-1", str(out), "--template", "roll-40x40", "--count", "3"]
    assert main([*words, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "dry run, nothing is written: 3 labels of lot LO-1 on 3 pages" in told
    assert "roll-40x40 has no room for the day of harvest, 'Thu hoạch: 20/11/2026'" in told
    assert "roll-40x40 has no room for the grower's name, 'Hộ mẫu 1'" in told
    assert units(out, 30, "--dry-run", "--template", "roll-40x40") == 0
    told = capsys.readouterr().out
    assert "has no room for the use-before date, 'HSD: 01/01/9999'" in told
    assert "spent" not in told
    assert not list(tmp_path.glob("*.pdf*"))
    with world.records.reading() as transaction:
        assert transaction.units.printed(transaction.lots.lots()[0]) == (0, 0.0)
    assert units(out, 801, "--dry-run") == 2
    assert main(words) == 0
    assert "has no room for the grower's name" in capsys.readouterr().out, "not only when dry"


def test_the_test_sheet_of_a_lot_tells_of_its_own_lines(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["labels", "test", "roll-40x40", str(tmp_path / "t.pdf"), "--force"]
    assert main(words) == 0
    assert "has no room for the grower's name, 'Hợp tác xã rau" in capsys.readouterr().out
    assert main([*words, "--lot", GTIN, "LO-1"]) == 0
    assert "has no room for the grower's name, 'Hộ mẫu 1'" in capsys.readouterr().out
    assert main([*words, "--lot", GTIN, "LO-9"]) == 2


def units(out: Path, count: int, *words: str) -> int:
    asked = ["--count", str(count), "--unit-kg", "0.5", "--template", "a4-3x8", *words]
    return main(["labels", "units", GTIN, "LO-1", str(out), *asked])


def test_every_unit_has_a_serial_of_its_own_which_is_spent(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "units.pdf"
    assert units(out, 30) == 0
    assert "30 units of lot LO-1 on 2 pages" in capsys.readouterr().out
    chosen = template("a4-3x8")
    links = [link for page in pages(out) for _, code in codes(page, chosen) for link in read(code)]
    pattern = r"https://nguon\.example/01/09520001000010/10/LO-1/21/([0-9A-Z]{13})\?416=9520001001017&7007=261120"
    serials = [SerialNumber(re.fullmatch(pattern, link)[1]) for link in links]  # type: ignore[index]
    assert len(set(serials)) == 30
    with world.records.reading() as transaction:
        assert all(transaction.units.find(GTIN, one) for one in serials)
        assert transaction.units.printed(transaction.lots.lots()[0]) == (30, 15.0)


def test_more_units_than_the_lot_weighs_are_refused_and_no_file_is_left(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "units.pdf"
    assert units(out, 801) == 2
    assert "800 more of 0.5 kg are possible, 801 asked" in capsys.readouterr().err
    # Somebody else prints while our pages are drawn.
    monkeypatch.setattr("traceability.units.require_room", lambda *_: None)
    real = spend

    def late(*arguments: Any) -> None:
        monkeypatch.undo()
        real(*arguments)

    with world.records.transaction() as transaction:
        spend(transaction, transaction.lots.lots()[0], draw(2), 0.5, NOON)
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    monkeypatch.setattr("traceability.units.spend", late)
    assert units(out, 799) == 2
    assert not list(tmp_path.glob("*.pdf")) + list(tmp_path.glob(".*.partial"))


def test_labels_that_are_lost_are_made_void(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", "print", GTIN, "LO-1", str(tmp_path / "a.pdf")]) == 0
    assert units(tmp_path / "b.pdf", 30) == 0
    assert "print run 2; its serials are spent" in capsys.readouterr().out
    assert main(["labels", "runs", GTIN, "LO-1"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"run 1, [-0-9T:.]+Z: 21 labels, all alike", first)
    assert second.endswith(": 30 units of 0.5 kg, 0 void")
    words = ["labels", "void", GTIN, "LO-1"]
    assert main([*words, "--run", "2", "--from", "5", "--to", "8", "--reason", "destroyed"]) == 0
    told = capsys.readouterr().out
    assert "4 of lot LO-1 void now: destroyed" in told
    assert "2 kg may be printed anew" in told
    with world.records.reading() as transaction:
        serials = [one.serial for one in transaction.units.of(transaction.lots.lots()[0], 2)]
    (tmp_path / "list.txt").write_text(f"\ufeff{serials[0]}\n\n{serials[1].lower()}\r\n", "utf-8")
    lost = [*words, "--list", str(tmp_path / "list.txt"), "--reason", "lost", "--by", "Kho 2"]
    assert main(lost) == 0
    assert "their kilograms may not be printed anew" in capsys.readouterr().out
    assert main([*words, "--serials", *serials[:3], "--reason", "lost"]) == 0
    assert "1 of lot LO-1 void now: lost; 2 were so before" in capsys.readouterr().out
    with world.records.reading() as transaction:
        found = transaction.units.voids(transaction.lots.lots()[0])
        assert set(found) == {*serials[:3], *serials[4:8]}
        assert found[serials[0]].author == "Kho 2"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--serials", "0000000000000"), "no label of lot LO-1 bears the serial 0000000000000"),
        (("--serials", "a b"), "not a serial number"),
        (("--run", "7"), "lot LO-1 has no print run 7"),
        (("--serials", "X", "--from", "2"), "--from and --to count the labels of a --run"),
        (("--list", "none.txt"), "is not there"),
        (("--list", "o.bin"), "is no list of serials"),
    ],
)
def test_what_cannot_be_made_void_is_one_clear_line(
    world: World, tmp_path: Path, words: tuple[str, ...], why: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.bin").write_bytes(b"\xff\xfe\x00")
    assert main(["labels", "void", GTIN, "LO-1", *words, "--reason", "lost"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nguon: ")
    assert why in error


def test_a_file_that_cannot_be_written_spends_nothing(world: World, tmp_path: Path) -> None:
    assert units(tmp_path / "nowhere" / "units.pdf", 3) == 2
    with world.records.reading() as transaction:
        assert transaction.units.printed(transaction.lots.lots()[0]) == (0, 0.0)


def test_templates_are_listed_and_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", "templates"]) == 0
    listed = capsys.readouterr().out
    assert "a4-3x7" in listed
    assert "Cuộn 40 × 40 mm" in listed
    assert main(["labels", "test", "a4-3x8", str(tmp_path / "t.pdf")]) == 0
    assert len(pages(tmp_path / "t.pdf")) == 1
