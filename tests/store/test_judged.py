"""Readings judged with their neighbours: every test, edges, and independence of arrival."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ids import SeriesId
from domain.limits import FlatLine, Gap, History, Limits, RateOfChange, Spike
from domain.quality import Flag, QcTest, Verdict
from domain.reading import Frame
from domain.window import DAY_MS, HOUR_MS, MINUTE_MS, Size, Window
from store.judged import judged
from store.rollups import Rhythm, roll_up
from store.sqlite import SqliteSeries
from tests.builders import NOON, ZONE, delivery, reading

ONE = SeriesId(1)
QUARTER = 15 * MINUTE_MS
LIMITS: History = (
    (0, Limits(spike=Spike(5, 12), rate_of_change=RateOfChange(40, 80),
               flat_line=FlatLine(0.01, 7200, 14400), gap=Gap(12))),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteSeries]:
    made = SqliteSeries(tmp_path / "series.db")
    yield made
    made.close()


def put(store: SqliteSeries, values: dict[int, float], quality: int | None = None) -> None:
    """Values by quarter hours after noon, each a cycle of its own."""
    packed = Verdict(Flag.GOOD).pack() if quality is None else quality
    for i, value in values.items():
        row = (reading(1, NOON + i * QUARTER, value, packed),)
        store.append([delivery(Frame(None, None, row))], NOON)


def verdicts(
    store: SqliteSeries, window: Window | None = None
) -> dict[int, tuple[int, tuple[str, ...]]]:
    found = judged(store.read, ONE, window or Window(0, NOON + 90 * DAY_MS), QUARTER, LIMITS)
    unpacked = {(r.time_ms - NOON) // QUARTER: Verdict.unpack(r.quality) for r in found}
    return {i: (int(v.flag), v.failed.names()) for i, v in unpacked.items()}


def wavy(count: int) -> dict[int, float]:
    return {i: 25.0 + (i % 4) * 0.5 for i in range(count)}


def test_a_spike_is_failed_and_its_neighbours_are_not(store: SqliteSeries) -> None:
    put(store, wavy(20) | {10: 60.0})
    found = verdicts(store)
    assert found[10] == (4, ("spike", "rate_of_change"))
    assert found[9] == (1, ())
    # The way back is as steep as the way up: that is what rate of change says.
    assert found[11] == (4, ("rate_of_change",))


def test_a_sentinel_is_nobodys_neighbour(store: SqliteSeries) -> None:
    put(store, {i: v for i, v in wavy(20).items() if i != 10})
    put(store, {10: -9999.0}, Verdict(Flag.FAIL, QcTest.SENTINEL).pack())
    found = verdicts(store)
    assert found[10] == (4, ("sentinel",))
    assert {v for i, v in found.items() if i != 10} == {(1, ())}


def test_a_stuck_probe_is_suspect_and_then_failed(store: SqliteSeries) -> None:
    put(store, wavy(8) | dict.fromkeys(range(8, 30), 26.0))
    found = verdicts(store)
    assert found[15] == (1, ())
    assert found[16] == (3, ("flat_line",))
    assert found[24] == (4, ("flat_line",))


def test_the_first_after_a_silence_is_said_and_the_first_of_all_is_not(store: SqliteSeries) -> None:
    put(store, {i: v for i, v in wavy(60).items() if not 20 <= i < 40})
    found = verdicts(store)
    assert found[0] == (1, ())
    assert found[40] == (3, ("gap",))
    assert found[41] == (1, ())
    # The same when only what came after the silence is asked for.
    late = Window(NOON + 40 * QUARTER, NOON + 50 * QUARTER)
    assert verdicts(store, late)[40] == (3, ("gap",))


def test_a_window_of_any_size_gives_the_same_verdicts(store: SqliteSeries) -> None:
    dice = random.Random(5)
    values = {i: round(25 + dice.gauss(0, 2), 1) for i in range(400) if dice.random() > 0.1}
    put(store, values | dict.fromkeys(range(100, 130), 25.0) | {200: 70.0})
    whole = verdicts(store)
    pieces: dict[int, tuple[int, tuple[str, ...]]] = {}
    start = NOON
    while start < NOON + 400 * QUARTER:
        end = start + dice.randrange(1, 40) * QUARTER
        pieces |= verdicts(store, Window(start, end))
        start = end
    assert pieces == whole
    assert {names for _, names in whole.values()} >= {("flat_line",), ("spike", "rate_of_change")}


def test_limits_change_on_their_day(store: SqliteSeries) -> None:
    history: History = (
        (0, Limits(spike=Spike(100))),
        (NOON + 10 * QUARTER, Limits(spike=Spike(3))),
    )
    put(store, wavy(20) | {5: 40.0, 15: 40.0})
    found = judged(store.read, ONE, Window(0, NOON + DAY_MS), QUARTER, history)
    flagged = [(r.time_ms - NOON) // QUARTER for r in found if r.quality & 0xF == Flag.SUSPECT]
    assert flagged == [15]


def test_shuffled_sent_thrice_and_a_week_late_the_roll_ups_are_the_same_bytes(
    tmp_path: Path,
) -> None:
    """A month with spikes, stuck stretches, gaps and sentinels; one in order, one in disorder."""
    dice = random.Random(2026)
    rows = []
    for i in range(30 * 96):
        if i % 700 < 30 or dice.random() < 0.02:
            continue
        value = 25.0 if 300 <= i % 900 < 330 else round(25 + dice.gauss(0, 3), 2)
        spoilt = dice.random() < 0.01
        quality = Verdict(Flag.FAIL, QcTest.SENTINEL) if spoilt else Verdict(Flag.GOOD)
        rows.append(reading(1, NOON + i * QUARTER, -9999.0 if spoilt else value, quality.pack()))
    rhythm = {ONE: Rhythm(QUARTER, ZONE, LIMITS)}
    tables = []
    for name in ("in-order", "shuffled", "late"):
        store = SqliteSeries(tmp_path / f"{name}.db")
        batch = list(rows) if name == "in-order" else dice.sample(rows * 3, len(rows) * 3)
        delay = 7 * DAY_MS if name == "late" else 60_000
        for start in range(0, len(batch), 50):
            store.append(
                [
                    delivery(Frame(None, None, (r,)), received_ms=r.time_ms + delay)
                    for r in batch[start : start + 50]
                ],
                NOON,
            )
            if dice.random() < 0.2:
                roll_up(store, rhythm, limit=37)
        while roll_up(store, rhythm):
            pass
        everything = Window(0, NOON + 90 * DAY_MS)
        tables.append([b for size in Size for b in store.buckets(ONE, everything, size)])
        store.close()
    in_order, shuffled, late = tables
    assert repr(shuffled) == repr(in_order)
    # A week late is late, and that is all that differs.
    assert {b.late for b in in_order} == {0}
    assert sum(b.late for b in late if b.size is Size.HOUR) == len(rows)
    forgiven = [repr(b).replace(f"late={b.late}", "late=0") for b in late]
    assert forgiven == [repr(b) for b in in_order]
    assert sum(b.flagged for b in in_order if b.size is Size.DAY) > 100


def test_a_reading_that_comes_late_changes_the_verdict_of_the_hour_after(
    store: SqliteSeries,
) -> None:
    rhythm = {ONE: Rhythm(QUARTER, ZONE, LIMITS)}
    # Seven flat readings after a hole; with the hole filled they are twelve.
    put(store, wavy(4) | dict.fromkeys(range(9, 16), 26.0))
    while roll_up(store, rhythm):
        pass
    hour = Window(NOON + 3 * HOUR_MS, NOON + 4 * HOUR_MS)
    before = store.buckets(ONE, hour, Size.HOUR)[0].flagged
    put(store, dict.fromkeys(range(4, 9), 26.0))
    while roll_up(store, rhythm):
        pass
    assert store.buckets(ONE, hour, Size.HOUR)[0].flagged > before


def test_the_first_reading_follows_a_gap_once_something_older_has_come(store: SqliteSeries) -> None:
    rhythm = {ONE: Rhythm(QUARTER, ZONE, LIMITS)}
    put(store, {0: 25.0, 1: 25.5})
    while roll_up(store, rhythm):
        pass
    put(store, {-960: 25.0})
    while roll_up(store, rhythm):
        pass
    hour = Window(NOON, NOON + HOUR_MS)
    (bucket,) = store.buckets(ONE, hour, Size.HOUR)
    assert (bucket.n, bucket.flagged) == (2, 1)
    assert verdicts(store)[0] == (3, ("gap",))
