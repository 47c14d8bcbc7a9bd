"""``nguon certificate`` and ``nguon picture``, as they are typed."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from nguon.__main__ import main
from tests.traceability.world import World

ADD = ("certificate", "add", "ho-1", "vietgap", "VG-1", "Trung tâm mẫu", "2026-01-15", "2028-01-14")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    World(tmp_path).close()
    return tmp_path


def test_a_certificate_is_added_listed_and_withdrawn(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = data / "scan.pdf"
    scan.write_bytes(b"%PDF-1")
    words = [*ADD, "--paper", str(scan), "--id", "vg-1", "--crop", "cucumber"]
    assert main(words) == 0
    assert "vg-1: written down, and in the log" in capsys.readouterr().out
    assert main(words) == 0
    assert "was there already" in capsys.readouterr().out
    assert main(["certificate", "withdraw", "vg-1", "2026-05-01", "không đạt"]) == 0
    assert main(["certificate", "list"]) == 0
    out = capsys.readouterr().out
    assert "vg-1  ho-1  vietgap VG-1  2026-01-15 to 2028-01-14  WITHDRAWN from 2026-05-01" in out
    assert main(["certificate", "standards"]) == 0
    assert "TCVN 11892-1:2017" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*ADD[:3], "iso", *ADD[4:]), "no standard 'iso'; there is vietgap"),
        ((*ADD, "--plot", "nowhere"), "no plot nowhere"),
        ((*ADD, "--paper", "/nonexistent.pdf"), "nonexistent.pdf"),
        (("certificate", "withdraw", "vg-9", "2026-05-01", "x"), "no certificate vg-9"),
        (("picture", "09520001000010", "/nonexistent.jpg"), "nonexistent.jpg"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    data: Path, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data.is_dir()
    assert main([*words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nguon: ")
    assert why in error


@pytest.mark.parametrize("day", ["", "15/01/2026", "2026-02-30"])
def test_a_day_is_iso_8601(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*ADD[:6], day, ADD[7]])
    assert "a day such as 2026-06-01" in capsys.readouterr().err


def test_a_picture_is_shown(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = BytesIO()
    Image.new("RGB", (30, 30), "green").save(out, "PNG")
    (data / "x.png").write_bytes(out.getvalue())
    assert main(["picture", "09520001000010", str(data / "x.png")]) == 0
    assert "is shown on the pages of 09520001000010" in capsys.readouterr().out
    (data / "empty").write_bytes(b"")
    assert main(["picture", "09520001000010", str(data / "empty")]) == 2
