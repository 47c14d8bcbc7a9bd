"""When a batch is believed to be new, and for how long it is doubted after one that was not."""

from store.retention import PART_MS
from store.timescale.readings import Belief
from tests.builders import NOON


def test_it_is_doubted_for_a_while_after_one_that_was_not() -> None:
    belief = Belief(compressed=False)
    assert belief.holds(NOON, NOON)
    belief.saw(new=False)
    held = []
    for _ in range(8):
        held.append(belief.holds(NOON, NOON))
        belief.saw(new=True)
    assert held == [False] * 4 + [True] * 4


def test_it_never_holds_of_what_may_lie_in_a_compressed_part() -> None:
    oldest = NOON - PART_MS
    assert Belief(compressed=True).holds(oldest, NOON)
    assert not Belief(compressed=True).holds(oldest - 1, NOON)
    assert Belief(compressed=False).holds(oldest - 1, NOON)
