"""What a device owed on a day: by its own numbers, over edges, against a plain count."""

from hypothesis import given
from hypothesis import strategies as st

from domain.account import account
from domain.clock import Beat, ClockVerdict
from domain.ranges import merge
from domain.window import MINUTE_MS, Window

QUARTER = 15 * MINUTE_MS


def beat(seq: int, boot: int = 0, at: int | None = None) -> Beat:
    time_ms = (seq if at is None else at) * QUARTER
    return Beat(seq, boot, seq, time_ms, time_ms + 1000, 0, ClockVerdict.UNSUSPECTED)


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 60), st.integers(0, 60))
def test_it_equals_a_plain_count(came: set[int], one: int, other: int) -> None:
    window = Window(min(one, other) * QUARTER, max(one, other) * QUARTER)
    beats = [beat(seq) for seq in came]
    found = account(beats, {0: merge((), came)}, window, QUARTER)
    due = range(min(came), max(came) + 1)
    inside = [seq for seq in due if window.holds(seq * QUARTER)]
    assert found.received == sum(seq in came for seq in inside)
    assert found.missing == sum(seq not in came for seq in inside)
    assert found.expected == len(inside)


def test_a_number_that_came_elsewhere_is_not_missing() -> None:
    """Its readings were refused, or lie on another day: the ledger knows it."""
    found = account([beat(0), beat(9)], {0: ((0, 3), (9, 9))}, Window(0, 10 * QUARTER), QUARTER)
    assert (found.expected, found.received, found.missing) == (7, 2, 5)


def test_a_device_that_counts_by_the_million_millions_costs_nothing() -> None:
    beats = [beat(0), beat(10**15, at=96)]
    found = account(beats, {0: ((0, 0), (10**15, 10**15))}, Window(0, 48 * QUARTER), QUARTER)
    assert found.received == 1
    assert found.missing == 10**15 // 2 - 1


def test_cycles_of_one_moment_and_boots_that_begin_anew() -> None:
    beats = [beat(0, at=5), beat(4, at=5), beat(0, boot=1, at=6), beat(2, boot=1, at=8)]
    kept = {0: ((0, 0), (4, 4)), 1: ((0, 0), (2, 2))}
    found = account(beats, kept, Window(0, 20 * QUARTER), QUARTER)
    assert (found.received, found.missing) == (4, 3 + 1)


def test_what_came_late_is_counted_among_what_came() -> None:
    slow = Beat(1, 0, 1, 0, 2 * QUARTER, 0, ClockVerdict.UNSUSPECTED)
    assert account([slow], {0: ((1, 1),)}, Window(0, 1), QUARTER).late == 1
