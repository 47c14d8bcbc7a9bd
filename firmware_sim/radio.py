"""The radio between flash and link: batches that repeat, overtake each other and get lost.

A lost batch is lost on the air, before the broker: the node finds out because no
receipt comes, and sends again what it still holds.
"""

import random
import time
from collections.abc import Callable

from domain.pack import Coding, encode
from domain.reading import Cycle
from domain.receipt import Receipt
from firmware_sim.flash import Flash
from firmware_sim.link import Link
from firmware_sim.scenario import NodePlan

_QUIET_S = 3.0
_RESEND_BATCHES = 10
_MAX_WAITING = 20

Batch = tuple[Cycle, ...]


class Radio:
    """Sends one node's cycles and clears its flash by receipt."""

    def __init__(self, plan: NodePlan, link: Link, seed: int) -> None:
        self._plan, self._link = plan, link
        self._dice = random.Random(f"{seed}:{plan.id}:radio")  # noqa: S311 - faults, not secrets
        self._flash = Flash()
        self._unsent: list[Cycle] = []
        self._held_back: Batch | None = None
        self._heard_s = time.monotonic()

    def keep(self, cycle: Cycle) -> None:
        """Put a cycle into flash, to be sent."""
        self._flash.keep(cycle)
        self._unsent.append(cycle)

    def turn(self, on_receipt: Callable[[Receipt], None]) -> None:
        """Do what is due: take receipts, send what is new, send again what got no receipt."""
        for receipt in self._link.receipts():
            on_receipt(receipt)
            if self._flash.clear(receipt):
                self._heard_s = time.monotonic()
        for request in self._link.requests():
            for batch in list(self._flash.asked(request, self._plan.radio.batch))[:_RESEND_BATCHES]:
                self._transmit(batch)
        if self._unsent:
            self._send_new()
            self._heard_s = time.monotonic()
        elif self._flash and time.monotonic() - self._heard_s > _QUIET_S:
            self._release_held_back()
            for batch in list(self._flash.batches(self._plan.radio.batch))[:_RESEND_BATCHES]:
                self._transmit(batch)
            self._heard_s = time.monotonic()

    def idle(self) -> bool:
        """Whether everything measured is known to be kept."""
        return not self._flash and not self._unsent

    def _send_new(self) -> None:
        size = self._plan.radio.batch
        while self._unsent and self._link.waiting() < _MAX_WAITING:
            batch, self._unsent = tuple(self._unsent[:size]), self._unsent[size:]
            fate = self._dice.random()
            faults = self._plan.radio
            if fate < faults.loss:
                continue
            if fate < faults.loss + faults.reorder and self._held_back is None:
                self._held_back = batch
                continue
            self._transmit(batch)
            if fate > 1 - faults.repeat:
                self._transmit(batch)
            self._release_held_back()
        if not self._unsent:
            self._release_held_back()

    def _release_held_back(self) -> None:
        if self._held_back is not None:
            batch, self._held_back = self._held_back, None
            self._transmit(batch)

    def _transmit(self, batch: Batch) -> None:
        self._link.send(encode(self._plan.id, batch, Coding(self._plan.coding)))
