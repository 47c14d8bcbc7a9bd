"""Importing a logger's file: what is kept, what is told, and what a killed one costs."""

import csv
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.ids import SeriesId
from domain.reading import Frame
from domain.receipt import Receipt
from domain.window import Size, Window, day_window, to_ms
from nguon.__main__ import main
from nguon.compose import Stores, rhythms, stores
from nguon.settings import Settings
from store.failpoint import STATUS
from store.rollups import roll_up
from store.series import Tally
from tests.builders import DEVICE, ZONE, delivery, farm, reading
from tests.ingest.rig import Ingest, await_receipt, link, pack
from tests.services.brokers import Mosquitto

ROOT = Path(__file__).parent.parent.parent
MOISTURE, AIR, RAIN = SeriesId(1), SeriesId(2), SeriesId(3)
ALL = Window(0, 4_000_000_000_000)
START = datetime(2026, 6, 1, tzinfo=ZONE)
MAP = """
device = "dat-01"
time_column = "time"
time_format = "%Y-%m-%d %H:%M"
zone = "Asia/Ho_Chi_Minh"
interval_s = 900
[[column]]
name = "moisture"
channel = "soil_moisture_20"
property = "soil_moisture"
unit = "%"
depth_m = 0.2
[[column]]
name = "t"
channel = "air_temperature"
property = "air_temperature"
unit = "[degF]"
"""


@pytest.fixture(params=["sqlite"])
def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Stores]:
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh("imported")
        monkeypatch.setenv("NGUON_SERIES_URL", url)
    monkeypatch.setenv("NGUON_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.toml").write_text(MAP)
    with stores(Settings(data=tmp_path / "data", series_url=url), new=True) as both:
        farm(both.records)
        yield both


def moment(n: int) -> datetime:
    return START + timedelta(minutes=15 * n)


def instant(n: int) -> int:
    return to_ms(moment(n))


def lines(count: int, first: int = 0) -> list[str]:
    return [f"{moment(n):%Y-%m-%d %H:%M},{20 + n % 7},{50 + n % 9}" for n in range(first, count)]


def write(rows: list[str], head: str = "time,moisture,t", name: str = "f.csv") -> None:
    Path(name).write_text("\n".join([head, *rows]) + "\n", "utf-8")


def imported(*more: str, file: str = "f.csv") -> int:
    return main(["import", file, "--map", "map.toml", *more])


def report(name: str = "r.csv") -> list[dict[str, str]]:
    with Path(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def became(name: str = "r.csv") -> list[tuple[int, str]]:
    return [(int(row["line"]), row["became"]) for row in report(name) if not row["column"]]


def values(opened: Stores, series: SeriesId) -> list[tuple[int, float]]:
    return [(r.time_ms, r.value) for r in opened.series.read(series, ALL)]


def test_rows_are_kept_in_the_propertys_unit_and_received_now(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    write(["2026-06-01 00:00,21.5,86", "2026-06-01 00:15,,50"])
    before = to_ms(datetime.now(UTC))
    assert imported() == 0
    assert values(opened, MOISTURE) == [(instant(0), 21.5)]
    assert [time_ms for time_ms, _ in values(opened, AIR)] == [instant(0), instant(1)]
    assert [value for _, value in values(opened, AIR)] == pytest.approx([30, 10])
    stored = list(opened.series.read(AIR, ALL))
    assert all(before <= r.received_ms <= to_ms(datetime.now(UTC)) for r in stored)
    assert capsys.readouterr().out == (
        "f.csv, 2 rows: 2 new, 0 there already, 0 in conflict, 0 refused, 0 empty,"
        " 0 unreadable; 3 values new, 1 cells empty, 0 unreadable\n"
    )


def test_the_report_says_what_became_of_every_row_and_cell(opened: Stores) -> None:
    imported_before = [lines(1)[0]]
    write(imported_before, name="before.csv")
    assert imported(file="before.csv") == 0
    write([
        *lines(2), "2026-06-01 00:00,99,50", "2026-06-01 00:30,,", "yesterday,1,2",
        "2026-06-01 00:45,12", "2026-06-01 01:00,=1+1,@x", '2026-06-01 01:15,"+4,5",61',
        '"2026-06-01 01:30,7,70',
    ])  # fmt: skip
    assert imported("--report", "r.csv") == 1
    assert became() == [
        (2, "same"), (3, "new"), (4, "conflict"), (5, "empty"), (6, "unreadable"), (7, "unreadable"),
        (8, "unreadable"), (9, "new"), (10, "unreadable"),
    ]  # fmt: skip
    rows = {(row["line"], row["column"]): row for row in report()}
    assert rows["3", ""]["time"] == "2026-05-31T17:15:00.000Z"
    assert (rows["3", ""]["new"], rows["4", ""]["conflicts"]) == ("2", "1")
    assert rows["5", ""]["empty"] == "moisture; t"
    assert "'yesterday' is no time of the form" in rows["6", ""]["why"]
    assert rows["7", ""]["why"] == "cut short: 2 cells under 3 columns"
    assert (rows["8", "moisture"]["text"], rows["8", "t"]["text"]) == ("'=1+1", "'@x")
    assert rows["9", "moisture"]["text"] == "'+4,5"
    assert "unexpected end of data" in rows["10", ""]["why"]
    # One file says 99 where another said 20: both are kept, beside each other.
    assert [v for t, v in values(opened, MOISTURE) if t == instant(0)] == [20.0, 99.0]


def test_control_characters_reach_neither_terminal_nor_report(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    write(["2026-06-01 00:00,\x1b[2J,50", "2026-06-01 00:15,\t=2,50", "\x1b]0;x\x07,1,2"])
    assert imported("--report", "r.csv") == 1
    assert "\x1b" not in capsys.readouterr().out + Path("r.csv").read_text("utf-8")
    assert {row["text"] for row in report()} == {
        "",
        "\N{REPLACEMENT CHARACTER}[2J",
        "'\N{REPLACEMENT CHARACTER}=2",
    }


def test_what_mqtt_brought_is_met_as_the_same_or_in_conflict(opened: Stores) -> None:
    frames = [
        Frame(3, n, (reading(1, instant(n), 20.0 + n % 7), reading(2, instant(n), value)))
        for n, value in ((0, 10.0), (1, 11.0))
    ]
    opened.series.append([delivery(f, received_ms=instant(2)) for f in frames], instant(2))
    write([f"{moment(0):%Y-%m-%d %H:%M},20,50", *lines(3, 1)])
    expected = [(2, "same"), (3, "conflict"), (4, "new")]
    assert imported("--dry-run", "--report", "d.csv") == 0
    assert became("d.csv") == expected
    assert opened.series.tally().readings == 4
    assert imported("--report", "r.csv") == 0
    assert became() == expected
    assert opened.series.tally().readings == 7
    assert opened.series.tally().conflicts == 1
    # The numbered cycles of the device are as they were: a file counts none.
    assert opened.series.ledger(DEVICE) == {3: ((0, 1),)}


@pytest.mark.parametrize("opened", ["sqlite", "postgres"], indirect=True)
def test_a_dry_run_tells_what_would_be_and_writes_nothing(
    opened: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Longer than a batch, newest first, and its first row once more at the end.
    rows = lines(700)
    write([*reversed(rows), rows[-1], rows[3].replace(",23,", ",99,")])
    assert imported("--dry-run") == 0
    said = capsys.readouterr().out.split("it would be ")[1]
    assert said.startswith("702 rows: 700 new, 1 there already, 1 in conflict")
    assert opened.series.tally() == Tally(0, 0, 0, 0, 0)
    assert not (tmp_path / "data" / "imports").exists()
    assert imported() == 0
    assert said in capsys.readouterr().out
    assert opened.series.tally().readings == 1401
    assert imported("--dry-run") == 0
    assert "702 rows: 0 new, 702 there already" in capsys.readouterr().out


def test_a_file_imported_already_says_so_and_is_read_only_if_asked_again(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    write([*lines(3), "2026-06-01 09:00,x,50"])
    assert imported() == 1
    tally = opened.series.tally()
    assert imported() == 1
    assert "imported already on 20" in capsys.readouterr().out
    assert imported("--again") == 1
    assert "4 rows: 0 new, 4 there already" in capsys.readouterr().out
    assert opened.series.tally().readings == tally.readings == 7
    # A logger's file that has grown is another file; what is there already is no news.
    write([*lines(5), "2026-06-01 09:00,x,50"])
    assert imported() == 1
    assert "6 rows: 2 new, 4 there already" in capsys.readouterr().out


@pytest.mark.parametrize("point", ["before-commit:2", "after-commit:2", "mid-batch:2"])
def test_killed_in_the_middle_it_goes_on_and_keeps_nothing_twice(
    opened: Stores, tmp_path: Path, point: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write([*lines(1_300), "yesterday,1,2"])
    command = [
        sys.executable,
        "-m",
        "nguon",
        "import",
        str(tmp_path / "f.csv"),
        "--map",
        str(tmp_path / "map.toml"),
    ]
    ran = subprocess.run(
        [*command, "--report", str(tmp_path / "r.csv")], cwd=ROOT, check=False,
        env=os.environ | {"NGUON_FAILPOINT": point}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == STATUS
    kept = 1_000 if point.startswith("after") else 500
    assert opened.series.tally().readings == 2 * kept
    # Half a row of the report, as a loss of power leaves it.
    with Path("r.csv").open("a") as torn:
        torn.write("999,")
    assert imported("--report", "r.csv") == 1
    assert "goes on after line 501" in capsys.readouterr().out
    assert opened.series.tally().readings == 2_600
    assert opened.series.tally().frames == 1_300
    told = became()
    assert [line for line, _ in told] == list(range(2, 1_303))
    assert {word for _, word in told[:500]} == {"new"}
    assert {word for _, word in told[500:1000]} == ({"same"} if kept == 1_000 else {"new"})
    assert told[-1] == (1_302, "unreadable")


def test_an_ingest_that_runs_beside_it_loses_nothing(opened: Stores, mosquitto: Mosquitto) -> None:
    write(lines(3_000))
    ingest = Ingest(mosquitto, opened.series)
    device = link(mosquitto)
    assert device.wait_connected(10)

    def send() -> None:
        for n in range(400):
            device.send(pack(n, 1))

    sender = threading.Thread(target=send)
    sender.start()
    assert imported() == 0
    sender.join()
    await_receipt(device, Receipt(0, 399))
    device.close()
    ingest.stop()
    assert opened.series.tally().readings == 6_000 + 400
    assert opened.series.ledger(DEVICE) == {0: ((0, 399),)}


def test_late_rows_are_late_in_the_days_roll_up_and_move_no_clock(opened: Stores) -> None:
    write(lines(96))
    assert imported() == 0
    while roll_up(opened.series, rhythms(opened.records)):
        pass
    (day,) = opened.series.buckets(MOISTURE, day_window(START.date(), ZONE), Size.DAY)
    assert (day.n, day.expected, day.late) == (96, 96, 96)
    assert {beat.clock.name for beat in opened.series.beats(DEVICE, 200)} == {"CARRIED"}


def test_what_the_pipeline_refuses_is_in_quarantine_row_by_row(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("map.toml").write_text(MAP.replace('unit = "%"', 'unit = "m3/m3"'))
    write(["2026-06-01 00:00,1e308,50", "2026-06-01 00:15,0.21,50", "2026-06-01 00:30,1e307,50"])
    assert imported("--dry-run") == 1
    assert imported("--report", "r.csv") == 1
    assert became() == [(2, "refused"), (3, "new"), (4, "refused")]
    assert report()[0]["why"].startswith("wrong-unit: 1e+308 m3/m3 is beyond any %")
    assert report()[0]["new"] == "1", "its other cell is kept"
    assert "line 2: refused: wrong-unit" in capsys.readouterr().out
    entries = opened.series.quarantined(9)
    assert [(e.reason, e.part, len(e.payload) < 99) for e in entries] == [
        ("wrong-unit", "soil_moisture_20", True)
    ] * 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"dat-01"', '"dat-77"', "dat-77 is not registered: `nguon enrol"),
        ('channel = "air_temperature"', 'channel = "air"', "channel air of dat-01 was never declared"),
        ('property = "air_temperature"', 'property = "soil_temperature"', "is declared as air_temperature, the map says soil_temperature"),
        ('name = "t"', 'name = "temp"', "f.csv has no column temp"),
        ('"[degF]"', '"hPa"', "hPa is pressure"),
    ],
)  # fmt: skip
def test_what_would_refuse_every_row_is_said_before_the_first(
    opened: Stores, tmp_path: Path, old: str, new: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("map.toml").write_text(MAP.replace(old, new))
    write(lines(3))
    for more in ((), ("--dry-run",)):
        assert imported(*more, "--report", "r.csv") == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert why in said.err
    assert opened.series.tally().quarantined == opened.series.tally().readings == 0
    assert not Path("r.csv").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "f.csv is empty"),
        (b"time,moisture,t\n", "f.csv has no rows"),
        (b"time,moisture,t\nx,1,2\ny,1,2\n", "not one of its 2 rows can be used"),
        ("time,moisture,t\n".encode("utf-16"), "is not text in UTF-8"),
        ("time,moisture,t\n".encode("utf-16-le"), "holds NUL bytes, as UTF-16 does"),
        (b"time,moisture,t\n2026-06-01 00:00,1,2\n" * 90_000 + b"\xb0C", "is not text in UTF-8"),
        (b"time,moisture,t\n" + b"x" * 1_000_001, "line 2: longer than any line"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "before 2007, or has a password"),
    ],
)  # fmt: skip
def test_a_file_of_no_use_is_one_sentence_and_keeps_nothing(
    opened: Stores, content: bytes, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("f.csv").write_bytes(content)
    assert imported() == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert opened.series.tally().readings == 0


def test_a_report_is_written_over_nothing(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    write(lines(3))
    Path("r.csv").write_text("mine")
    assert imported("--report", "r.csv") == 2
    assert "--force writes over it" in capsys.readouterr().err
    assert Path("r.csv").read_text() == "mine"
    for own in ("f.csv", "map.toml"):
        assert imported("--report", own, "--force") == 2
        assert "would be written over" in capsys.readouterr().err
    assert imported("--report", "r.csv", "--force") == 0
    assert len(report()) == 3
    assert imported("--sheet", "S", "--again") == 2
    assert "is no workbook: it has no sheets" in capsys.readouterr().err


def test_a_damaged_state_is_as_good_as_none(opened: Stores, tmp_path: Path) -> None:
    write(lines(3))
    assert imported() == 0
    (state,) = (tmp_path / "data" / "imports").glob("*.json")
    assert json.loads(state.read_text())["line"] == 4
    state.write_text('{"line": ')
    assert imported() == 0
    assert opened.series.tally().readings == 6


def test_memory_does_not_grow_with_the_file(opened: Stores, tmp_path: Path) -> None:
    program = (
        "import resource, sys; from nguon.__main__ import main; main(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for count in (1_000, 40_000):
        write(lines(count), name=f"{count}.csv")
        words = ["import", str(tmp_path / f"{count}.csv"), "--map", str(tmp_path / "map.toml")]
        ran = subprocess.run(
            [sys.executable, "-c", program, *words], check=True, capture_output=True, text=True, cwd=ROOT
        )  # fmt: skip
        assert f"{count} rows" in ran.stdout
        peaks.append(int(ran.stdout.splitlines()[-1]))
    assert peaks[1] - peaks[0] < 12_000, f"{peaks} kB; held at once, 40,000 rows take 65 MB more"


def test_two_imports_of_one_file_at_once_are_one_too_many(
    opened: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(lines(3))
    assert imported() == 0
    (lock,) = (tmp_path / "data" / "imports").glob("*.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert imported("--again") == 2
    assert "this very file is being imported already" in capsys.readouterr().err
    assert imported("--again") == 0


def test_the_example_of_the_operators_page_is_true(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "operator.md").read_text("utf-8").split("## A logger's file")[1]
    plan, table = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("toml", "csv")
    )
    Path("map.toml").write_text(plan, "utf-8")
    Path("tram.dat").write_text(table, "utf-8")
    assert main(["enrol", "map.toml", "--plot", "ruong-1"]) == 0
    assert imported(file="tram.dat") == 0
    assert "2 rows: 2 new" in capsys.readouterr().out


def test_no_verb_pays_for_openpyxl() -> None:
    program = "import sys, nguon.cli; nguon.cli.build_parser(); print('openpyxl' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert ran.stdout.strip() == "False"
