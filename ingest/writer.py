"""The one writer: gather a bounded batch, commit it, and only then acknowledge.

Nothing is acknowledged that is not committed, and nothing blocks for ever: a store
that is away is waited for with the batch in hand; a message that our own code cannot
handle is set aside with its bytes and acknowledged.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.errors import StoreUnavailable
from domain.ids import DeviceId
from domain.properties import PropertyTable
from domain.ranges import Runs
from domain.reading import Delivery
from domain.receipt import Receipt
from ingest.gaps import PATIENCE, Gaps, Patience
from ingest.inbox import Inbox
from ingest.message import Received, Source
from ingest.pipeline import Rules, set_aside, take_in
from ingest.register import RegisterCache
from store import failpoint
from store.series import Appended, Series, joined

_log = logging.getLogger(__name__)
_SURPRISES = ("unknown-device", "unknown-channel", "not-placed")
_GAPS_AT_START = 10_000
_ASK_EVERY_S = 0.5
_ROOM_S, _IDLE_S = 0.5, 0.2
_ASKED_AT_ONCE = 100
# While there is a backlog the newest receipt says it all: at most one a device and second,
# and fewer where so many devices are owed one that telling them would hold up the rest.
_RECEIPTS_S, _RECEIPT_S = 1.0, 0.0004


def collect_rarely() -> None:
    """Let the garbage collector look thirty times less often, for the whole process.

    Nothing that a message turns into forms a cycle. Looking through a register of ten
    thousand devices every few batches took a fifth of ingest's time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a batch may grow and how long it may wait."""

    messages: int = 500
    bytes: int = 2_000_000
    wait_s: float = 0.02
    queue: int = 10_000
    retry_s: float = 0.5
    patience: Patience = PATIENCE


class _Committed(NamedTuple):
    """What was committed of a batch, which is not what was meant to be where one was set aside."""

    deliveries: Sequence[Delivery]
    appended: Appended


class Writer:
    """Runs in one thread; `offer` is called from the source's."""

    def __init__(
        self,
        series: Series,
        register: RegisterCache,
        properties: PropertyTable,
        clock: Callable[[], int],
        bounds: Bounds,
    ) -> None:
        self.inbox = Inbox(bounds.queue)
        self.gaps = Gaps(bounds.patience)
        self._series = series
        self._register = register
        self._properties = properties
        self._clock = clock
        self._bounds = bounds
        self._stopping = threading.Event()
        self._asked_s = self._told_s = 0.0
        self._owed: dict[tuple[DeviceId, int], Runs] = {}

    def offer(self, message: Received) -> None:
        """Take a message in; blocks while the queue is full, which holds the broker back.

        When stopping, a message that finds no room is left unacknowledged.
        """
        while not self.inbox.put(message, _ROOM_S):
            if self._stopping.is_set():
                return

    def stop(self) -> None:
        """Ask the loop to end after the batch in hand."""
        self._stopping.set()

    def run(self, source: Source) -> None:
        """Write batches until stopped."""
        self._recall_gaps()
        while not self._stopping.is_set():
            bounds = self._bounds
            batch = self.inbox.take(bounds.messages, bounds.bytes, bounds.wait_s, _IDLE_S)
            if batch:
                self._settle(batch, source)
            self._ask(source)

    def _recall_gaps(self) -> None:
        """Learn from the ledger what was missing before this process began."""
        try:
            self.gaps.note(self._series.gaps(_GAPS_AT_START), time.monotonic())
        except StoreUnavailable as error:
            _log.warning("what is missing will be known once the store answers: %s", error)

    def _settle(self, batch: Sequence[Received], source: Source) -> None:
        deliveries = [self._take_in(message) for message in batch]
        failpoint.reach("taken-in")
        began = time.monotonic()
        committed = self._commit(batch, deliveries)
        if committed is None:
            return  # stopping; unacknowledged, so the broker keeps it
        appended = committed.appended
        self.inbox.settle(appended.fates, time.monotonic() - began)
        failpoint.reach("before-acknowledge")
        source.acknowledge(batch, committed.deliveries)
        self._owed |= appended.kept
        self.gaps.note(appended.kept, time.monotonic())
        self._tell_receipts(source)

    def _tell_receipts(self, source: Source) -> None:
        waited_s = time.monotonic() - self._told_s
        if self.inbox.backlog() and waited_s < _RECEIPTS_S + _RECEIPT_S * len(self._owed):
            return
        failpoint.reach("before-receipts")
        owed, self._owed = self._owed, {}
        source.tell([(device, Receipt.of(boot, runs)) for (device, boot), runs in owed.items()])
        self._told_s = time.monotonic()

    def _ask(self, source: Source) -> None:
        now_s = time.monotonic()
        if now_s - self._asked_s <= _ASK_EVERY_S:
            return
        self._asked_s = now_s
        due = self.gaps.due(now_s, _ASKED_AT_ONCE)
        try:
            # Another worker may have filled a hole that this one has seen.
            ledgers = {device: self._series.ledger(device) for device, _ in due}
        except StoreUnavailable as error:
            _log.warning("what is missing is asked for once the store answers: %s", error)
            return
        self.gaps.note({(d, boot): ledgers[d].get(boot, ()) for d, boot in due}, now_s)
        source.tell(self.gaps.ask(due, now_s))

    def _take_in(self, message: Received) -> Delivery:
        try:
            delivery = take_in(message, Rules(self._register.current(), self._properties))
            surprised = any(r.reason in _SURPRISES for r in delivery.refusals)
            if surprised and self._register.after_surprise():
                delivery = take_in(message, Rules(self._register.current(), self._properties))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the rest
            _log.exception("a message could not be handled and is set aside: %s", message.topic)
            return set_aside(message, error)
        return delivery

    def _commit(
        self, batch: Sequence[Received], deliveries: Sequence[Delivery]
    ) -> _Committed | None:
        while not self._stopping.is_set():
            try:
                return _Committed(deliveries, self._series.append(deliveries, self._clock()))
            except StoreUnavailable as error:
                _log.warning("the store is away, %d messages wait: %s", len(batch), error)
                self._stopping.wait(self._bounds.retry_s)
            except Exception as error:  # noqa: BLE001 - find the message the store refuses, keep the rest
                _log.exception("a batch of %d could not be written", len(batch))
                if len(batch) == 1:
                    return self._commit_aside(batch[0], error)
                return self._commit_singly(batch, deliveries)
        return None

    def _commit_singly(
        self, batch: Sequence[Received], deliveries: Sequence[Delivery]
    ) -> _Committed | None:
        parts = []
        for message, delivery in zip(batch, deliveries, strict=True):
            part = self._commit([message], [delivery])
            if part is None:
                return None
            parts.append(part)
        deliveries = [d for part in parts for d in part.deliveries]
        return _Committed(deliveries, joined([part.appended for part in parts]))

    def _commit_aside(self, message: Received, error: Exception) -> _Committed | None:
        aside = [set_aside(message, error)]
        while not self._stopping.is_set():
            try:
                return _Committed(aside, self._series.append(aside, self._clock()))
            except StoreUnavailable:
                self._stopping.wait(self._bounds.retry_s)
        return None
