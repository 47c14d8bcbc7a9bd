"""What a device owed on a day: cycles expected, received, missing and late.

By the device's own count where it has one: the numbers missing between two cycles that
came are spread evenly over the time between them. A device without numbers owes one
cycle an interval, and a cycle fills the slot it is nearest to.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.bucket import patience_ms
from domain.clock import Beat
from domain.coverage import cover
from domain.ranges import Runs, size
from domain.window import Window


@dataclass(frozen=True, slots=True)
class Account:
    """Cycles of one device in one window; ``late`` ones are among the received."""

    expected: int
    received: int
    missing: int
    late: int


def account(
    beats: Sequence[Beat], kept: Mapping[int, Runs], window: Window, interval_ms: int
) -> Account:
    """Return the account of a window.

    ``beats`` are the device's cycles in the window and, for holes that reach over its
    edges, in the days around; ``kept`` is its sequence ledger.
    """
    inside = [b for b in beats if window.holds(_moment(b))]
    late = sum(b.received_ms - _moment(b) > patience_ms(interval_ms) for b in inside)
    if all(b.seq is None for b in beats):
        covered = cover([window], interval_ms, sorted(_moment(b) for b in inside))
        silent = covered.expected - covered.filled
        return Account(covered.expected, len(inside), silent, late)
    received = len({(b.boot, b.seq) for b in inside})
    missing = _missing(beats, kept, window)
    return Account(received + missing, received, missing, late)


def _moment(beat: Beat) -> int:
    return beat.time_ms + beat.skew_ms


def _missing(beats: Sequence[Beat], kept: Mapping[int, Runs], window: Window) -> int:
    numbered = {(b.boot or 0, b.seq): b for b in beats if b.boot is not None and b.seq is not None}
    found = 0
    for (boot, first), (other, last) in pairwise(sorted(numbered)):
        if boot != other or last - first < 2:
            continue
        start, end = _moment(numbered[boot, first]), _moment(numbered[boot, last])
        hole = _inside(first, last, Window(min(start, end), max(start, end) + 1), window)
        found += size(hole) - sum(
            size(_common(hole, run)) for run in _near(kept.get(boot, ()), hole)
        )
    return found


def _inside(first: int, last: int, span: Window, window: Window) -> Runs:
    """Return the numbers between two cycles whose share of the time between them is in a window.

    By arithmetic: a device may claim to have counted to 10¹⁵ since its last cycle.
    """
    steps, length = last - first, max(1, span.length_ms - 1)
    # A number k after the first was due at start + length * k / steps, rounded down.
    low = max(1, -(-(window.start_ms - span.start_ms) * steps // length))
    high = min(steps - 1, ((window.end_ms - span.start_ms) * steps - 1) // length)
    return ((first + low, first + high),) if low <= high else ()


def _near(runs: Runs, hole: Runs) -> Runs:
    """Return the runs that may reach into a hole; there may be thousands of others."""
    if not hole:
        return ()
    first = max(0, bisect_right(runs, (hole[0][0], float("inf"))) - 1)
    return runs[first : bisect_right(runs, (hole[0][1], float("inf")))]


def _common(hole: Runs, run: tuple[int, int]) -> Runs:
    both = [(max(a, run[0]), min(b, run[1])) for a, b in hole]
    return tuple((a, b) for a, b in both if a <= b)
