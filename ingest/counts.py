"""What ingest has seen since it started; the sum must always come out.

received = committed + quarantined + duplicate + in flight, in messages. A message
counts as quarantined when nothing of it could be kept, as duplicate when all of it was
there already, and as committed otherwise. In flight is counted by itself, so that
``unaccounted`` can be anything but 0 when something is lost on the way.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from store.series import Fate


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts at one moment, in messages except where they say otherwise."""

    received: int
    committed: int
    quarantined: int
    duplicate: int
    in_flight: int
    readings_new: int
    readings_same: int
    readings_conflicting: int
    batches: int
    commit_seconds: float

    @property
    def unaccounted(self) -> int:
        """What has neither been decided nor is in flight: 0, or something is broken."""
        known = self.committed + self.quarantined + self.duplicate + self.in_flight
        return self.received - known


class Counts:
    """A running count that several threads may read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._in_flight = 0
        self._committed = self._quarantined = self._duplicate = 0
        self._new = self._same = self._conflicting = 0
        self._batches = 0
        self._seconds = 0.0

    def received(self) -> None:
        """Count one message in."""
        with self._lock:
            self._received += 1
            self._in_flight += 1

    def settled(self, fates: Sequence[Fate], seconds: float) -> None:
        """Count what became of a batch that took so long to commit."""
        with self._lock:
            self._batches += 1
            self._seconds += seconds
            self._in_flight -= len(fates)
            for fate in fates:
                self._new += fate.new
                self._same += fate.same
                self._conflicting += fate.conflicts
                if fate.new:
                    self._committed += 1
                elif fate.refused and not fate.same:
                    self._quarantined += 1
                else:
                    self._duplicate += 1

    def snapshot(self) -> Snapshot:
        """Return the counts as they are."""
        with self._lock:
            return Snapshot(
                self._received, self._committed, self._quarantined, self._duplicate,
                self._in_flight, self._new, self._same, self._conflicting, self._batches,
                self._seconds,
            )  # fmt: skip
