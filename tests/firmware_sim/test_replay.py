"""Replaying a logger's file: what is sent, what is not, and what is said about it."""

from pathlib import Path

import pytest

from domain.errors import InvalidInput
from firmware_sim.__main__ import main
from firmware_sim.replay import Report, last_time_ms, load_map, read
from tests.services.brokers import Mosquitto

MAP = """
device = "tram-01"
time_column = "time"
time_format = "%Y-%m-%d %H:%M"
zone = "Asia/Ho_Chi_Minh"
interval_s = 3600
nothing = ["", "NO RECORD"]
[[column]]
name = "t"
channel = "air_temperature"
property = "air_temperature"
unit = "[degF]"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "data.csv").write_text(
        "\ufefftime,t\n2026-01-01 00:00,50\n2026-01-01 01:00,\n2026-01-01 02:00,NO RECORD\n"
        "2026-01-01 03:00,warm\n2026-01-01 04:00,1e999\n2026-01-01 05:00,86\n"
    )
    return tmp_path / "data.csv", tmp_path / "map.toml"


def test_nothing_is_invented_for_cells_that_hold_nothing(files: tuple[Path, Path]) -> None:
    report = Report()
    cycles = list(read(files[0], load_map(files[1]), report))
    assert [(c.seq, c.observations[0].value) for c in cycles] == [(0, 50.0), (1, 86.0)]
    assert (report.rows, report.values, report.empty, report.unreadable) == (2, 2, 2, 2)


def test_times_are_the_loggers_zone_and_may_be_moved(files: tuple[Path, Path]) -> None:
    plan = load_map(files[1])
    (first, last) = read(files[0], plan, Report())
    assert first.observations[0].time_ms == 1_767_200_400_000  # 2025-12-31T17:00:00Z
    assert last_time_ms(files[0], plan) == last.observations[0].time_ms
    moved = next(read(files[0], plan, Report(), shift_ms=5))
    assert moved.observations[0].time_ms == first.observations[0].time_ms + 5


def test_a_dry_run_says_what_would_be_sent(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(files[0]), "--map", str(files[1]), "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "would send 2 rows, 2 values; 2 empty cells and 2 unreadable ones were not sent\n"
    )


def test_a_broker_that_refuses_is_said_so_at_once(
    files: tuple[Path, Path], mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["replay", str(files[0]), "--map", str(files[1]), "--port", str(mosquitto.port)]) == 2
    )
    assert "refuses this device: Not authorized" in capsys.readouterr().err


def test_no_broker_at_all_is_said_so(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["replay", str(files[0]), "--map", str(files[1]), "--port", "1", "--patience", "0.3"])
        == 2
    )
    assert "no receipt for 0.3 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('unit = "[degF]"', 'unit = "hPa"'), "hPa is pressure"),
        (('air_temperature"\nunit', 'aura"\nunit'), "no observed property"),
        (("device", "devise"), "device"),
        (("Asia/Ho_Chi_Minh", "Asia/Nowhere"), "Nowhere"),
        (('channel = "air_temperature"', 'channel = "Air T"'), "channel"),
    ],
)  # fmt: skip
def test_a_bad_map_is_refused_before_anything_is_sent(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    (tmp_path / "m.toml").write_text(
        MAP.replace(*change, 1) if change[0] != "device" else MAP.replace("device =", "devise =")
    )
    with pytest.raises(InvalidInput, match=why):
        load_map(tmp_path / "m.toml")


def test_a_file_without_the_mapped_column_or_with_a_bad_time_says_where(
    files: tuple[Path, Path],
) -> None:
    plan = load_map(files[1])
    files[0].write_text("time,x\n")
    with pytest.raises(InvalidInput, match="no column t"):
        list(read(files[0], plan, Report()))
    files[0].write_text("time,t\nyesterday,1\n")
    with pytest.raises(InvalidInput, match="line 2"):
        list(read(files[0], plan, Report()))
    files[0].write_text("time,t\n")
    with pytest.raises(InvalidInput, match="no rows"):
        last_time_ms(files[0], plan)
