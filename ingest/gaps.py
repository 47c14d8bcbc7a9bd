"""What is missing, and when it is asked for: from the sequence ledger to resend requests.

A number between two that came may still be on its way, so it is given a moment before
it is asked for; then it is asked for again, ever more rarely, until it comes. Nothing
here decides that it never will. Held in memory only: another worker finds the same gaps
in the ledger, and asking twice does no harm.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from domain.ids import DeviceId
from domain.ranges import Runs, missing, size
from domain.receipt import RUNS_TOLD, Resend

_MOST_BOOTS, _MOST_OF_ONE = 100_000, 16


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds before the first request, between the first two, and between the last ones."""

    first_s: float = 5.0
    again_s: float = 30.0
    longest_s: float = 3600.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class _Open:
    missing: Runs
    due_s: float
    wait_s: float
    asked: int = 0


class Gaps:
    """The boots that miss a number, as the ledger has shown them."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._open: dict[tuple[DeviceId, int], _Open] = {}
        self._boots: dict[DeviceId, int] = {}
        self._lock = threading.Lock()

    def note(self, kept: Mapping[tuple[DeviceId, int], Runs], now_s: float) -> None:
        """Take in what is received of some boots; a gap that has grown is young again."""
        with self._lock:
            for key, runs in kept.items():
                known = self._open.get(key)
                if len(runs) <= 1 and (not runs or runs[0][0] == 0):
                    if known is not None:
                        del self._open[key]
                        self._boots[key[0]] -= 1
                    continue
                gone = missing(runs)
                if known is None and not self._has_room(key[0]):
                    continue
                # Holes open at the top: a higher end is one that has not been asked for.
                if known is None or gone[-1][1] > known.missing[-1][1]:
                    due = now_s + self._patience.first_s
                    if known is not None:
                        due = min(due, known.due_s)  # or steady loss would put it off for ever
                    self._open[key] = _Open(gone, due, self._patience.again_s)
                else:
                    self._open[key] = _Open(gone, known.due_s, known.wait_s, known.asked)

    def _has_room(self, device: DeviceId) -> bool:
        """Whether one more boot of a device is watched: no device crowds out the others."""
        own = self._boots.get(device, 0)
        if own >= _MOST_OF_ONE or len(self._open) >= _MOST_BOOTS:
            return False
        self._boots[device] = own + 1
        return True

    def due(self, now_s: float, most: int = 500) -> list[tuple[DeviceId, Resend]]:
        """Return up to ``most`` requests that are due, and put each off to its next time.

        A request names so many holes at most; the next one goes on where it ended.
        """
        found: list[tuple[DeviceId, Resend]] = []
        with self._lock:
            for (device, boot), gap in self._open.items():
                if gap.due_s <= now_s and len(found) < most:
                    start = gap.asked % len(gap.missing)
                    turned = gap.missing[start:] + gap.missing[:start]
                    found.append((device, Resend(boot, turned[:RUNS_TOLD])))
                    longer = min(gap.wait_s * 2, self._patience.longest_s)
                    after = gap.asked + RUNS_TOLD
                    self._open[device, boot] = _Open(gap.missing, now_s + gap.wait_s, longer, after)
        return found

    def missing(self) -> int:
        """Return how many numbers are missing in all."""
        with self._lock:
            return sum(size(gap.missing) for gap in self._open.values())
