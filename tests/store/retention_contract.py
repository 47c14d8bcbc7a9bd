"""Old readings go in whole parts, and only what is held elsewhere: part of the contract suite."""

import pytest

from domain.errors import Refused
from domain.ids import SeriesId
from domain.reading import Frame
from domain.window import DAY_MS, LAST_MS, Size, Window
from store.retention import PART_MS
from store.series import Series
from tests.builders import DEVICE, delivery, reading
from tests.store.series_contract import settle

ONE = SeriesId(1)
BOUND = 700 * PART_MS
ALL = Window(0, LAST_MS + 1)


def fill(series: Series) -> None:
    """Three readings before a part's end, one of them in 1970; one in conflict; two after."""
    old = (
        reading(1, BOUND - 1, 1.0),
        reading(1, BOUND - 40 * DAY_MS, 2.0),
        reading(1, 60_000, 3.0),
    )
    new = (reading(1, BOUND, 4.0), reading(2, BOUND + DAY_MS, 5.0))
    other = (reading(1, BOUND - 1, 6.0),)
    series.append([delivery(Frame(0, n, rows)) for n, rows in enumerate((old, new, other))], BOUND)


def newest(series: Series) -> int:
    return series.beats(DEVICE, 1)[0].frame


def test_what_the_log_does_not_hold_is_not_dropped(series: Series) -> None:
    fill(series)
    settle(series)
    with pytest.raises(Refused, match="log"):
        series.drop(BOUND, newest(series) - 1)
    assert (series.tally().readings, series.kept_since()) == (6, 0)
    assert series.drop(BOUND, newest(series)) == 4


def test_what_is_not_rolled_up_is_not_dropped(series: Series) -> None:
    fill(series)
    with pytest.raises(Refused, match="rolled up"):
        series.drop(BOUND, newest(series))
    assert series.tally().readings == 6


def test_only_whole_parts_go_and_the_rest_stays_as_it_was(series: Series) -> None:
    fill(series)
    settle(series)
    rolled = series.buckets(ONE, ALL, Size.HOUR), series.buckets(ONE, ALL, Size.DAY)
    assert series.drop(BOUND + PART_MS - 1, newest(series)) == 4
    assert series.kept_since() == BOUND
    assert [(r.time_ms, r.value) for r in series.read(ONE, ALL)] == [(BOUND, 4.0)]
    assert series.latest([ONE], LAST_MS)[ONE].value == 4.0
    assert (series.buckets(ONE, ALL, Size.HOUR), series.buckets(ONE, ALL, Size.DAY)) == rolled
    tally = series.tally()
    assert (tally.readings, tally.frames, tally.conflicts) == (2, 3, 1)
    assert series.ledger(DEVICE) == {0: ((0, 2),)}
    assert series.check() == []
    assert series.drop(BOUND, newest(series)) == 0


def test_roll_ups_of_what_has_gone_are_final(series: Series) -> None:
    """What comes late for a day that has lost its readings must not make it poorer."""
    fill(series)
    settle(series)
    days = series.buckets(ONE, Window(0, BOUND), Size.DAY)
    series.drop(BOUND, newest(series))
    late = Frame(0, 9, (reading(1, BOUND - 2, 7.0), reading(1, BOUND + 1, 8.0)))
    series.append([delivery(late)], BOUND + DAY_MS)
    series.touch(ONE, 0)
    settle(series)
    assert series.buckets(ONE, Window(0, BOUND), Size.DAY) == days
    assert series.touched(9) == []
    (hour,) = series.buckets(ONE, Window(BOUND, LAST_MS), Size.HOUR)
    assert hour.n == 2
    with pytest.raises(Refused, match="log"):
        series.drop(BOUND, newest(series) - 1)


def test_a_part_that_went_may_be_filled_again(series: Series) -> None:
    """A device that never heard its receipts sends all again: kept, and dropped next time."""
    fill(series)
    settle(series)
    series.drop(BOUND, newest(series))
    fill(series)
    settle(series)
    assert series.tally().readings == 6
    assert series.drop(BOUND, newest(series)) == 4
