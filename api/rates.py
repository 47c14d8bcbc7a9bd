"""How often a stranger may try something: some tries free, then one at a time.

Counted in memory and by process, which is enough to make guessing slow; nobody is
locked out for good, and a long pause forgives everything.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from domain.errors import TooMany
from domain.window import MINUTE_MS, SECOND_MS

# Of buyers' reports: a market day has many honest buyers behind one address.
REPORTS_FREE, REPORTS_WAIT_MS = 10, 20 * SECOND_MS
_FORGIVEN_MS = 15 * MINUTE_MS
_REMEMBERED = 10_000


class Tries:
    """Counts tries by key: ``free`` of them, then one each ``wait_ms``."""

    def __init__(self, free: int, wait_ms: int, clock: Callable[[], int]) -> None:
        self._free, self._wait_ms, self._clock = free, wait_ms, clock
        self._lock = threading.Lock()
        self._counted: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, key: str) -> None:
        """Count a try before it is made, so that many at once are many; raises `TooMany`."""
        now_ms = self._clock()
        with self._lock:
            tries, last_ms = self._counted.get(key, (0, now_ms))
            tries = 0 if now_ms - last_ms > _FORGIVEN_MS else tries
            if tries >= self._free and now_ms - last_ms < self._wait_ms:
                wait_s = self._wait_ms // SECOND_MS
                message = f"too many tries; wait {wait_s} seconds"
                raise TooMany(message, wait_s)
            self._counted[key] = (tries + 1, now_ms)
            self._counted.move_to_end(key)
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)

    def forgive(self, key: str, tries: int) -> None:
        """Take back some tries of a key: they were right."""
        with self._lock:
            counted, last_ms = self._counted.get(key, (0, 0))
            if counted > tries:
                self._counted[key] = (counted - tries, last_ms)
            else:
                self._counted.pop(key, None)
