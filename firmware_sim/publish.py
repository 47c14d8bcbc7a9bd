"""Publish a replayed file at a chosen speed, and see it through to the last receipt."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from domain.errors import BrokerUnavailable
from domain.ids import DeviceId
from domain.pack import Coding, encode
from domain.reading import Cycle
from domain.receipt import Receipt
from firmware_sim.link import Link

_MAX_WAITING = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """Cycles a message, cycles a second (None: as taken), and seconds to wait for progress."""

    batch: int
    rate: float | None
    patience_s: float


def publish(
    link: Link,
    device: DeviceId,
    cycles: Iterable[Cycle],
    coding: Coding,
    pace: Pace,
) -> Iterator[int]:
    """Publish ``cycles`` in batches; yields how many have been handed over so far.

    Raises `BrokerUnavailable` when the broker takes nothing for too long.
    """
    sent, started = 0, time.monotonic()
    for group in _groups(cycles, pace.batch):
        _await_room(link, pace.patience_s)
        link.send(encode(device, group, coding))
        sent += len(group)
        yield sent
        if pace.rate is not None:
            time.sleep(max(0.0, started + sent / pace.rate - time.monotonic()))


def _await_room(link: Link, patience_s: float) -> None:
    """Wait while too much is under way; every message taken renews the patience."""
    waiting, heard = link.waiting(), time.monotonic()
    while waiting > _MAX_WAITING:
        time.sleep(0.01)
        now_waiting = link.waiting()
        if now_waiting != waiting:
            waiting, heard = now_waiting, time.monotonic()
        if link.refusal():
            message = f"the broker refuses this device: {link.refusal()}"
            raise BrokerUnavailable(message)
        if time.monotonic() - heard > patience_s:
            message = f"the broker took nothing for {patience_s:g} s"
            raise BrokerUnavailable(message)


def await_receipt(link: Link, last: Receipt, patience_s: float, wait: Callable[[], None]) -> None:
    """Return when a receipt covers ``last``; raises `BrokerUnavailable` when none comes.

    ``patience_s`` starts anew with every receipt, since each one is progress.
    """
    heard = time.monotonic()
    while time.monotonic() - heard < patience_s:
        for receipt in link.receipts():
            heard = time.monotonic()
            # Of this boot: an earlier replay's receipts say nothing of this one.
            if receipt.boot == last.boot and receipt.seq >= last.seq:
                return
        wait()
        if link.refusal():
            message = f"the broker refuses this device: {link.refusal()}"
            raise BrokerUnavailable(message)
    message = f"no receipt for {patience_s:g} s; is ingest running and the device registered?"
    raise BrokerUnavailable(message)


def _groups(cycles: Iterable[Cycle], size: int) -> Iterator[tuple[Cycle, ...]]:
    group: list[Cycle] = []
    for cycle in cycles:
        group.append(cycle)
        if len(group) == size:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)
