"""Holes in the ledger: given a moment, asked for, asked for ever more rarely, forgotten."""

from domain.ids import DeviceId
from domain.receipt import Resend
from ingest.gaps import Gaps, Patience

KEY = (DeviceId("dat-01"), 0)
CALM = Patience(first_s=5, again_s=30, longest_s=100)


def test_a_hole_is_asked_for_after_a_moment_and_then_ever_more_rarely() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((0, 4), (7, 9))}, 0.0)
    assert gaps.missing() == 2
    assert gaps.due(4.9) == []
    assert gaps.due(5.0) == [(KEY[0], Resend(0, ((5, 6),)))]
    asked = [second for second in range(6, 400) if gaps.due(float(second))]
    assert asked == [35, 95, 195, 295, 395]


def test_what_comes_is_no_longer_asked_for() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((0, 4), (7, 9))}, 0.0)
    gaps.note({KEY: ((0, 5), (7, 9))}, 1.0)
    assert gaps.due(5.0) == [(KEY[0], Resend(0, ((6, 6),)))]
    gaps.note({KEY: ((0, 9),)}, 6.0)
    assert gaps.missing() == 0
    assert gaps.due(1000.0) == []


def test_a_new_hole_does_not_wait_for_the_patience_of_an_old_one() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((3, 9),)}, 0.0)
    for second in (5.0, 35.0, 95.0):
        assert gaps.due(second)
    gaps.note({KEY: ((3, 9), (12, 12))}, 100.0)
    assert gaps.due(105.0) == [(KEY[0], Resend(0, ((0, 2), (10, 11))))]


def test_steady_loss_does_not_put_requests_off_for_ever() -> None:
    gaps = Gaps(CALM)
    kept = [(0, 0)]
    asked = 0
    for second in range(0, 200, 2):
        kept.append((second + 2, second + 2))
        gaps.note({KEY: tuple(kept)}, float(second))
        asked += len(gaps.due(float(second)))
    assert asked > 20


def test_every_hole_is_asked_for_in_turn() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: tuple((n, n) for n in range(0, 400, 2))}, 0.0)
    asked: set[tuple[int, int]] = set()
    for second in range(5, 1000, 5):
        for _, request in gaps.due(float(second)):
            assert len(request.missing) <= 50
            asked |= set(request.missing)
    assert asked == {(n, n) for n in range(1, 398, 2)}


def test_one_device_does_not_crowd_out_the_others() -> None:
    gaps = Gaps(CALM)
    greedy = DeviceId("greedy")
    gaps.note({(greedy, boot): ((3, 3),) for boot in range(100_000)}, 0.0)
    gaps.note({KEY: ((1, 1),)}, 0.0)
    devices = [device for device, _ in gaps.due(10.0)]
    assert devices.count(KEY[0]) == 1
    assert len(devices) < 100
