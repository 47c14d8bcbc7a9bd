"""How much of what was due has come: slots due, slots filled, the longest silence.

A series is due one reading at every multiple of its interval. A reading fills the
slot it is nearest to, so a clock a few seconds off does not fill two, and a device that sends
more often than promised does not make up for its gaps. What lies nearest to a slot
outside the window fills none: at an edge a slot may be lost, never invented.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.bucket import ticks
from domain.window import Window


@dataclass(frozen=True, slots=True)
class Coverage:
    """Slots ``expected`` and ``filled``; ``silence_s`` is the longest time without a reading."""

    expected: int
    filled: int
    silence_s: float

    @property
    def share(self) -> float:
        """Filled slots out of those expected, 0 to 1; 1 when none were due."""
        return self.filled / self.expected if self.expected else 1.0


def cover(windows: Sequence[Window], interval_ms: int, times_ms: Sequence[int]) -> Coverage:
    """Return the coverage of ``windows`` by readings at ``times_ms``, both ascending.

    The silence is measured within each window, its edges included.
    """
    expected = filled = 0
    silence_ms = 0
    for window in windows:
        inside = times_ms[
            bisect_left(times_ms, window.start_ms) : bisect_left(times_ms, window.end_ms)
        ]
        due = ticks(window, interval_ms)
        first = -(-window.start_ms // interval_ms)
        half = interval_ms // 2
        slots = {(time_ms + half) // interval_ms for time_ms in inside}
        expected += due
        filled += sum(first <= slot < first + due for slot in slots)
        edges = [window.start_ms, *inside, window.end_ms]
        silence_ms = max(silence_ms, *(b - a for a, b in pairwise(edges)))
    return Coverage(expected, filled, silence_ms / 1000)
