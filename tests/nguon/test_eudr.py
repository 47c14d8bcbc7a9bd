"""``nguon eudr``, as it is typed."""

import json
from pathlib import Path

import pytest

from nguon.__main__ import main
from tests.traceability.eudr.plots import feature, polygon, raw, square
from tests.traceability.eudr.test_check import EIGHT, point


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plots.geojson"


def test_a_sound_file_is_status_0_and_one_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(raw(feature()))
    assert main(["eudr", "check", str(file)]) == 0
    assert capsys.readouterr().out == "1 plot, 4.83 ha outlined: 0 errors, 0 warnings\n"


def test_a_finding_names_the_plot_the_place_and_the_way_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(raw(feature(), feature(polygon(EIGHT))))
    assert main(["eudr", "check", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "error crossing (EC 1), plot 2, features[1].geometry.coordinates[0]"
    assert (
        lines[1].strip().startswith("the outline crosses itself, like a figure eight: near [106.41")
    )
    assert lines[2].strip().startswith("→ Sắp xếp lại các góc")
    assert lines[3].strip().startswith("→ Put the corners into the order")
    assert lines[-1].endswith(": 1 error, 0 warnings")


def test_packing_lists_every_change_and_writes_what_passes(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(
        raw(feature(polygon(square()[:-1])), feature(point(11.312345, 106.412345), Area="3"))
    )
    out = tmp_path / "out.geojson"
    assert main(["eudr", "pack", str(file), str(out), "--dry-run"]) == 0
    assert not out.exists()
    told = capsys.readouterr().out
    assert "changed plot 1: 1 outlines closed with their first position" in told
    assert "changed plot 2: 1 positions turned: longitude first" in told
    assert "changed plot 2: area “3” made a number" in told
    assert "not written: dry run" in told
    assert main(["eudr", "pack", str(file), str(out)]) == 0
    assert json.loads(out.read_bytes())["features"][1]["geometry"]["coordinates"] == [
        106.412345,
        11.312345,
    ]
    assert main(["eudr", "check", str(out)]) == 0
    assert main(["eudr", "pack", str(file), str(out)]) == 2
    assert "is there already; --force writes over it" in capsys.readouterr().err


def test_what_cannot_be_put_right_is_not_written(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(raw(feature(polygon(EIGHT))))
    out = tmp_path / "out.geojson"
    assert main(["eudr", "pack", str(file), str(out)]) == 1
    assert "not written: these must be put right first" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [file]


def test_a_thousand_findings_end_in_a_sum(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(raw(*[feature(polygon(EIGHT))] * 1_000))
    assert main(["eudr", "check", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 50 * 4 + 2
    assert lines[-2:] == [
        "… and 950 more: put these right first",
        "1,000 plots: 1,000 errors, 0 warnings",
    ]


def test_a_file_of_a_whole_disk_is_not_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(10**12)
    assert main(["eudr", "check", str(file)]) == 2
    assert "1,000,000,000,000 bytes; no statement carries that" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nowhere.geojson",), "nowhere.geojson is not there"),
        ((".",), "is a folder, and a file is needed"),
        (("x", "--country", "VNM"), "--country is two capital letters"),
        (("x", "--on", "2020-01-01"), "no edition of the file description"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(
    words: tuple[str, ...],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_bytes(raw(feature()))
    assert main(["eudr", "check", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nguon: ")
    assert why in error
