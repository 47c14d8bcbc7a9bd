"""Outlines into the records and files out of them, as it is typed."""

import json
from pathlib import Path

import pytest

from nguon.__main__ import main
from store.records import tables as t
from tests.traceability.eudr.plots import feature, polygon, raw, square
from tests.traceability.eudr.test_check import EIGHT, HOLE, point
from tests.traceability.world import World


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        world.open(transaction)
        transaction.connection.execute(t.plot.update().values(hectares=4.83))
    world.close()
    return tmp_path


def outline(data: Path, file: bytes, *words: str, plot: str = "ruong-1") -> int:
    (data / "in.geojson").write_bytes(file)
    path = str(data / "in.geojson")
    return main(["eudr", "outline", plot, path, "--source", "đo bằng GNSS", *words])


def test_an_outline_goes_in_and_the_file_of_a_lot_comes_out(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = raw(feature(polygon(square()[:-1]), ProducerName="ai đó", ProductionPlace=None))
    assert outline(data, given, "--since", "2026-01-01") == 0
    told = capsys.readouterr().out
    assert "changed plot 1: 1 outlines closed" in told
    assert "outline of ruong-1 from 2026-01-01" in told
    assert outline(data, given, "--since", "2026-01-01") == 0
    assert "this outline was there already" in capsys.readouterr().out
    out = data / "out.geojson"
    assert main(["eudr", "gather", str(out), "--lot", "09520001000010", "LO-1"]) == 0
    (one,) = json.loads(out.read_bytes())["features"]
    assert one["geometry"] == {"type": "Polygon", "coordinates": [square()]}
    said = {
        "ProducerName": "Hộ mẫu 1",
        "ProducerCountry": "VN",
        "ProductionPlace": "Ruộng 1",
        "Area": 4.83,
    }
    assert one["properties"] == said, "the records say who and what, not the file"
    assert main(["eudr", "check", str(out)]) == 0
    assert main(["eudr", "gather", str(out), "--all"]) == 2


def test_a_plot_of_several_pieces_is_several_features(data: Path) -> None:
    assert outline(data, raw(feature(polygon(square(), HOLE)))) == 0
    out = data / "out.geojson"
    assert main(["eudr", "gather", str(out), "--plot", "ruong-1", "--plot", "ruong-1"]) == 0
    halves = json.loads(out.read_bytes())["features"]
    assert [one["geometry"]["type"] for one in halves] == ["Polygon", "Polygon"]
    assert not any("Area" in one["properties"] for one in halves)


def test_a_plot_is_told_when_its_outline_is_another_size_than_the_register_says(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        outline(data, raw(feature(polygon(square(side=0.0004), square(0.0001, 0.0001, 0.0001)))))
        == 0
    )
    told = capsys.readouterr().out
    assert "4.83 ha in the register, 0.181" in told
    assert "the area written is not the area outlined" in told
    two = {"type": "MultiPoint", "coordinates": [[106.412345, 11.312345], [106.413345, 11.312345]]}
    several = {"type": "GeometryCollection", "geometries": [two, point()]}
    assert outline(data, raw(feature(several)), "--since", "2026-10-01") == 1
    assert "a plot above four hectares needs its outline" in capsys.readouterr().out
    assert main(["eudr", "gather", str(data / "out.geojson"), "--plot", "ruong-1"]) == 0
    assert "4.83 ha in the register, 0.181" in capsys.readouterr().out


def test_plots_without_an_outline_are_named_and_nothing_is_written(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = data / "out.geojson"
    assert main(["eudr", "gather", str(out), "--all"]) == 2
    assert "no outline is known of ruong-1, ruong-2; give it with" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("file", "status", "why"),
    [
        (raw(feature(polygon(EIGHT))), 1, "crosses itself"),
        (raw(feature(point())), 1, "a plot above four hectares needs its outline"),
        (raw(feature(), feature()), 2, "has 2 plots; an outline is that of one"),
        (b"%PDF", 1, "it is a PDF"),
    ],
)
def test_what_is_no_outline_is_not_kept(
    data: Path, file: bytes, status: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outline(data, file) == status
    told = capsys.readouterr()
    assert why in told.out + told.err
    assert main(["eudr", "gather", str(data / "out.geojson"), "--plot", "ruong-1"]) == 2


def test_a_dry_run_keeps_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outline(data, raw(feature()), "--dry-run") == 0
    assert capsys.readouterr().out.endswith("nothing changed\n")
    assert outline(data, raw(feature()), plot="ruong-9") == 2
    assert "no plot ruong-9" in capsys.readouterr().err


def test_a_boundary_that_was_surveyed_again_holds_from_its_own_day(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outline(data, raw(feature()), "--since", "2026-01-01") == 0
    moved = raw(feature(polygon(square(0.0001))))
    assert outline(data, moved, "--since", "2026-01-01") == 2
    assert "another outline of ruong-1 holds from 2026-01-01" in capsys.readouterr().err
    assert outline(data, moved, "--since", "2026-07-01") == 0
    for day, corner in (("2026-06-30", square()[0]), ("2026-07-01", square(0.0001)[0])):
        out = data / f"{day}.geojson"
        assert main(["eudr", "gather", str(out), "--plot", "ruong-1", "--on", day]) == 0
        (one,) = json.loads(out.read_bytes())["features"]
        assert one["geometry"]["coordinates"][0][0] == corner
