"""Holes in the ledger: given a moment, asked for, asked for ever more rarely, forgotten."""

from domain.ids import DeviceId
from domain.receipt import Resend
from ingest.gaps import Gaps, Patience

KEY = (DeviceId("dat-01"), 0)
CALM = Patience(first_s=5, again_s=30, longest_s=100)


def asked(gaps: Gaps, now_s: float) -> list[tuple[DeviceId, Resend]]:
    return gaps.ask(gaps.due(now_s, 500), now_s)


def test_a_hole_is_asked_for_after_a_moment_and_then_ever_more_rarely() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((0, 4), (7, 9))}, 0.0)
    assert gaps.missing() == 2
    assert asked(gaps, 4.9) == []
    assert asked(gaps, 5.0) == [(KEY[0], Resend(0, ((5, 6),)))]
    seconds = [second for second in range(6, 400) if asked(gaps, float(second))]
    assert seconds == [35, 95, 195, 295, 395]


def test_what_comes_is_no_longer_asked_for() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((0, 4), (7, 9))}, 0.0)
    gaps.note({KEY: ((0, 5), (7, 9))}, 1.0)
    assert asked(gaps, 5.0) == [(KEY[0], Resend(0, ((6, 6),)))]
    gaps.note({KEY: ((0, 9),)}, 6.0)
    assert gaps.missing() == 0
    assert asked(gaps, 1000.0) == []


def test_a_new_hole_does_not_wait_for_the_patience_of_an_old_one() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: ((3, 9),)}, 0.0)
    for second in (5.0, 35.0, 95.0):
        assert asked(gaps, second)
    gaps.note({KEY: ((3, 9), (12, 12))}, 100.0)
    assert asked(gaps, 105.0) == [(KEY[0], Resend(0, ((0, 2), (10, 11))))]


def test_steady_loss_does_not_put_requests_off_for_ever() -> None:
    gaps = Gaps(CALM)
    kept = [(0, 0)]
    times = 0
    for second in range(0, 200, 2):
        kept.append((second + 2, second + 2))
        gaps.note({KEY: tuple(kept)}, float(second))
        times += len(asked(gaps, float(second)))
    assert times > 20


def test_every_hole_is_asked_for_in_turn() -> None:
    gaps = Gaps(CALM)
    gaps.note({KEY: tuple((n, n) for n in range(0, 400, 2))}, 0.0)
    named: set[tuple[int, int]] = set()
    for second in range(5, 1000, 5):
        for _, request in asked(gaps, float(second)):
            assert len(request.missing) <= 50
            named |= set(request.missing)
    assert named == {(n, n) for n in range(1, 398, 2)}


def test_one_device_does_not_crowd_out_the_others() -> None:
    gaps = Gaps(CALM)
    greedy = DeviceId("greedy")
    gaps.note({(greedy, boot): ((3, 3),) for boot in range(100_000)}, 0.0)
    gaps.note({KEY: ((1, 1),)}, 0.0)
    devices = [device for device, _ in asked(gaps, 10.0)]
    assert devices.count(KEY[0]) == 1
    assert len(devices) < 100


def test_of_many_boots_with_holes_the_newest_are_asked_for() -> None:
    """What an old boot misses is in flash no more; it must not stand in the newest one's way."""
    gaps = Gaps(CALM)
    for boot in range(40):
        gaps.note({(KEY[0], boot): ((1, 3),)}, 0.0)
    gaps.note({(KEY[0], 2): ((1, 4),)}, 0.0)
    assert {request.boot for _, request in asked(gaps, 5.0)} == set(range(24, 40))
    for boot in range(24, 40):
        gaps.note({(KEY[0], boot): ((0, 3),)}, 6.0)
    assert gaps.missing() == 0
    gaps.note({(KEY[0], 3): ((1, 4),)}, 7.0)
    assert gaps.missing() == 1
