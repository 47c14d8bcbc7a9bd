"""The flash buffer: what was measured and is not yet known to be kept.

A cycle leaves it only when a receipt covers it. That a broker took a message proves
nothing: brokers lose what they acknowledged.
"""

from collections import deque
from collections.abc import Iterable

from domain.reading import Cycle
from domain.receipt import Receipt, Resend


class Flash:
    """Cycles in the order measured."""

    def __init__(self) -> None:
        self._held: deque[Cycle] = deque()

    def keep(self, cycle: Cycle) -> None:
        """Write a cycle."""
        self._held.append(cycle)

    def clear(self, receipt: Receipt) -> int:
        """Drop what a receipt covers; returns how many cycles that were."""
        before = len(self._held)
        self._held = deque(c for c in self._held if not receipt.covers(c.boot, c.seq))
        return before - len(self._held)

    def batches(self, size: int) -> Iterable[tuple[Cycle, ...]]:
        """Return what is held, oldest first, in batches of at most ``size`` cycles."""
        held = tuple(self._held)
        return [held[i : i + size] for i in range(0, len(held), size)]

    def asked(self, request: Resend, size: int) -> Iterable[tuple[Cycle, ...]]:
        """Return what of a request is still held, oldest first, in batches of at most ``size``."""
        wanted = [c for c in self._held if request.asks_for(c.boot, c.seq)]
        return [tuple(wanted[i : i + size]) for i in range(0, len(wanted), size)]

    def __len__(self) -> int:
        """How many cycles are held."""
        return len(self._held)
