"""GS1 keys of parties and devices, as they are typed."""

from pathlib import Path

import pytest

from nguon.__main__ import main
from tests.traceability.world import World

MAP = """
device = "tram-07"
time_column = "t"
time_format = "%Y-%m-%d %H:%M"
zone = "Asia/Ho_Chi_Minh"
interval_s = 900
[[column]]
name = "mua"
channel = "rain"
property = "rainfall"
unit = "mm"
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    World(tmp_path).close()
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main([*words])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_party_gets_its_number_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "gs1", "party", "ho-1", "9520001002014") == (
        0,
        "ho-1 has GLN 9520001002014\n",
    )
    assert said(capsys, "gs1", "party", "ho-1", "9520001002014")[1].endswith("already\n")
    status, told = said(capsys, "gs1", "party", "ho-2", "9520001002014")
    assert (status, "is ho-1's" in told) == (2, True)
    assert "check digit is 4" in said(capsys, "gs1", "party", "ho-2", "9520001002015")[1]
    assert "no producer ho-9" in said(capsys, "gs1", "party", "ho-9", "9520001002021")[1]
    _, told = said(capsys, "gs1", "list")
    assert [line.split() for line in told.splitlines()] == [
        ["party", "ho-1", "9520001002014"],
        ["party", "ho-2", "-"],
        ["device", "dat-01", "-"],
    ]


def test_a_device_gets_the_number_that_was_said_or_the_prefix_makes(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "a GIAI is needed, or NGUON_COMPANY_PREFIX" in said(capsys, "gs1", "device", "dat-01")[1]
    monkeypatch.setenv("NGUON_COMPANY_PREFIX", "9520001")
    assert said(capsys, "gs1", "device", "dat-01")[1] == "dat-01 has GIAI 9520001dat-01\n"
    assert "no device dat-99" in said(capsys, "gs1", "device", "dat-99", "9520001x")[1]
    assert "at most 30 signs" in said(capsys, "gs1", "device", "dat-01", "9520" + "x" * 27)[1]


def test_a_device_is_enrolled_with_its_number(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("enrol", str(data / "map.toml"), "--plot", "ruong-1")
    monkeypatch.setenv("NGUON_COMPANY_PREFIX", "952000123456")
    (data / "long.toml").write_text(MAP.replace("tram-07", "tram-" + "x" * 20), "utf-8")
    status, told = said(capsys, "enrol", str(data / "long.toml"), "--plot", "ruong-1")
    assert (status, "so say which it is" in told) == (2, True)
    status, told = said(capsys, *words)
    assert (status, "its GIAI (8004) is 952000123456tram-07" in told) == (0, True)
    assert "952000123456tram-07" in said(capsys, "gs1", "list")[1]
    assert said(capsys, *words, "--giai", "9520x")[0] == 2, "it is registered already"


def test_without_a_number_nothing_changes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "GIAI" not in said(capsys, "enrol", str(data / "map.toml"), "--plot", "ruong-1")[1]
    status, told = said(capsys, "gs1", "device", "tram-07", "9520001/a")
    assert (status, told) == (0, "tram-07 has GIAI 9520001/a\n")
