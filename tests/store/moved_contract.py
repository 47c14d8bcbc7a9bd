"""Cycles that a clock's offset has moved, where they meet everything else: part of the suite."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.clock import Offset
from domain.errors import Refused
from domain.ids import SeriesId
from domain.reading import Frame
from domain.window import HOUR_MS, LAST_MS, MINUTE_MS, Size, Window
from store.retention import whole_parts
from store.series import Series
from tests.builders import DEVICE, NOON, delivery, reading, series_of
from tests.store.series_contract import settle

ONE = SeriesId(1)
ALL = Window(0, LAST_MS + 1)
SIX = Offset(0, 6 * HOUR_MS, 12, 0)
BOUND = whole_parts(NOON)


def hours(series: Series, of: SeriesId = ONE) -> dict[int, tuple[int, int]]:
    """Return n and conflicts of each hour, by hours after noon."""
    found = series.buckets(of, ALL, Size.HOUR)
    return {(b.start_ms - NOON) // HOUR_MS: (b.n, b.conflicts) for b in found}


def late(time_ms: int, value: float, lag_ms: int, seq: int) -> Any:
    return delivery(Frame(0, seq, (reading(1, time_ms, value),)), received_ms=time_ms + lag_ms)


def test_a_conflict_touches_the_hours_of_both_however_far_each_was_moved(series: Series) -> None:
    series.move(DEVICE, SIX, [ONE], NOON)
    series.append([late(NOON, 1.0, 12 * HOUR_MS, 0)], NOON)  # too late for that clock: it stays
    settle(series)
    assert hours(series) == {0: (1, 0)}
    series.append([late(NOON, 2.0, 6 * HOUR_MS, 1)], NOON)
    settle(series)
    assert {hour: c for hour, (_, c) in hours(series).items() if c} == {0: 1, 6: 1}


def test_touching_a_series_finds_readings_where_they_lie(series: Series) -> None:
    series.append([late(NOON - 3 * HOUR_MS, 1.0, 6 * HOUR_MS, 0)], NOON)
    series.move(DEVICE, SIX, [ONE], NOON)
    settle(series)
    series.touch(ONE, NOON)
    assert [(t.hour_ms - NOON) // HOUR_MS for t in series.touched(9)] == [3]
    series.settle([], series.touched(9))
    series.touch(ONE, NOON + 4 * HOUR_MS)
    assert series.touched(9) == []


def test_what_was_moved_past_the_bound_is_not_dropped(series: Series) -> None:
    ahead = late(BOUND - HOUR_MS, 1.0, 6 * HOUR_MS, 0)
    before = late(BOUND - 9 * HOUR_MS, 2.0, 6 * HOUR_MS, 1)
    series.append([ahead, before], NOON)
    series.move(DEVICE, SIX, [ONE], NOON)
    settle(series)
    assert series.drop(BOUND, 1 << 40) == 1
    assert [(r.time_ms - BOUND, r.value) for r in series.read(ONE, ALL)] == [(5 * HOUR_MS, 1.0)]
    assert series.check() == []
    series.append([late(BOUND - HOUR_MS + MINUTE_MS, 3.0, 6 * HOUR_MS, 2)], NOON)
    settle(series)
    (hour,) = series.buckets(ONE, Window(BOUND, LAST_MS), Size.HOUR)
    assert hour.n == 2


def test_the_day_across_the_bound_is_settled_before_it_is_final(series: Series) -> None:
    first, second = reading(1, BOUND - HOUR_MS, 1.0), reading(1, BOUND + HOUR_MS, 2.0)
    series.append([delivery(Frame(0, 0, (first,)))], NOON)
    settle(series)
    series.append([delivery(Frame(0, 1, (second,)))], NOON)
    with pytest.raises(Refused, match="rolled up"):
        series.drop(BOUND, 1 << 40)
    settle(series)
    assert series.drop(BOUND, 1 << 40) == 1
    assert [b.n for b in series.buckets(ONE, ALL, Size.DAY)] == [2]


def test_a_mark_is_never_given_twice(series: Series) -> None:
    """What a slow watcher saw is not what is on the list, though it was asked for in between."""
    series.append([delivery(series_of({0: 1.0}))], NOON)
    series.settle([], series.touched(9))
    series.touch(ONE, NOON)
    slow = series.touched(9)
    series.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
    series.touched(9)
    series.touch(ONE, NOON)
    series.settle([], slow)
    assert [t.hour_ms for t in series.touched(9)] == [NOON]


def test_cycles_moved_out_of_the_calendar_are_where_their_readings_are(series: Series) -> None:
    series.append([late(LAST_MS - HOUR_MS, 1.0, 6 * HOUR_MS, 0)], LAST_MS)
    series.move(DEVICE, SIX, [ONE], NOON)
    last = Window(LAST_MS, LAST_MS + 1)
    assert len(list(series.read(ONE, last))) == 1
    assert len(series.cycles([ONE], last)) == 1


READS = {"sqlite": "store.sqlite.reads", "postgresql": "store.timescale.reads"}


def test_a_move_in_the_middle_of_a_read_is_before_or_after_it(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = READS.get(series.capabilities().backend)
    if module is None:
        pytest.skip("InfluxDB has no transactions: a read may see half of a move (its README)")
    series.append([late(NOON, 1.0, 6 * HOUR_MS, 0)], NOON)
    looked = __import__(module, fromlist=["moved"]).moved
    again: list[Callable[[], object]] = [lambda: series.move(DEVICE, SIX, [ONE], NOON)]

    def moved(*asked: Any) -> Any:
        found = looked(*asked)
        if again:
            again.pop()()
        return found

    monkeypatch.setattr(f"{module}.moved", moved)
    window = Window(NOON, NOON + HOUR_MS)
    assert all(window.holds(r.time_ms) for r in series.read(ONE, window))
    assert not again  # the move did happen meanwhile
