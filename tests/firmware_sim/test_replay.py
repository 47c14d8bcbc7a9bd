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
    assert "no broker answers at 127.0.0.1:1" in capsys.readouterr().err


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"time,t\n2026-01-01 00:00,25,4\n", "line 2: 3 cells under 2 columns"),
        (b"time;t\n2026-01-01 00:00;25\n", 'write delimiter = ";" in the map'),
        ("time,t\n2026-01-01 00:00,25\n".encode("utf-16"), "is not text in UTF-8"),
        (b'time,t\n"2026-01-01 00:00,25\n', "line 2: no row of a table"),
        (b"time,t,t\n2026-01-01 00:00,1,2\n", "two columns of one name"),
        (b"", "has no column t, time"),
        (b"time,t\n01/01/2026,25\n", "line 2: "),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(
    files: tuple[Path, Path], content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files[0].write_bytes(content)
    for more in ((), ("--redate",)):
        words = ["replay", str(files[0]), "--map", str(files[1]), "--dry-run", *more]
        assert main(words) == 2
        assert said in capsys.readouterr().err


def test_rows_cut_short_or_repeated_are_counted(files: tuple[Path, Path]) -> None:
    files[0].write_text(
        "time,t\n2026-01-01 00:00,50\n2026-01-01 00:00,51\n2026-01-01 01:00\n\n2026-01-01 02:00,1_0\n"
    )
    report = Report()
    assert len(list(read(files[0], load_map(files[1]), report))) == 2
    assert (report.repeated, report.short, report.unreadable) == (1, 1, 1)


def test_a_european_logger_is_read_as_its_map_says(files: tuple[Path, Path]) -> None:
    head, columns = MAP.split("[[column]]")
    files[1].write_text(f'{head}delimiter = ";"\ndecimal = ","\n[[column]]{columns}')
    files[0].write_text("time;t\n2026-01-01 00:00;50,5\n2026-01-01 01:00;1.050,5\n")
    report = Report()
    (cycle,) = read(files[0], load_map(files[1]), report)
    assert (cycle.observations[0].value, report.unreadable) == (50.5, 1)
    files[1].write_text(f'{head}decimal = "x"\n[[column]]{columns}')
    with pytest.raises(InvalidInput, match="decimal is one of"):
        load_map(files[1])


@pytest.mark.parametrize("content", ["[]", '{"tram-01": 5}', "{", "[" * 5000])
def test_passwords_that_are_none_are_told(
    files: tuple[Path, Path], content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    passwords = files[0].parent / "passwords.json"
    passwords.write_text(content)
    words = ["replay", str(files[0]), "--map", str(files[1]), "--passwords", str(passwords)]
    assert main(words) == 2
    assert "holds no passwords" in capsys.readouterr().err
