"""A real station's two years, imported: every cell is in the store, or is told."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from domain.ids import DeviceId
from domain.window import Window
from nguon.__main__ import main
from nguon.compose import Stores, stores
from nguon.settings import Settings
from tests.builders import farm

ROOT = Path(__file__).parent.parent.parent
STATION = ROOT / "tests" / "story" / "kings_creek.toml"
ALL = Window(0, 4_000_000_000_000)


@pytest.fixture
def station(shared: Path) -> Path:
    file = shared / "data" / "kings_creek_2022_2023_hourly.csv"
    if not file.exists():
        pytest.skip("the station's file is not here")
    return file


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    with stores(Settings(data=tmp_path), new=True) as both:
        farm(both.records)
        yield both


def test_two_real_years_are_kept_as_they_stand_in_the_file(
    station: Path, opened: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(station)
    words = [str(station), "--map", str(STATION)]
    assert main(["enrol", str(STATION), "--plot", "ruong-1"]) == 0
    assert main(["import", *words, "--report", str(tmp_path / "r.csv")]) == 0
    said = capsys.readouterr().out
    assert "17520 rows: 17520 new, 0 there already, 0 in conflict, 0 refused, 0 empty" in said
    assert "236562 values new, 8718 cells empty, 0 unreadable" in said
    with opened.records.reading() as transaction:
        streams = transaction.devices.register().streams[DeviceId("kings-creek")]
    for channel, name, factor in (
        ("air_temperature", "tavg", 1.0), ("soil_moisture_20", "vwc_20cm", 100.0), ("rain", "prcp", 1.0),
    ):  # fmt: skip
        stored = [r.value for r in opened.series.read(streams[channel].series, ALL)]
        assert stored == [v * factor for v in frame[name].dropna()]
    report = pd.read_csv(tmp_path / "r.csv")
    assert list(report["line"]) == list(range(2, 17_522))
    assert report["new"].sum() == opened.series.tally().readings == 236_562
    assert opened.series.tally().frames == 17_520
    assert main(["import", *words]) == 0
    assert "imported already" in capsys.readouterr().out
