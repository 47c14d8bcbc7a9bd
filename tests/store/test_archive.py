"""Moving house: everything is carried, cut short it goes on, and what differs is named."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from domain.errors import Clash, Refused
from domain.ids import SeriesId
from domain.reading import Frame
from domain.window import Window
from nguon.cli import main
from nguon.compose import open_series
from store.archive import copy
from store.compare import differences
from store.series import Series
from tests.builders import NOON, delivery, falsify, reading, series_of
from tests.services.influx import Influx
from tests.store.operations import Operations

_numbers = itertools.count()
Make = Callable[[str], str]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return the URL of a new place for a store, on a backend by name."""

    def made(backend: str) -> str:
        if backend == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(_numbers)}.db'}"
        return str(request.getfixturevalue(backend).fresh(f"archive{next(_numbers)}"))

    return made


def filled(url: str, operations: int = 1_500) -> None:
    series = open_series(url)
    Operations(series).run(operations)
    series.append([delivery(series_of({9_000: 1.0}, seq=9_000))], NOON)  # touched, not settled
    series.close()


def carried(source: str, target: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["store", "copy", "--from", source, "--to", target]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("other", ["sqlite", "postgres", "timescale"])
def test_there_and_back_it_is_the_same(
    other: str, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    first, away, back = make("sqlite"), make(other), make("sqlite")
    filled(first)
    assert "equal: 5," in carried(first, away, capsys)
    carried(away, back, capsys)
    assert main(["store", "copy", "--from", first, "--to", back, "--compare"]) == 0
    ours, theirs = open_series(first), open_series(back)
    assert theirs.tally() == ours.tally()
    assert theirs.check() == []
    ours.close()
    theirs.close()


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_a_copy_goes_on_as_the_original_would(
    backend: str, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same operations after the move give the same answers as without one."""
    first, target = make("sqlite"), make(backend)
    filled(first)
    carried(first, target, capsys)
    answers = []
    for url in (first, target):
        series = open_series(url)
        answers.append(Operations(series, seed=5).run(600))
        numbers = [b.frame for b in series.beats("dat-01", 50)]  # type: ignore[arg-type]
        assert numbers == sorted(set(numbers), reverse=True)
        series.close()
    assert answers[0] == answers[1]


def test_killed_it_goes_on_where_it_was(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = make("sqlite"), make("sqlite")
    series = open_series(source)
    for first in range(0, 30_000, 1_000):
        cycles = [
            Frame(0, n, (reading(1, NOON + n * 1_000, n / 7),)) for n in range(first, first + 1_000)
        ]
        series.append([delivery(*cycles)], NOON)
    series.close()
    command = [sys.executable, "-m", "nguon", "store", "copy", "--from", source, "--to", target]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ.copy())
    file = Path(target.removeprefix("sqlite:///"))
    while cycles_in(file) < 3_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = cycles_in(file)
    assert 3_000 <= left < 30_000
    assert main(["store", "copy", "--from", source, "--to", target]) == 0
    said = capsys.readouterr()
    assert f"going on after cycle {left:,}" in said.err
    assert f"{30_000 - left:,} cycles copied" in said.out
    assert "equal: 30,000 readings in 30,000 cycles" in said.out


def cycles_in(file: Path) -> int:
    if not file.exists():
        return 0
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5_000)
    try:
        row = connection.execute("SELECT count(*) FROM frame").fetchone()
        return 0 if row is None else int(row[0])
    except apsw.SQLError:
        return 0  # the tables are not there yet
    finally:
        connection.close()


def test_what_came_meanwhile_is_caught_up_with(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = make("sqlite"), make("sqlite")
    filled(source, 300)
    carried(source, target, capsys)
    series = open_series(source)
    series.append([delivery(series_of({9_015: 2.0}, seq=9_001))], NOON)
    series.close()
    assert main(["store", "copy", "--from", source, "--to", target, "--compare"]) == 1
    assert "cycles on" in capsys.readouterr().out
    assert "1 cycles copied" in carried(source, target, capsys)


def test_what_differs_is_named_by_series_and_day(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = make("sqlite"), make("postgres")
    series = open_series(source)
    series.append([delivery(series_of({0: 1.0, 15: 2.0}))], NOON)
    series.close()
    carried(source, target, capsys)
    connection = apsw.Connection(source.removeprefix("sqlite:///"))
    falsify(connection)
    connection.close()
    assert main(["store", "copy", "--from", source, "--to", target, "--compare"]) == 1
    assert "series 1 on 2026-11-21: 2, but not the same" in capsys.readouterr().out


def test_a_target_that_holds_something_else_is_left_alone(make: Make) -> None:
    source, target = open_series(make("sqlite")), open_series(make("postgres"))
    source.append([delivery(series_of({0: 1.0}))], NOON)
    target.append([delivery(series_of({0: 2.0}))], NOON)
    with pytest.raises(Clash):
        copy(source.archive(), target.archive(), print)
    assert [r.value for r in target.read(SeriesId(1), Window(0, 2 * NOON))] == [2.0]
    source.close()
    target.close()


def test_an_empty_store_moves_too(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    source = make("sqlite")
    open_series(source).close()
    assert "equal: 0 readings" in carried(source, make("postgres"), capsys)


def test_influxdb_is_not_moved_by_us(influx: Influx) -> None:
    store: Series = open_series(influx.fresh("moving"))
    with pytest.raises(Refused, match="influx backup"):
        store.archive()
    store.close()


def test_comparing_needs_two_stores_that_are_there(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make("sqlite")
    open_series(source).close()
    assert main(["store", "copy", "--from", source, "--to", make("sqlite"), "--compare"]) == 2
    assert "is not there" in capsys.readouterr().err
    assert main(["store", "copy", "--from", source, "--to", source]) == 2
    assert "the same store" in capsys.readouterr().err
    assert main(["store", "copy", "--from", source, "--to", make("sqlite"), "--dry-run"]) == 0
    assert "would copy 0 readings" in capsys.readouterr().out


def test_comparing_alike_stores_finds_nothing(make: Make) -> None:
    stores = [open_series(make(backend)) for backend in ("sqlite", "postgres")]
    for store in stores:
        store.append([delivery(series_of({0: 1.0}))], NOON)
    ours, theirs = (store.archive() for store in stores)
    assert list(differences(ours, theirs, print)) == []
    for store in stores:
        store.close()
