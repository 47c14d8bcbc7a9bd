"""Readings as tables: what is in them equals what the store says, whatever the form."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from domain.device import Datastream
from domain.ids import Channel, SeriesId
from domain.quality import Verdict
from domain.window import Window, days_window, print_instant
from nguon.__main__ import main
from store.columns import COLUMNS
from store.frames import frame, pieces, write_csv, write_parquet
from store.judged import judged_stream
from tests.builders import DEVICE, NOON, PLOT, ZONE, delivery, series_of
from tests.traceability.world import HARVESTED, STARTED, World

ALL = Window(0, 2 * NOON)
MOISTURE = Datastream(SeriesId(1), DEVICE, Channel("soil_moisture_20"), "soil_moisture", 0.2, 900)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    made = World(tmp_path)
    made.measure()
    made.series.append([delivery(series_of({0: 21.5, 1: 99.0}, seq=9_990))], NOON + 7)
    made.series.append([delivery(series_of({0: 22.5}, seq=9_991), received_ms=NOON + 5)], NOON + 9)
    yield made
    made.close()


def test_a_frame_holds_what_the_store_says(world: World) -> None:
    table = frame(world.series.read, MOISTURE, ALL)
    stored = list(judged_stream(world.series.read, MOISTURE, ALL))
    assert len(table) == len(stored) > 400
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        name: column.dtype for name, column in COLUMNS.items()
    }
    assert table.attrs == {"unit": "%", "property": "soil_moisture", "series": 1}
    assert list(table["value"]) == [r.value for r in stored]
    assert [t.to_pydatetime() for t in table["time"]] == [
        datetime.fromtimestamp(r.time_ms // 1000, UTC) for r in stored
    ]
    verdicts = [Verdict.unpack(r.quality) for r in stored]
    assert list(table["flag"]) == [int(v.flag) for v in verdicts]
    assert [text.split() for text in table["failed"]] == [list(v.failed.names()) for v in verdicts]
    assert table["conflict"].sum() == 2
    assert set(table["flag"]) >= {1, 4}
    row = table[table["value"] == 22.5].iloc[0]
    assert (row["received"], row["committed"]) == (
        pd.Timestamp(NOON + 5, unit="ms", tz="UTC"), pd.Timestamp(NOON + 9, unit="ms", tz="UTC"),
    )  # fmt: skip


def test_pieces_are_the_same_cut_up_and_nothing_is_no_piece(world: World) -> None:
    whole = frame(world.series.read, MOISTURE, ALL)
    cut = list(pieces(world.series.read, MOISTURE, ALL, rows=7))
    assert max(map(len, cut)) == 7
    pd.testing.assert_frame_equal(pd.concat(cut, ignore_index=True), whole)
    assert list(pieces(world.series.read, MOISTURE, Window(0, 1))) == []
    empty = frame(world.series.read, MOISTURE, Window(0, 1))
    assert (len(empty), list(empty.dtypes)) == (0, list(whole.dtypes))


def test_both_files_say_the_same_and_lose_no_bit(world: World, tmp_path: Path) -> None:
    odd = {30: 0.1 + 0.2, 45: 5e-324, 60: 1.7976931348623157e308}
    world.series.append([delivery(series_of(odd, seq=9_992))], NOON)
    whole = frame(world.series.read, MOISTURE, ALL)
    for write, name in ((write_csv, "t.csv"), (write_parquet, "t.parquet")):
        assert write(pieces(world.series.read, MOISTURE, ALL, rows=50), tmp_path / name) == len(
            whole
        )
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == list(whole["value"])
    assert [row["time"] for row in rows] == [
        print_instant(round(t.timestamp() * 1000)) for t in whole["time"]
    ]
    parquet = pq.read_table(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(parquet.to_pandas(), whole, check_dtype=False)
    assert parquet.schema.field("flag").metadata[b"meaning"].startswith(b"QARTOD")
    assert str(parquet.schema.field("time").type) == "timestamp[ms, tz=UTC]"


def exported(tmp_path: Path, *arguments: str) -> pd.DataFrame:
    assert main(["export", str(tmp_path / "out.parquet"), "--force", *arguments]) == 0
    table: pd.DataFrame = pq.read_table(tmp_path / "out.parquet").to_pandas()
    return table


def test_export_takes_what_is_asked_for(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = exported(tmp_path, "--plot", PLOT)
    assert sorted(table["channel"].unique()) == ["air_temperature", "rain", "soil_moisture_20"]
    assert f"{len(table)} readings of 3 series" in capsys.readouterr().out
    pd.testing.assert_frame_equal(exported(tmp_path, "--device", DEVICE).sort_values(
        ["channel", "time", "value"], ignore_index=True
    ), table.sort_values(["channel", "time", "value"], ignore_index=True))  # fmt: skip
    day = exported(
        tmp_path, "--plot", PLOT, "--property", "rainfall",
        "--since", f"{HARVESTED}", "--until", f"{HARVESTED}",
    )  # fmt: skip
    window = days_window(HARVESTED, HARVESTED, ZONE)
    times = [round(t.timestamp() * 1000) for t in day["time"]]
    assert (set(day["property"]), min(times)) == ({"rainfall"}, window.start_ms)
    assert all(window.holds(t) for t in times)
    assert STARTED < HARVESTED


def test_a_dry_run_names_the_series_and_writes_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "x.csv"), "--plot", PLOT, "--dry-run"]) == 0
    assert "dat-01:soil_moisture_20 soil_moisture at 0.2 m" in capsys.readouterr().out
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--plot", "khong-co"], "no plot"),
        (["--plot", "../x"], "not a plot id"),
        (["--device", "dat-99"], "no device dat-99"),
        (["--plot", PLOT, "--property", "gold"], "there are air_temperature, rainfall"),
        (["--plot", PLOT, "--since", "2026-11-02", "--until", "2026-11-01"], "is after --until"),
    ],
)
def test_what_is_not_there_is_one_clear_line(
    world: World, tmp_path: Path, arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "x.csv"), *arguments]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_there_is_left_alone_and_a_bad_name_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_text("mine")
    assert main(["export", str(tmp_path / "x.csv"), "--plot", PLOT]) == 2
    assert "--force writes over it" in capsys.readouterr().err
    assert (tmp_path / "x.csv").read_text() == "mine"
    for file, day in (("x.xls", "2026-11-01"), ("y.csv", "1.11.2026")):
        with pytest.raises(SystemExit):
            main(["export", str(tmp_path / file), "--plot", PLOT, "--since", day])


def test_a_failure_half_way_leaves_no_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[pd.DataFrame]:
        yield from pieces(world.series.read, MOISTURE, ALL, rows=50)
        raise OSError("No space left on device")

    monkeypatch.setattr("store.frames.pieces", broken)
    before = {p.name for p in tmp_path.iterdir()}
    assert main(["export", str(tmp_path / "x.csv"), "--plot", PLOT]) == 2
    assert {p.name for p in tmp_path.iterdir()} == before


def test_no_other_verb_pays_for_pandas() -> None:
    program = "import sys, nguon.cli; nguon.cli.build_parser(); print('pandas' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "False"
