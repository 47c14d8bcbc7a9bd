"""``make bench-store``: what each store appends, weighs and answers, against its own floor.

In one run, on one machine. Appending, as ratios against the same readings put into the same
table by the least that could: `executemany` for SQLite, a binary COPY into a temporary
table and one INSERT for PostgreSQL. Then bytes on disk a reading, and the median time of
the questions that pages ask, while the store grows. With ``--timescale-dsn`` the same on
TimescaleDB, before and after all of it is compressed.
"""

import argparse
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from bench.against import HEAD, floors
from bench.floor import Rows
from bench.packs import INTERVAL_S, START_MS, STREAMS, names
from bench.spent import Spent
from domain.bucket import Bucket
from domain.clock import ClockVerdict
from domain.ids import SeriesId
from domain.quality import GOOD
from domain.reading import Delivery, Frame, Reading
from domain.window import DAY_MS, LAST_MS, Size, Window
from ingest.writer import collect_rarely
from nguon.compose import open_series
from store.rollups import Rhythm, roll_up
from store.series import Series
from tests.services.postgres import Given, Postgres

DEVICES, CHANNELS, BATCH = 1_250, len(STREAMS), 500
FIRST_MS, STEP_MS = START_MS - START_MS % DAY_MS, INTERVAL_S * 1000
_NAMES = names(DEVICES)
_COMPRESSED = """SELECT after_compression_total_bytes
    FROM hypertable_compression_stats('series.reading')"""
_OWN_WEIGHT = "SELECT pg_database_size(current_database())"
_GOOD = GOOD.pack()
_ASKED = 40
_ROLLED_AT_ONCE = 1_000
_ROLLED_UP = 100  # devices whose year of daily buckets is filled in


def deliveries(first: int, count: int) -> Iterator[Delivery]:
    """Yield so many messages of four readings, each device in its turn."""
    for number in range(first, first + count):
        device, seq = number % DEVICES, number // DEVICES
        time_ms = FIRST_MS + seq * STEP_MS
        readings = tuple(
            Reading(SeriesId(device * CHANNELS + i + 1), time_ms, _value(number, i), _GOOD)
            for i in range(CHANNELS)
        )
        frame = Frame(0, seq, readings, ClockVerdict.UNSUSPECTED, time_ms)
        name = _NAMES[device]
        yield Delivery(f"nguon/v1/{name}/up", b"", time_ms + 2_000, name, (frame,), ())


def _value(number: int, channel: int) -> float:
    return round(20 + (number * 7 + channel * 13) % 997 / 50, 2)


def fill(series: Series, first: int, messages: int) -> Spent:
    """Append messages; return what appending alone took."""
    spent = Spent()
    for start in range(first, first + messages, BATCH):
        batch = list(deliveries(start, min(BATCH, first + messages - start)))
        with spent:
            series.append(batch, batch[-1].received_ms + 50)
        if start % 250_000 < BATCH:
            _let_roll_up(series)
            print(f"\r  {start * CHANNELS:,} readings", end="", file=sys.stderr, flush=True)
    return spent


def roll_up_a_year(series: Series) -> None:
    """Fill in a year of daily buckets for some devices: pages read these, not readings."""
    for device in range(_ROLLED_UP):
        buckets = [
            Bucket(SeriesId(device * CHANNELS + i + 1), Size.DAY, FIRST_MS + day * DAY_MS, 96, 96,
                   20.0, 39.0, 2_880.0, 30.0, 0, 0, 0)
            for i in range(CHANNELS) for day in range(365)
        ]  # fmt: skip
        series.settle(buckets, [])


def questions(series: Series, end_ms: int) -> dict[str, Callable[[random.Random], object]]:
    """Return what is asked, by name; each with its own dice, so that all stores get the same."""
    every = [SeriesId(n + 1) for n in range(DEVICES * CHANNELS)]
    year = Window(FIRST_MS, FIRST_MS + 365 * DAY_MS)
    season = Window(FIRST_MS + 30 * DAY_MS, FIRST_MS + 150 * DAY_MS)

    def channels(device: int) -> Sequence[SeriesId]:
        return every[device * CHANNELS : (device + 1) * CHANNELS]

    def a_day(dice: random.Random) -> object:
        days = max(1, (end_ms - FIRST_MS) // DAY_MS)
        day = FIRST_MS + dice.randrange(days) * DAY_MS
        window = Window(day, day + DAY_MS)
        return [list(series.read(one, window)) for one in channels(dice.randrange(DEVICES))]

    def of_some(window: Window) -> Callable[[random.Random], object]:
        return lambda dice: [
            series.buckets(one, window, Size.DAY) for one in channels(dice.randrange(_ROLLED_UP))
        ]

    return {
        "latest of 5,000 series": lambda _: series.latest(every, end_ms + DAY_MS),
        "a plot's year, 365 points, 4 series": of_some(year),
        "a season's coverage, 4 series": of_some(season),
        "a device's day of readings": a_day,
        "a device's newest 600 cycles": lambda dice: series.beats(
            _NAMES[dice.randrange(DEVICES)], 600
        ),
    }


def ask(series: Series, end_ms: int) -> dict[str, float]:
    """Return the median milliseconds of each question."""
    found = {}
    for name, question in questions(series, end_ms).items():
        dice, taken = random.Random(7), []  # noqa: S311 - the same questions for every store
        for _ in range(_ASKED if "latest" not in name else _ASKED // 4):
            began = time.perf_counter()
            question(dice)
            taken.append((time.perf_counter() - began) * 1000)
        found[name] = statistics.median(taken)
    return found


@dataclass(frozen=True)
class Subject:
    """A store that is measured: how heavy it is, and what makes it lighter, if anything."""

    name: str
    url: str
    weigh: Callable[[], int]
    compress: Callable[[], object] | None = None


def measure(subject: Subject, sizes: Sequence[int]) -> list[str]:
    """Fill one store step by step; return the rows of its table."""
    series = open_series(subject.url)
    rows, done, beside = [], 0, 0
    for size in sizes:
        messages = size // CHANNELS
        seconds = fill(series, done, messages - done).seconds
        rate = f"{(messages - done) * CHANNELS / seconds:,.0f}"
        if not done:
            print(f"{subject.name}: {_rolled_up(series):,.0f} hours rolled up a second")
        _let_roll_up(series)
        if not done:
            before = subject.weigh()
            roll_up_a_year(series)
            beside = subject.weigh() - before  # what pages are asked about, and no readings
        done = messages
        rows.append(_row(subject, series, subject.name, size, rate, beside))
    if subject.compress is not None:
        subject.compress()
        name = f"{subject.name}, compressed"
        rows.append(_row(subject, series, name, sizes[-1], "", beside))
    series.close()
    return rows


def _let_roll_up(series: Series) -> None:
    """Strike all hours out: what is still to be rolled up is no part of the weight.

    By emptying the tables: hour by hour it would take longer than all the rest.
    """
    archive = series.archive()
    archive.replace("touched", ())


def _rolled_up(series: Series) -> float:
    """Return how many touched hours a second one watcher brings up to date, days included.

    One hour of each series, as every hour leaves behind: no two of them share a day's reading.
    """
    rhythm = Rhythm(INTERVAL_S * 1000, ZoneInfo("Asia/Ho_Chi_Minh"))
    rhythms = {SeriesId(n + 1): rhythm for n in range(DEVICES * CHANNELS)}
    _let_roll_up(series)
    newest = series.latest([SeriesId(1)], LAST_MS)[SeriesId(1)].time_ms
    for one in list(rhythms)[:_ROLLED_AT_ONCE]:
        series.touch(one, newest)
    began = time.perf_counter()
    done = roll_up(series, rhythms, _ROLLED_AT_ONCE)
    return done / (time.perf_counter() - began)


def _row(subject: Subject, series: Series, name: str, size: int, rate: str, beside: int) -> str:
    times = ask(series, FIRST_MS + size // CHANNELS // DEVICES * STEP_MS)
    asked = " | ".join(f"{ms:.1f}" for ms in times.values())
    row = f"| {name} | {size:,} | {rate} | {(subject.weigh() - beside) / size:.1f} | {asked} |"
    print(f"\r{row}", file=sys.stderr, flush=True)
    return row


def raw(count: int) -> Iterator[Rows]:
    """Yield batches of rows as the floors take them: series, time, value, quality, frame."""
    for start in range(0, count // CHANNELS, BATCH):
        yield [
            (r.series, r.time_ms, r.value, r.quality, start + i + 1)
            for i, one in enumerate(deliveries(start, BATCH))
            for r in one.frames[0].readings
        ]


def appended(url: str, count: int) -> Spent:
    """Return what appending so many readings to a new store takes."""
    series = open_series(url)
    spent = fill(series, 0, count // CHANNELS)
    series.close()
    return spent


def main() -> int:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--readings", default="1000000,10000000", help="(%(default)s)")
    parser.add_argument("--what", default="sqlite,postgres", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of the floors (%(default)s)")
    parser.add_argument("--floor", type=int, default=400_000, help="readings (%(default)s)")
    parser.add_argument("--timescale-dsn", metavar="DSN", help="for --what timescale")
    options = parser.parse_args()
    if "timescale" in options.what.split(",") and not options.timescale_dsn:
        parser.error("--what timescale needs --timescale-dsn")
    sizes = [int(text) for text in options.readings.split(",")]
    collect_rarely()  # as ingest does
    postgres, given = Postgres(durable=True).start(), Given(options.timescale_dsn or "")
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_DIR", ".")))
    try:
        ours = partial(appended, count=options.floor)
        against = floors(postgres, folder, list(raw(options.floor)), ours, options.rounds)
        file = folder / "grown.db"
        rows = []
        for what in options.what.split(","):
            if what == "timescale":
                subject = timescale(given)
            elif what == "postgres":
                grown = postgres.fresh("grown")
                subject = Subject(what, grown, lambda: postgres.weight("grown"))
            else:
                subject = Subject(what, f"sqlite:///{file}", lambda: _weight(file))
            rows += measure(subject, sizes)
    finally:
        given.close()
        postgres.close()
        shutil.rmtree(folder)
    _print(against, rows, options)
    return 0


def timescale(given: Given) -> Subject:
    """Return a new database on TimescaleDB, and how all of it is compressed at once."""
    url = given.fresh("grown")
    open_series(url).close()

    def said(statement: str) -> int:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return int(row[0]) if row is not None else 0

    # What is measured lies in the past, and would be compressed while it is still being written.
    said("SELECT (alter_job(job_id, scheduled => false)).job_id FROM timescaledb_information.jobs"
         " WHERE proc_name = 'policy_compression'")  # fmt: skip

    def compress() -> None:
        said("SELECT count(compress_chunk(c)) FROM show_chunks('series.reading') c")
        count, weight = said("SELECT count(*) FROM series.reading"), said(_COMPRESSED)
        print(f"timescale: {weight / count:.1f} bytes a reading in its compressed parts")

    return Subject("timescale", url, lambda: said(_OWN_WEIGHT), compress)


def _weight(file: Path) -> int:
    return sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))


def _print(against: list[str], rows: list[str], options: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()};"
          f" {DEVICES:,} devices of {CHANNELS} series, batches of {BATCH} messages\n")  # fmt: skip
    print(HEAD)
    print("\n".join(against))
    print(f"\n({options.floor:,} readings, {options.rounds} rounds, medians)\n")
    names = " | ".join(f"{name}, ms" for name in questions_named())
    print(f"| store | readings | appended/s | bytes a reading | {names} |")
    print("| --- " * (4 + len(questions_named())) + "|")
    print("\n".join(rows))


def questions_named() -> list[str]:
    """Return the names of the questions, in order."""
    return list(questions(None, 0))  # type: ignore[arg-type] # none is asked


if __name__ == "__main__":
    sys.exit(main())
