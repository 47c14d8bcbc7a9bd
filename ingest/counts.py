"""What ingest has seen since it started; the sum must always come out.

A message counts as quarantined when nothing of it could be kept, as duplicate when all
of it was there already, and as committed otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.series import Fate


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts at one moment, in messages except where they say otherwise.

    ``oldest_ms`` is when the oldest message in flight was received, None without one.
    """

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
    oldest_ms: int | None = None

    @property
    def unaccounted(self) -> int:
        """What has neither been decided nor is in flight: 0, or messages are being lost."""
        known = self.committed + self.quarantined + self.duplicate + self.in_flight
        return self.received - known


class Counts:
    """The running counts; :class:`ingest.inbox.Inbox` guards them."""

    def __init__(self) -> None:
        self.received = 0
        self._committed = self._quarantined = self._duplicate = 0
        self._new = self._same = self._conflicting = 0
        self._batches = 0
        self._seconds = 0.0

    def settle(self, fates: Sequence[Fate], seconds: float) -> None:
        """Count what became of a batch that took so long to commit."""
        self._batches += 1
        self._seconds += seconds
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

    def snapshot(self, in_flight: int, oldest_ms: int | None) -> Snapshot:
        """Return the counts, with what was found to be in flight."""
        return Snapshot(
            self.received, self._committed, self._quarantined, self._duplicate, in_flight,
            self._new, self._same, self._conflicting, self._batches, self._seconds, oldest_ms,
        )  # fmt: skip
