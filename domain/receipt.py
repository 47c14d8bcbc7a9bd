"""What a server tells a device on its ``down`` topic: what is kept, and what to send again.

A receipt follows a commit. Up to ``seq`` nothing of that boot is missing, and the runs of
``also`` above it are kept too, so a device whose flash has lost its beginning may still
clear the rest. What a receipt covers may be cleared from flash; all else must be held.
A resend request names what is missing; a device answers with what it still has.
"""

import json
from dataclasses import dataclass

from domain.errors import UndecodableMessage
from domain.ranges import Runs, holds, unbroken_from_zero

NOTHING = -1
RUNS_TOLD = 50
_RUNS_KEPT = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """All cycles of ``boot`` up to and including ``seq`` are committed, and those of ``also``.

    ``seq`` is -1 while cycle 0 is missing.
    """

    boot: int
    seq: int
    also: Runs = ()

    @classmethod
    def of(cls, boot: int, kept: Runs) -> "Receipt":
        """Return the receipt for all that is kept of a boot; the newest runs if there are many."""
        end = unbroken_from_zero(kept)
        above = kept if end is None else kept[1:]
        return cls(boot, NOTHING if end is None else end, above[-_RUNS_KEPT:])

    def covers(self, boot: int | None, seq: int | None) -> bool:
        """Whether a cycle is committed by the word of this receipt."""
        if boot != self.boot or seq is None:
            return False
        return seq <= self.seq or holds(self.also, seq)

    def encode(self) -> bytes:
        """Return the payload."""
        told: dict[str, object] = {"boot": self.boot, "receipt": self.seq}
        if self.also:
            told["also"] = self.also
        return json.dumps(told, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> "Receipt":
        """Return the receipt; raises `UndecodableMessage`."""
        found = decode_down(payload)
        if not isinstance(found, Receipt):
            message = f"not a receipt: {payload[:60]!r}"
            raise UndecodableMessage(message)
        return found


@dataclass(frozen=True, slots=True)
class Resend:
    """These cycles of ``boot`` have not come: send them again, if they are still held."""

    boot: int
    missing: Runs

    def asks_for(self, boot: int | None, seq: int | None) -> bool:
        """Whether a cycle is asked for."""
        return boot == self.boot and seq is not None and holds(self.missing, seq)

    def encode(self) -> bytes:
        """Return the payload."""
        told = {"boot": self.boot, "resend": self.missing[:RUNS_TOLD]}
        return json.dumps(told, separators=(",", ":")).encode()


def decode_down(payload: bytes) -> Receipt | Resend:
    """Return what a server says to a device; raises `UndecodableMessage`."""
    try:
        told = json.loads(payload)
        boot = _number(told["boot"])
        if "resend" in told:
            return Resend(boot, _runs(told["resend"]))
        return Receipt(boot, _number(told["receipt"]), _runs(told.get("also", [])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"neither a receipt nor a request: {payload[:60]!r}"
        raise UndecodableMessage(message) from error


def _number(value: object) -> int:
    if type(value) is not int:
        message = f"not a whole number: {value!r}"
        raise TypeError(message)
    return value


def _runs(rows: list[list[object]]) -> Runs:
    return tuple((_number(first), _number(last)) for first, last in rows)
