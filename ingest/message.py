"""A message as it came from a broker, and the source it came from."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from domain.ids import DeviceId
from domain.reading import Delivery
from domain.receipt import Receipt, Resend


class Received(NamedTuple):
    """Topic and bytes as received. ``handle`` is the source's own name for it."""

    topic: str
    payload: bytes
    received_ms: int
    handle: tuple[int, int, int]


Word: TypeAlias = tuple[DeviceId, Receipt | Resend]
"""What a device is to be told."""


class Source(Protocol):
    """Where messages come from and where acknowledgements go."""

    def start(self, offer: Callable[[Received], None]) -> None:
        """Connect, in the background, and stay connected; every message goes to ``offer``."""

    def stop(self) -> None:
        """Leave without ending the session, so that the broker keeps what comes."""

    def acknowledge(self, messages: Sequence[Received], deliveries: Sequence[Delivery], /) -> None:
        """Tell whoever sent them that these are kept, in the order given; never raises.

        ``deliveries`` are what was committed of each, refusals among them: a broker does
        not care, somebody who waits for an answer does.
        """

    def tell(self, words: Sequence[Word], /) -> None:
        """Tell devices what is kept and what is missing; best effort, never raises."""

    def connected(self) -> bool:
        """Whether a session stands."""

    def alive(self) -> bool:
        """Whether anything would bring a lost session back; False is for a supervisor."""

    def restarts(self) -> int:
        """Return how often the session had to be restarted because it only seemed alive."""
