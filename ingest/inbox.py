"""What has been received and is not decided yet: a bounded queue, and counts that come out.

received = committed + quarantined + duplicate + in flight, in messages, at every moment:
all four change under one lock. In flight is measured, not computed: it is what lies in
the queue and in the writer's hand, so a message that got lost between them would show.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from ingest.counts import Counts, Snapshot
from ingest.message import Received
from store.series import Fate


class Inbox:
    """Between a source's thread, which puts, and the writer's, which takes and settles."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: deque[Received] = deque()
        self._in_hand: Sequence[Received] = ()
        self._counts = Counts()
        lock = threading.Lock()
        self._lock = lock
        self._came, self._left = threading.Condition(lock), threading.Condition(lock)
        self._taker_waits = False

    def put(self, message: Received, patience_s: float) -> bool:
        """Take a message in; False when there was no room within that time."""
        with self._lock:
            if len(self._waiting) >= self._room and not self._left.wait_for(
                lambda: len(self._waiting) < self._room, patience_s
            ):
                return False
            self._counts.received += 1
            self._waiting.append(message)
            if self._taker_waits:
                self._came.notify()
        return True

    def take(self, messages: int, size: int, wait_s: float, idle_s: float) -> Sequence[Received]:
        """Take the next batch into the hand: at most so many messages and about so many bytes.

        Waits ``idle_s`` for the first, and after it ``wait_s`` at most for more to come.
        """
        with self._lock:
            self._await(lambda: bool(self._waiting), idle_s)
            if self._waiting:
                self._await(lambda: len(self._waiting) >= messages, wait_s)
            batch: list[Received] = []
            taken = 0
            while self._waiting and len(batch) < messages and taken < size:
                batch.append(self._waiting.popleft())
                taken += len(batch[-1].payload)
            self._in_hand = batch
            if batch:
                self._left.notify_all()
        return batch

    def settle(self, fates: Sequence[Fate], seconds: float) -> None:
        """Count what became of the batch in hand, which took so long to commit."""
        with self._lock:
            self._counts.settle(fates, seconds)
            self._in_hand = ()

    def backlog(self) -> bool:
        """Whether more is waiting."""
        return bool(self._waiting)

    def snapshot(self) -> Snapshot:
        """Return the counts as they are."""
        with self._lock:
            oldest = self._in_hand or self._waiting
            return self._counts.snapshot(
                len(self._waiting) + len(self._in_hand), oldest[0].received_ms if oldest else None
            )

    def _await(self, holds: Callable[[], bool], patience_s: float) -> None:
        """Wait for what puts bring; a wait costs them a notification each, so not in vain."""
        deadline = time.monotonic() + patience_s
        while not holds():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            self._taker_waits = True
            self._came.wait(left_s)
            self._taker_waits = False
