"""What is believed of a clock: the constant offset, the backward step, and what is not moved."""

import random
from dataclasses import replace

from domain.clock import (
    Beat,
    ClockVerdict,
    Offset,
    constant_offset,
    has_ended,
    lacks_neighbours,
    moved_by,
    ran_backwards,
)
from domain.receipt import NOTHING, Receipt, Resend, decode_down
from domain.window import HOUR_MS, MINUTE_MS

QUARTER = 15 * MINUTE_MS
NOW = 1_795_233_600_000


def beats(lags_ms: list[int], boot: int | None = 0, step_ms: int = QUARTER) -> list[Beat]:
    """Cycles received every ``step_ms``, each claiming to be so much older than its arrival."""
    received = [NOW + i * step_ms for i in range(len(lags_ms))]
    return [
        Beat(i, boot, i, moment - lag, moment, 0, ClockVerdict.UNSUSPECTED)
        for i, (moment, lag) in enumerate(zip(received, lags_ms, strict=True))
    ]


def test_the_offset_of_a_real_log_is_found_and_evidenced() -> None:
    """21,597 s, as the gateway log of a real station shows."""
    dice = random.Random(3)
    lags = [21_597_000 + dice.randrange(0, 4000) for _ in range(40)]
    found = constant_offset(beats(lags), QUARTER)
    assert found is not None
    assert abs(found.skew_ms - 21_597_000) < 4000
    assert (found.boot, found.messages) == (0, 12)
    assert found.spread_ms < 4000


def test_a_clock_ahead_is_found_too() -> None:
    found = constant_offset(beats([-7 * HOUR_MS] * 12), QUARTER)
    assert found == Offset(0, -7 * HOUR_MS, 12, 0)


def test_nothing_is_moved_on_a_guess() -> None:
    assert constant_offset([], QUARTER) is None
    assert constant_offset(beats([0] * 40), QUARTER) is None
    assert constant_offset(beats([HOUR_MS] * 11), QUARTER) is None, "too little evidence"
    assert constant_offset(beats([QUARTER] * 40), QUARTER) is None, "stamps the interval's start"
    drifting = [HOUR_MS + i * 30_000 for i in range(40)]
    assert constant_offset(beats(drifting), QUARTER) is None, "not steady"
    backlog = [
        Beat(i, 0, i, NOW - i * QUARTER, NOW, 0, ClockVerdict.UNSUSPECTED) for i in range(50)
    ]
    assert constant_offset(backlog, QUARTER) is None, "one message, however long"


def test_a_courier_who_is_always_a_week_late_is_no_clock() -> None:
    week = beats([7 * 24 * HOUR_MS] * 20)
    assert constant_offset(week, QUARTER) is None
    never_set = [replace(b, clock=ClockVerdict.BEFORE_INSTALLATION) for b in week]
    assert constant_offset(never_set, QUARTER) == Offset(0, 7 * 24 * HOUR_MS, 12, 0)


def test_a_file_imported_every_morning_at_six_is_no_clock() -> None:
    day = 24 * HOUR_MS
    mornings = beats([6 * HOUR_MS] * 20, boot=None, step_ms=day)
    assert constant_offset(mornings, QUARTER) == Offset(None, 6 * HOUR_MS, 12, 0)
    brought = [replace(b, clock=ClockVerdict.CARRIED) for b in mornings]
    assert constant_offset(brought, QUARTER) is None
    live = [replace(b, frame=100 + b.frame) for b in mornings[:12]]
    assert constant_offset([*brought, *live], QUARTER) == Offset(None, 6 * HOUR_MS, 12, 0)


def test_what_shows_that_an_offset_has_ended() -> None:
    assert not has_ended(6 * HOUR_MS, NOW - 6 * HOUR_MS, NOW)
    assert not has_ended(6 * HOUR_MS, NOW - 20 * HOUR_MS, NOW), "sent late"
    assert has_ended(6 * HOUR_MS, NOW, NOW)
    assert not has_ended(-6 * HOUR_MS, NOW, NOW), "its backlog is never taken for one"


def test_a_step_back_is_seen_between_neighbours_whatever_came_first() -> None:
    """Set back by two hours at cycle 50: one cycle is flagged, in any order of arrival."""
    whole = [
        replace(b, time_ms=b.time_ms - (2 * HOUR_MS if b.seq and b.seq >= 50 else 0))
        for b in beats([0] * 100)
    ]
    dice = random.Random(5)
    for _ in range(20):
        found: set[int] = set()
        arrived = dice.sample(whole, 100)
        for end in range(10, 101, 10):
            so_far = [
                replace(b, clock=ClockVerdict.BACKWARDS) if b.frame in found else b
                for b in arrived[:end]
            ]
            found |= set(ran_backwards(so_far))
        assert found == {50}


def test_a_cycle_without_its_neighbour_says_that_more_must_be_read() -> None:
    some = beats([0] * 10)
    assert not lacks_neighbours(some, {0: ((0, 20),)}), "what comes next may be newer"
    assert not lacks_neighbours(some[5:], {0: ((0, 9),)}), "what came before may be older"
    assert lacks_neighbours([*some[:3], *some[5:]], {0: ((0, 9),)})
    assert not lacks_neighbours([*some[:3], *some[5:]], {0: ((0, 2), (5, 9))}), "it never came"


def test_only_the_newest_boot_counts() -> None:
    old = beats([6 * HOUR_MS] * 20)
    fresh = [
        Beat(100 + b.frame, 1, b.seq, b.time_ms + HOUR_MS, b.received_ms + HOUR_MS, 0, b.clock)
        for b in beats([0] * 5)
    ]
    assert constant_offset(old + fresh, QUARTER) is None


def test_what_a_known_offset_may_move() -> None:
    behind = 6 * HOUR_MS
    assert moved_by(behind, NOW - behind, NOW) == behind
    assert moved_by(behind, NOW - behind - 5 * MINUTE_MS, NOW) == behind
    assert moved_by(behind, NOW - 3 * behind, NOW) == 0, "a backlog: who knows by how much"
    assert moved_by(behind, NOW, NOW) == 0, "the clock has been set since"
    assert moved_by(-behind, NOW + behind, NOW) == -behind
    assert moved_by(-behind, NOW, NOW) == 0


def test_a_clock_that_runs_backwards_is_seen_where_it_does() -> None:
    row = beats([0] * 6)
    back = [
        b if b.frame < 3 else Beat(b.frame, 0, b.seq, b.time_ms - 2 * HOUR_MS, b.received_ms, 0, b.clock)
        for b in row
    ]  # fmt: skip
    assert ran_backwards(back) == (3,)
    assert ran_backwards(random.Random(1).sample(back, 6)) == (3,)
    assert ran_backwards(row) == ()
    unnumbered = [Beat(b.frame, None, None, b.time_ms, b.received_ms, 0, b.clock) for b in back]
    assert ran_backwards(unnumbered) == ()


def test_receipts_tell_what_is_kept_above_a_hole() -> None:
    receipt = Receipt.of(3, ((5, 9), (12, 12)))
    assert (receipt.seq, receipt.also) == (NOTHING, ((5, 9), (12, 12)))
    covered = [seq for seq in range(14) if receipt.covers(3, seq)]
    assert covered == [5, 6, 7, 8, 9, 12]
    assert not receipt.covers(4, 5)
    assert not receipt.covers(3, None)
    assert Receipt.decode(receipt.encode()) == receipt
    assert Receipt.of(0, ((0, 4), (6, 7))) == Receipt(0, 4, ((6, 7),))


def test_a_request_names_what_is_missing() -> None:
    request = Resend(2, ((4, 7), (9, 9)))
    assert decode_down(request.encode()) == request
    assert [seq for seq in range(12) if request.asks_for(2, seq)] == [4, 5, 6, 7, 9]
