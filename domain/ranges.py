"""Sets of whole numbers as sorted runs: the sequence ledger's arithmetic."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Runs: TypeAlias = tuple[tuple[int, int], ...]
"""Disjoint inclusive runs, ascending, never adjacent: one set has one form."""


def merge(runs: Sequence[tuple[int, int]], numbers: Iterable[int]) -> Runs:
    """Return ``runs`` with ``numbers`` added."""
    added = sorted(set(numbers))
    # Nearly always a device's next numbers: its last run grows.
    if runs and added and added[0] == runs[-1][1] + 1 and added[-1] - added[0] == len(added) - 1:
        return (*runs[:-1], (runs[-1][0], added[-1]))
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*runs, *((n, n) for n in added)]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def unbroken_from_zero(runs: Runs) -> int | None:
    """Return the end of the run that starts at 0, None when 0 is missing."""
    return runs[0][1] if runs and runs[0][0] == 0 else None


def missing(runs: Runs) -> Runs:
    """Return the runs between 0 and the highest number that are not there."""
    gaps = []
    expected = 0
    for first, last in runs:
        if first > expected:
            gaps.append((expected, first - 1))
        expected = last + 1
    return tuple(gaps)


def holds(runs: Runs, number: int) -> bool:
    """Whether the runs hold a number."""
    place = bisect_right(runs, (number, float("inf")))
    return place > 0 and runs[place - 1][1] >= number


def size(runs: Runs) -> int:
    """Return how many numbers the runs hold."""
    return sum(last - first + 1 for first, last in runs)
