"""What is missing, and when it is asked for: from the sequence ledger to resend requests.

A number between two that came may still be on its way, so it is given a moment before
it is asked for; then it is asked for again, ever more rarely, until it comes. Nothing
here decides that it never will. What is remembered here is only when to look again: before
anything is asked for the ledger is read, since another worker may have filled the hole.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from domain.ids import DeviceId
from domain.ranges import Runs, missing, size
from domain.receipt import RUNS_TOLD, Resend

Boot: TypeAlias = tuple[DeviceId, int]
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
        self._open: dict[Boot, _Open] = {}
        self._boots: dict[DeviceId, set[int]] = {}
        self._lock = threading.Lock()

    def note(self, kept: Mapping[Boot, Runs], now_s: float) -> None:
        """Take in what is received of some boots; a gap that has grown is young again."""
        with self._lock:
            for key, runs in kept.items():
                if len(runs) <= 1 and (not runs or runs[0][0] == 0):
                    self._close(key)
                    continue
                gone, known = missing(runs), self._open.get(key)
                if known is None and not self._make_room(key):
                    continue
                # Holes open at the top: a higher end is one that has not been asked for.
                if known is None or gone[-1][1] > known.missing[-1][1]:
                    due = now_s + self._patience.first_s
                    if known is not None:
                        due = min(due, known.due_s)  # or steady loss would put it off for ever
                    self._open[key] = _Open(gone, due, self._patience.again_s)
                else:
                    self._open[key] = _Open(gone, known.due_s, known.wait_s, known.asked)

    def due(self, now_s: float, most: int) -> list[Boot]:
        """Return up to ``most`` boots that it is time to look at; `ask` puts them off."""
        with self._lock:
            due = (key for key, gap in self._open.items() if gap.due_s <= now_s)
            return [key for key, _ in zip(due, range(most), strict=False)]

    def ask(self, boots: Iterable[Boot], now_s: float) -> list[tuple[DeviceId, Resend]]:
        """Return what to ask for of boots that are due, and put each off to its next time.

        A request names so many holes at most; the next one goes on where it ended.
        """
        found: list[tuple[DeviceId, Resend]] = []
        with self._lock:
            for device, boot in boots:
                gap = self._open.get((device, boot))
                if gap is None:
                    continue
                start = gap.asked % len(gap.missing)
                turned = gap.missing[start:] + gap.missing[:start]
                found.append((device, Resend(boot, turned[:RUNS_TOLD])))
                longer = min(gap.wait_s * 2, self._patience.longest_s)
                after = gap.asked + RUNS_TOLD
                self._open[device, boot] = _Open(gap.missing, now_s + gap.wait_s, longer, after)
        return found

    def missing(self) -> int:
        """Return how many numbers are missing in the boots that are watched."""
        with self._lock:
            return sum(size(gap.missing) for gap in self._open.values())

    def _make_room(self, key: Boot) -> bool:
        """Whether a boot is watched: no device crowds out others, nor old boots the newest.

        What an old boot misses is in flash no more, and would be asked for in vain for ever.
        """
        device, boot = key
        own = self._boots.setdefault(device, set())
        if len(own) >= _MOST_OF_ONE:
            oldest = min(own)
            if boot < oldest:
                return False
            self._close((device, oldest))
        elif len(self._open) >= _MOST_BOOTS:
            return False
        self._boots.setdefault(device, set()).add(boot)
        return True

    def _close(self, key: Boot) -> None:
        if self._open.pop(key, None) is None:
            return
        own = self._boots[key[0]]
        own.discard(key[1])
        if not own:
            del self._boots[key[0]]
