"""``nguon lot``, as it is typed."""

from datetime import date
from pathlib import Path

import pytest

from nguon.__main__ import main
from store.records import tables as t
from tests.traceability.world import World


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        world.open(transaction)
        # In date for longer than this test will be run.
        transaction.connection.execute(t.lot.update().values(expires=date(9999, 1, 1)))
    world.close()
    return tmp_path


def test_ten_lines_with_what_to_do_in_both_languages(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lot", "check", "09520001000010", "LO-1"]) == 1
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line[:2] in ("+ ", "- ", "x ")]
    assert [line.split()[1] for line in lines] == [str(n) for n in range(1, 11)]
    assert lines[0] == "+  1 present Tên sản phẩm, hàng hóa"
    assert lines[7].startswith("-  8 missing Thương hiệu")
    assert lines[7].endswith("(not required)")
    assert "→ Chụp sản phẩm thật" in out
    assert "→ Take a clear picture" in out
    assert "(01)09520001000010(416)9520001001017(10)LO-1(7007)261120" in out
    assert out.splitlines()[-1] == "10 items: 7 present, 3 missing, 0 expired; not complete"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("09520001000011", "LO-1"), "its check digit is 0"),
        (("09520001000010", "LO-9"), "no lot LO-9 of 09520001000010"),
        (("09520001000010", ""), "not a lot number: ''"),
        (("09520001000010", "LO-1", "--regime", "x"), "no regime 'x'; there is tt02"),
    ],
)
def test_what_cannot_be_checked_is_one_clear_line(
    data: Path, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lot", "check", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nguon: ")
    assert why in error
