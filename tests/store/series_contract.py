"""The contract of the `Series` port, as one suite; a backend is done when it passes.

Imported by ``test_series.py``, which runs it over every backend.
"""

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.bucket import Bucket, fold
from domain.clock import ClockVerdict, Offset, constant_offset
from domain.errors import StoreRefused
from domain.ids import DeviceId, SeriesId
from domain.quality import Flag, Verdict
from domain.ranges import Runs
from domain.reading import Frame, Refusal, StoredReading
from domain.window import DAY_MS, HOUR_MS, LAST_MS, MINUTE_MS, Size, Window, day_window, local_day
from store.judged import Read, as_known
from store.judged import judged as judged_truly
from store.rollups import Rhythm, roll_up
from store.series import Fate, Series
from tests.builders import NOON, ZONE, delivery, reading, series_of
from tests.store.operations import Operations

ONE = SeriesId(1)
# The same on every backend; change it only together with what it covers.
FOLDED = {
    2_000: "a7af99f3550bad75512ae28e1e0bd8604cc4f864677b11a6091e8253f80ec864",
    100_000: "3c073d4dbd555c6d190f7350c13a74d423e81fdbe827740a6a2326fca180e248",
}
DEVICE_ID = DeviceId("dat-01")
LAG = 6 * HOUR_MS
ALL = Window(0, 2 * NOON)
RHYTHMS = {SeriesId(n): Rhythm(900_000, ZONE) for n in range(1, 6)}


def values(series: Series, of: SeriesId = ONE, window: Window = ALL) -> list[tuple[int, float]]:
    return [((r.time_ms - NOON) // MINUTE_MS, r.value) for r in series.read(of, window)]


def test_a_reading_comes_back_with_all_three_times(series: Series) -> None:
    series.append([delivery(series_of({0: 21.5}), received_ms=NOON + 5)], NOON + 9)
    (stored,) = series.read(ONE, ALL)
    assert (stored.time_ms, stored.received_ms, stored.committed_ms) == (NOON, NOON + 5, NOON + 9)
    assert (stored.value, stored.conflict) == (21.5, False)


def test_what_is_known_at_a_moment_does_not_grow_once_it_is_fenced(series: Series) -> None:
    """A batch that was given its time before, or by a clock that is behind, comes after it."""
    series.append([delivery(series_of({0: 1.0}))], NOON)
    series.fence(NOON + 5)
    series.fence(NOON + 3)  # closed already; it is not lifted
    late = delivery(series_of({15: 2.0}, seq=1))
    series.append([late], NOON + 4)
    known = list(as_known(series.read, NOON + 5)(ONE, ALL))
    assert [r.value for r in known] == [1.0]
    assert [r.committed_ms for r in series.read(ONE, ALL)] == [NOON, NOON + 6]
    series.append([late, delivery(series_of({30: 3.0}, seq=2))], NOON + 9)
    assert [r.committed_ms for r in series.read(ONE, ALL)] == [NOON, NOON + 6, NOON + 9]


def test_the_same_again_changes_nothing(series: Series) -> None:
    first = series.append([delivery(series_of({0: 1.0, 15: 2.0}))], NOON)
    again = series.append([delivery(series_of({0: 1.0, 15: 2.0}))], NOON + 1)
    assert first.fates == (Fate(2, 0, 0, 0),)
    assert again.fates == (Fate(0, 2, 0, 0),)
    assert values(series) == [(0, 1.0), (15, 2.0)]
    assert series.tally().frames == 1


def test_the_same_twice_in_one_batch_is_kept_once(series: Series) -> None:
    twice = delivery(series_of({0: 1.0}))
    assert series.append([twice, twice], NOON).fates == (Fate(1, 0, 0, 0), Fate(0, 1, 0, 0))
    assert values(series) == [(0, 1.0)]


def test_another_value_is_kept_beside_the_first_and_recorded(series: Series) -> None:
    series.append([delivery(series_of({0: 1.0}))], NOON)
    assert series.append([delivery(series_of({0: 2.0}, seq=1))], NOON).fates == (Fate(1, 0, 1, 0),)
    assert values(series) == [(0, 1.0), (0, 2.0)]
    assert [r.conflict for r in series.read(ONE, ALL)] == [True, True]
    assert series.tally().conflicts == 1


def test_a_conflict_within_one_batch_is_seen_too(series: Series) -> None:
    batch = [delivery(series_of({0: 2.0})), delivery(series_of({0: 1.0}, seq=1))]
    assert series.append(batch, NOON).fates == (Fate(1, 0, 0, 0), Fate(1, 0, 1, 0))
    assert series.tally().conflicts == 1


def test_readings_come_in_order_whatever_order_they_came_in(series: Series) -> None:
    minutes = list(range(0, 600, 15))
    shuffled = random.Random(1).sample(minutes, len(minutes))
    for seq, minute in enumerate(shuffled):
        series.append([delivery(series_of({minute: float(minute)}, seq=seq))], NOON)
    assert values(series) == [(m, float(m)) for m in minutes]


def test_windows_are_closed_at_the_start_and_open_at_the_end(series: Series) -> None:
    series.append([delivery(series_of({0: 0.0, 15: 1.0, 30: 2.0}))], NOON)
    window = Window(NOON, NOON + 30 * MINUTE_MS)
    assert values(series, window=window) == [(0, 0.0), (15, 1.0)]
    assert values(series, window=Window(NOON, NOON)) == []


def test_a_long_window_is_read_whole(series: Series) -> None:
    """Longer than any page, and with two values at an instant where a page would end."""
    rows = tuple(reading(1, NOON + i * 1000, float(i % 50)) for i in range(12_000))
    double = tuple(reading(1, NOON + i * 1000, 99.0) for i in (4_999, 5_000, 9_999))
    series.append([delivery(Frame(0, 0, rows), Frame(0, 1, double))], NOON)
    found = [(r.time_ms, r.value) for r in series.read(ONE, ALL)]
    assert len(found) == len(set(found)) == 12_003
    assert found == sorted(found)


def test_latest_is_the_newest_by_device_time_and_not_by_arrival(series: Series) -> None:
    series.append([delivery(series_of({30: 3.0}))], NOON)
    series.append([delivery(series_of({0: 1.0}, seq=1))], NOON + HOUR_MS)
    later = NOON + DAY_MS
    found = series.latest([ONE, SeriesId(99)], later)
    assert {k: v.value for k, v in found.items()} == {ONE: 3.0}
    assert series.latest([ONE], NOON + 30 * MINUTE_MS)[ONE].value == 1.0
    assert series.latest([], later) == {}


def test_a_batch_is_kept_whole_or_not_at_all(series: Series) -> None:
    good = delivery(series_of({0: 1.0}))
    bad = delivery(Frame(0, 1, (reading("x", NOON, 1.0),)))  # type: ignore[arg-type]
    refusal = delivery(refusals=(Refusal("undecodable", "because"),))
    try:
        series.append([good, refusal, bad], NOON)
    except Exception:
        pass
    else:
        raise AssertionError("a series id that is no number was accepted")
    assert values(series) == []
    assert series.tally().quarantined == 0
    assert series.ledger(DeviceId("dat-01")) == {}
    assert series.append([good], NOON).fates == (Fate(1, 0, 0, 0),)


def test_the_ledger_knows_what_is_missing_and_what_a_receipt_may_promise(series: Series) -> None:
    device = DeviceId("dat-01")

    def send(*numbers: int) -> dict[tuple[DeviceId, int], Runs]:
        frames = [Frame(3, n, (reading(1, NOON + n * 1000, 1.0),)) for n in numbers]
        return dict(series.append([delivery(*frames)], NOON).kept)

    assert send(4, 5) == {(device, 3): ((4, 5),)}
    assert series.gaps(10) == {(device, 3): ((4, 5),)}
    assert send(0, 1) == {(device, 3): ((0, 1), (4, 5))}
    assert send(2) == {(device, 3): ((0, 2), (4, 5))}
    assert series.ledger(device) == {3: ((0, 2), (4, 5))}
    assert series.gaps(10) == {(device, 3): ((0, 2), (4, 5))}
    assert send(3) == {(device, 3): ((0, 5),)}
    assert series.ledger(device) == {3: ((0, 5),)}
    assert series.gaps(10) == {}
    assert series.ledger(DeviceId("other")) == {}


def test_a_cycle_whose_readings_were_all_refused_still_counts_as_received(series: Series) -> None:
    appended = series.append([delivery(Frame(0, 0, ()))], NOON)
    assert dict(appended.kept) == {(DeviceId("dat-01"), 0): ((0, 0),)}


def test_frames_without_a_number_leave_no_trace_in_the_ledger(series: Series) -> None:
    series.append([delivery(Frame(None, None, (reading(1, NOON, 1.0),)))], NOON)
    assert series.ledger(DeviceId("dat-01")) == {}
    assert values(series) == [(0, 1.0)]


def test_roll_ups_follow_the_readings(series: Series) -> None:
    bad = Frame(0, 1, (reading(1, NOON + 45 * MINUTE_MS, 999.0, Verdict(Flag.FAIL).pack()),))
    series.append([delivery(series_of({0: 10.0, 15: 20.0}), bad)], NOON)
    settle(series)
    (hour,) = series.buckets(ONE, ALL, Size.HOUR)
    assert (hour.n, hour.expected, hour.mean, hour.minimum, hour.maximum) == (
        2,
        4,
        15.0,
        10.0,
        20.0,
    )
    assert hour.flagged == 1
    (day,) = series.buckets(ONE, ALL, Size.DAY)
    assert day.start_ms == day_window(local_day(NOON, ZONE), ZONE).start_ms
    assert (day.n, day.expected) == (2, 96)


def test_an_hour_touched_while_it_is_rolled_up_stays_on_the_list(series: Series) -> None:
    series.append([delivery(series_of({0: 1.0}))], NOON)
    seen = series.touched(10)
    series.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
    series.settle([], seen)
    assert [t.hour_ms for t in series.touched(10)] == [NOON]


def test_what_another_watcher_has_settled_is_not_settled_from_less(series: Series) -> None:
    series.append([delivery(series_of({0: 1.0}))], NOON)
    slow = series.touched(10)
    stale = fold(ONE, Size.HOUR, Window(NOON, NOON + HOUR_MS), series.read(ONE, ALL), 900_000)
    series.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
    settle(series)
    series.settle([stale], slow)
    assert [b.n for b in series.buckets(ONE, ALL, Size.HOUR)] == [2]
    assert series.touched(10) == []


@pytest.mark.parametrize("time_ms", [0, 1, NOON + 1, LAST_MS - 1, LAST_MS])
@pytest.mark.parametrize("skew_ms", [0, LAG, -10 * 365 * DAY_MS])
def test_no_time_that_is_taken_in_stops_the_roll_ups(
    series: Series, time_ms: int, skew_ms: int
) -> None:
    """One device's wild clock, and the clock known to be wrong of one, hold up nobody."""
    if skew_ms:
        series.move(DEVICE_ID, Offset(0, skew_ms, 12, 0), [ONE], NOON)
    wild = Frame(0, 0, (reading(1, time_ms, 1.0), reading(1, NOON - skew_ms, 2.0)))
    series.append([delivery(wild), delivery(series_of({0: 3.0}, seq=1, series=2))], NOON)
    settle(series)
    assert series.touched(10) == []
    whole = Window(0, LAST_MS + 1)
    assert sum(b.n for b in series.buckets(ONE, whole, Size.HOUR)) == 2
    assert sum(b.n for b in series.buckets(SeriesId(2), whole, Size.HOUR)) == 1
    assert len(list(series.read(ONE, whole))) == 2


def test_a_series_that_cannot_be_rolled_up_holds_up_no_other(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {hour * 60: 1.0 for hour in range(6)}
    series.append([delivery(series_of(rows), series_of({0: 1.0}, seq=1, series=2))], NOON)
    sound = judged_truly

    def judged(read: Read, of: SeriesId, *rest: Any) -> Iterator[StoredReading]:
        if of == ONE:
            raise ValueError("as a fault of ours would")
        return sound(read, of, *rest)

    monkeypatch.setattr("store.rollups.judged", judged)
    while roll_up(series, RHYTHMS, limit=3):
        pass
    assert {t.series for t in series.touched(10)} == {ONE}
    assert [b.n for b in series.buckets(SeriesId(2), ALL, Size.HOUR)] == [1]


def test_late_shuffled_and_repeated_gives_the_same_roll_ups(series: Series) -> None:
    in_order = [series_of({m: float(m % 97) / 7}, seq=s) for s, m in enumerate(range(0, 4000, 15))]
    series.append([delivery(*in_order)], NOON)
    settle(series)
    wanted = roll_ups(series)
    other = [
        Frame(f.boot, f.seq, tuple(reading(2, r.time_ms, r.value) for r in f.readings))
        for f in in_order
    ]
    dice = random.Random(7)
    for frame in dice.sample(other * 3, len(other) * 3):
        series.append([delivery(frame, received_ms=NOON + 7 * DAY_MS)], NOON + 7 * DAY_MS)
        if dice.random() < 0.05:
            settle(series)
    settle(series)
    assert roll_ups(series, SeriesId(2)) == wanted


def test_two_writers_at_once_lose_nothing_and_double_nothing(series: Series) -> None:
    def write(offset: int) -> None:
        for i in range(60):
            seq = (i * 7 + offset) % 60
            series.append([delivery(series_of({seq: float(seq)}, seq=seq))], NOON)

    threads = [threading.Thread(target=write, args=(offset,)) for offset in (0, 30, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(series) == [(m, float(m)) for m in range(60)]
    assert series.ledger(DeviceId("dat-01")) == {0: ((0, 59),)}
    assert series.tally().conflicts == 0


def test_two_writers_without_numbers_record_their_conflicts_and_roll_up_whole(
    series: Series,
) -> None:
    """A logger without boot and seq, heard by two workers at once."""

    def write(value: float) -> None:
        for minute in range(40):
            row = (reading(1, NOON + minute * MINUTE_MS, value),)
            series.append([delivery(Frame(None, None, row))], NOON)
            if minute % 7 == 0:
                settle(series)

    threads = [threading.Thread(target=write, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(series)
    assert series.tally().conflicts == 40
    assert sum(b.conflicts for b in series.buckets(ONE, ALL, Size.HOUR)) == 40


def test_a_sound_store_has_nothing_to_report(series: Series) -> None:
    series.append([delivery(series_of({0: 1.0}))], NOON)
    assert series.check() == []
    assert series.series_ids() == [ONE]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda v: v + 0.0), st.integers(0, 10**9)
)
def test_any_finite_value_survives_bit_for_bit(series: Series, value: float, offset: int) -> None:
    series.append([delivery(Frame(None, None, (reading(5, NOON + offset, value),)))], NOON)
    found = series.read(SeriesId(5), Window(NOON + offset, NOON + offset + 1))
    assert value.hex() in {r.value.hex() for r in found}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_refused_and_nothing_is_kept(
    series: Series, value: float
) -> None:
    batch = [delivery(series_of({0: 1.0})), delivery(series_of({15: value}, seq=1))]
    with pytest.raises(StoreRefused):
        series.append(batch, NOON)
    assert series.tally().readings == 0


@pytest.mark.parametrize("count", sorted(FOLDED))
def test_random_operations_fold_to_one_hash_on_every_backend(series: Series, count: int) -> None:
    """Appends of all kinds, questions, moves, roll-ups and drops; see ``operations.py``."""
    if count > 10_000 and (hasattr(series, "slow") or series.capabilities().backend == "influxdb"):
        pytest.skip("a hundred thousand operations would take many minutes here")
    found = Operations(series).run(count)
    assert found == FOLDED[count], found


def settle(series: Series) -> None:
    while roll_up(series, RHYTHMS, limit=300):
        pass


def roll_ups(series: Series, of: SeriesId = ONE) -> list[tuple[object, ...]]:
    found: list[Bucket] = [b for size in Size for b in series.buckets(of, ALL, size)]
    return [
        (b.size, b.start_ms, b.n, b.expected, b.minimum, b.maximum, b.total, b.last) for b in found
    ]


def live(series: Series, first: int, count: int, lag_ms: int, boot: int = 0) -> None:
    """Cycles every 15 minutes from noon on, received at once by a clock ``lag_ms`` behind."""
    for n in range(first, first + count):
        moment = NOON + n * 15 * MINUTE_MS
        row = (reading(1, moment - lag_ms, float(n)),)
        series.append([delivery(Frame(boot, n, row), received_ms=moment)], moment)


def test_beats_are_the_newest_cycles_and_cycles_those_of_a_window(series: Series) -> None:
    live(series, 0, 10, 0)
    newest = series.beats(DEVICE_ID, 3)
    assert [b.seq for b in newest] == [9, 8, 7]
    assert newest[0].time_ms == newest[0].received_ms == NOON + 9 * 15 * MINUTE_MS
    within = series.cycles([ONE, SeriesId(2)], Window(NOON + HOUR_MS, NOON + 2 * HOUR_MS))
    assert [b.seq for b in within] == [4, 5, 6, 7]
    assert series.beats(DeviceId("other"), 3) == []


def test_a_cycle_that_brings_nothing_new_is_still_a_cycle(series: Series) -> None:
    refused = Refusal("unknown-channel", "x")
    series.append([delivery(Frame(0, 5, ()), refusals=(refused,))], NOON)
    series.append([delivery(Frame(0, 5, ()), refusals=(refused,))], NOON)
    assert [b.seq for b in series.beats(DEVICE_ID, 9)] == [5]


def test_a_constant_offset_moves_what_is_there_and_what_comes(series: Series) -> None:
    live(series, 0, 12, LAG)
    settle(series)
    found = constant_offset(series.beats(DEVICE_ID, 48), 15 * MINUTE_MS)
    assert found == Offset(0, LAG, 12, 0)
    assert series.move(DEVICE_ID, found, [ONE, SeriesId(2)], NOON) == 12
    assert series.move(DEVICE_ID, found, [ONE, SeriesId(2)], NOON) == 0, "decided once"
    live(series, 12, 4, LAG)
    stored = list(series.read(ONE, Window(NOON, NOON + DAY_MS)))
    assert [r.value for r in stored] == [float(n) for n in range(16)]
    assert [r.claimed_ms for r in stored] == [NOON - LAG + n * 15 * MINUTE_MS for n in range(16)]
    assert {r.skew_ms for r in stored} == {LAG}
    assert all("clock" in Verdict.unpack(r.quality).failed.names() for r in stored)
    assert list(series.read(ONE, Window(NOON - LAG, NOON))) == []
    assert series.latest([ONE], NOON + DAY_MS)[ONE].value == 15.0
    assert series.latest([ONE], NOON + 1)[ONE].value == 0.0
    assert series.latest([ONE], NOON) == {}
    assert len(series.cycles([ONE], Window(NOON, NOON + HOUR_MS))) == 4
    settle(series)
    assert [b.n for b in series.buckets(ONE, Window(NOON - LAG, NOON), Size.HOUR)] == [0, 0, 0]
    assert [b.n for b in series.buckets(ONE, Window(NOON, NOON + LAG), Size.HOUR)] == [4, 4, 4, 4]


def test_what_an_offset_moved_is_still_the_same_reading_when_it_comes_again(series: Series) -> None:
    live(series, 0, 12, LAG)
    series.move(DEVICE_ID, Offset(0, LAG, 12, 0), [ONE], NOON)
    live(series, 0, 12, LAG)
    assert series.tally().readings == 12
    # Set right within the boot: what is claimed now is believed.
    live(series, 40, 2, 0)
    assert [r.skew_ms for r in series.read(ONE, ALL)][-2:] == [0, 0]
    live(series, 0, 3, 0, boot=1)
    assert [r.claimed_ms for r in series.read(ONE, Window(NOON, NOON + 1))] == [NOON - LAG, NOON]


def test_what_a_file_brought_is_moved_by_no_offset_and_ends_none(series: Series) -> None:
    def carried(time_ms: int, moment: int) -> None:
        frame = Frame(None, None, (reading(1, time_ms, 7.0),), ClockVerdict.CARRIED)
        series.append([delivery(frame, received_ms=moment)], moment)

    def unnumbered(n: int) -> None:
        moment = NOON + n * 15 * MINUTE_MS
        frame = Frame(None, None, (reading(1, moment - LAG, float(n)),))
        series.append([delivery(frame, received_ms=moment)], moment)

    carried(NOON - 1, NOON - 1 + LAG)  # lags as much, before the offset is known
    for n in range(12):
        unnumbered(n)
    assert series.move(DEVICE_ID, Offset(None, LAG, 12, 0), [ONE], NOON) == 12
    carried(NOON - 2, NOON - 2 + LAG)  # and after
    carried(NOON + DAY_MS, NOON + DAY_MS)  # younger than a clock so far behind could claim
    unnumbered(12)
    stored = [(r.claimed_ms, r.skew_ms) for r in series.read(ONE, ALL)]
    assert [skew for time_ms, skew in stored if time_ms in (NOON - 2, NOON - 1)] == [0, 0]
    assert dict(stored)[NOON + 12 * 15 * MINUTE_MS - LAG] == LAG


def test_an_offset_ends_where_a_message_shows_that_the_clock_was_set(series: Series) -> None:
    """Or a backlog that happens to lag as much would be ordered as if it were now."""
    live(series, 0, 12, LAG)
    assert series.move(DEVICE_ID, Offset(0, LAG, 12, 0), [ONE], NOON) == 12
    live(series, 12, 1, 2 * LAG)  # sent late by the same clock: it may still be behind
    live(series, 13, 1, LAG)
    assert series.latest([ONE], 2 * NOON)[ONE].skew_ms == LAG
    live(series, 14, 1, 0)
    live(series, 15, 1, LAG)
    stored = {r.value: r.skew_ms for r in series.read(ONE, ALL)}
    assert (stored[12.0], stored[13.0], stored[14.0], stored[15.0]) == (0, LAG, 0, 0)
    both = [Frame(0, n, (reading(1, NOON + n, float(n)),)) for n in (20, 21)]
    moment = NOON + 20 + LAG
    series.append([delivery(f, received_ms=moment) for f in both], moment)
    assert [r.skew_ms for r in series.read(ONE, Window(NOON + 20, NOON + 22))] == [0, 0]


def test_a_clock_that_ran_backwards_is_flagged_at_that_cycle(series: Series) -> None:
    live(series, 0, 4, 0)
    settle(series)
    frames = [b.frame for b in series.beats(DEVICE_ID, 1)]
    series.suspect(DEVICE_ID, frames, [ONE])
    flags = [Verdict.unpack(r.quality).failed.names() for r in series.read(ONE, ALL)]
    assert flags == [(), (), (), ("clock",)]
    settle(series)
    assert [b.flagged for b in series.buckets(ONE, ALL, Size.HOUR)] == [1]


@pytest.mark.parametrize("seq", [2**63, 2**80])
def test_what_can_never_be_kept_is_refused_and_not_called_absence(series: Series, seq: int) -> None:
    """The pipeline lets no such number through; a store must still not be waited for."""
    good = delivery(series_of({0: 1.0}))
    with pytest.raises((StoreRefused, OverflowError)):
        series.append([good, delivery(Frame(0, seq, (reading(1, NOON + 1, 1.0),)))], NOON)
    assert values(series) == []
    series.append([good], NOON)
    assert values(series) == [(0, 1.0)]
