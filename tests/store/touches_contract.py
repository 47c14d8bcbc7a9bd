"""What appends have touched, and what of a batch is new: part of the contract suite."""

from domain.ids import SeriesId
from domain.reading import Frame
from domain.window import HOUR_MS, MINUTE_MS, Window
from store.series import Fate, Series
from tests.builders import NOON, delivery, reading, series_of

ALL = Window(0, 2 * NOON)


def test_an_hour_that_many_batches_touched_comes_up_once(series: Series) -> None:
    for seq in range(120):
        series.append([delivery(series_of({seq % 60: 1.0 + seq // 60}, seq=seq))], NOON)
    assert [(t.series, t.hour_ms) for t in series.touched(10)] == [(1, NOON)]
    assert series.tally().touched == 1


def test_the_list_can_be_asked_for_bit_by_bit_while_more_comes(series: Series) -> None:
    everything = set()
    for seq in range(80):
        frame = series_of({seq * 60: 1.0}, seq=seq, series=1 + seq % 3)
        everything.add((1 + seq % 3, NOON + seq * HOUR_MS))
        series.append([delivery(frame)], NOON)
    seen = set()
    while some := series.touched(7):
        assert len(some) <= 7
        seen |= {(t.series, t.hour_ms) for t in some}
        series.settle([], some)
        if len(seen) == 7:
            series.append([delivery(series_of({9_999: 1.0}, seq=99))], NOON)
            everything.add((1, NOON + 166 * HOUR_MS))
    assert seen == everything


def test_the_mark_of_an_hour_grows_with_every_touch(series: Series) -> None:
    marks = []
    for seq in range(3):
        series.append([delivery(series_of({seq: 1.0}, seq=seq))], NOON)
        marks += [t.mark for t in series.touched(9)]
    assert marks == sorted(set(marks))


def test_what_brings_nothing_new_touches_nothing(series: Series) -> None:
    frame = series_of({0: 1.0, 15: 2.0})
    series.append([delivery(frame)], NOON)
    series.settle([], series.touched(9))
    series.append([delivery(frame, frame)], NOON)
    assert (series.touched(9), series.tally().touched) == ([], 0)


def test_a_batch_may_bring_new_and_old_and_other_values_at_once(series: Series) -> None:
    series.append([delivery(series_of({0: 1.0, 15: 2.0}))], NOON)
    series.settle([], series.touched(9))
    rows = {0: 1.0, 15: 3.0, 30: 4.0}
    mixed = Frame(0, 1, (*series_of(rows).readings, reading(1, NOON + 30 * MINUTE_MS, 5.0)))
    late = series_of({600: 7.0}, seq=2)
    fates = series.append([delivery(mixed), delivery(mixed), delivery(late)], NOON).fates
    assert fates == (Fate(3, 1, 2, 0), Fate(0, 4, 0, 0), Fate(1, 0, 0, 0))
    found = [(r.time_ms - NOON, r.value, r.conflict) for r in series.read(SeriesId(1), ALL)]
    quarter = 15 * MINUTE_MS
    assert found == [
        (0, 1.0, False), (quarter, 2.0, True), (quarter, 3.0, True),
        (2 * quarter, 4.0, True), (2 * quarter, 5.0, True), (10 * HOUR_MS, 7.0, False),
    ]  # fmt: skip
    assert {t.hour_ms for t in series.touched(9)} == {NOON, NOON + 10 * HOUR_MS}
    assert series.tally().conflicts == 2
    # A third value beside two, then all of it again.
    third = series_of({15: 0.5}, seq=3)
    assert series.append([delivery(third)], NOON).fates == (Fate(1, 0, 1, 0),)
    again = series.append([delivery(third), delivery(mixed), delivery(late)], NOON).fates
    assert again == (Fate(0, 1, 0, 0), Fate(0, 4, 0, 0), Fate(0, 1, 0, 0))
    newest = series.latest([SeriesId(1)], NOON + 16 * MINUTE_MS)[SeriesId(1)]
    assert (newest.value, newest.conflict) == (0.5, True)
