"""Requests that wait for their answer, and how much of them there is room for.

A request keeps its place until the writer has decided about it, even when its client is
gone: while the store is away clients come again and again, and each time with all they
have. Touched on the event loop alone, and so without a lock.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.errors import NotYet
from domain.reading import Refusal

Answer: TypeAlias = Sequence[Refusal] | None
"""What was refused of a message that is committed; None where nobody will say any more."""
_OF_A_REQUEST = 1_000  # bytes that one takes besides its body, about


@dataclass(slots=True, eq=False)
class Place:
    """One request. ``offered_s`` is when its message went to the writer, None before."""

    number: int
    size: int
    answer: "asyncio.Future[Answer]"
    offered_s: float | None = None


class Room:
    """So many bytes of requests, and no more."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._places: dict[int, Place] = {}
        self._last = 0

    def enter(self, size: int) -> Place:
        """Take a place for a body of at most so many bytes; raises `NotYet` when there is none."""
        size += _OF_A_REQUEST
        if size > self._left:
            message = "too much is waiting to be kept; send it again in a few seconds"
            raise NotYet(message)
        self._last += 1
        place = Place(self._last, size, asyncio.get_running_loop().create_future())
        self._left -= size
        self._places[place.number] = place
        return place

    def offered(self, place: Place, size: int) -> None:
        """Note that the body has come, of that size, and that the writer is offered it."""
        self._left += place.size - (size + _OF_A_REQUEST)
        place.size, place.offered_s = size + _OF_A_REQUEST, time.monotonic()

    def leave(self, place: Place, answer: Answer = None) -> None:
        """Give a place back, with the answer for whoever still waits at it."""
        if self._places.pop(place.number, None) is not None:
            self._left += place.size
        if not place.answer.done():
            place.answer.set_result(answer)

    def decide(self, decided: Sequence[tuple[int, Sequence[Refusal]]]) -> None:
        """Answer requests, by number, with what was refused of them."""
        for number, refusals in decided:
            place = self._places.get(number)
            if place is not None:
                self.leave(place, refusals)

    def dismiss(self) -> None:
        """Answer everybody that nobody knows."""
        for place in list(self._places.values()):
            self.leave(place)

    def busy(self) -> bool:
        """Whether anybody has a place; may be asked from any thread."""
        return bool(self._places)

    def longest_s(self) -> float:
        """Return for how long the writer has owed an answer, 0 when it owes none."""
        offered = [p.offered_s for p in self._places.values() if p.offered_s is not None]
        return time.monotonic() - min(offered) if offered else 0.0
