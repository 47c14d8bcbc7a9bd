"""What is believed of a device's clock, from what it claimed and when that was received.

A reading keeps the time its device claimed; that time is its identity. Where a clock is
off by a constant, and the evidence for it is steady, the cycle is *ordered* by a moved
time (``skew_ms`` is added), and flagged. Nothing is moved on a guess: a constant lag no
longer than two intervals may be the logger's way of stamping the start of an interval.
"""

import enum
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.window import MINUTE_MS

FUTURE_TOLERANCE_MS = 5 * MINUTE_MS
_STEADY_MS = MINUTE_MS
_EVIDENCE_MESSAGES = 12
_BACK_MS = MINUTE_MS
_NEAR_MS = 10 * MINUTE_MS


class ClockVerdict(enum.IntEnum):
    """What is wrong with the time of a cycle; the number is stored."""

    UNSUSPECTED = 0
    FUTURE = 1
    BEFORE_INSTALLATION = 2
    BACKWARDS = 3
    OFFSET = 4


@dataclass(frozen=True, slots=True)
class Beat:
    """A cycle as it was received: the store's number for it, and its times in ms.

    ``time_ms`` is the newest time claimed in it, before ``skew_ms`` is added.
    """

    frame: int
    boot: int | None
    seq: int | None
    time_ms: int
    received_ms: int
    skew_ms: int
    clock: ClockVerdict


@dataclass(frozen=True, slots=True)
class Offset:
    """A clock off by a constant in one boot: add ``skew_ms`` to what it claims.

    Evidence: so many messages, whose lags lie within ``spread_ms`` of each other.
    """

    boot: int | None
    skew_ms: int
    messages: int
    spread_ms: int


def constant_offset(beats: Sequence[Beat], interval_ms: int) -> Offset | None:
    """Return the constant offset of the newest boot, None where it is not evident.

    ``beats`` are the cycles received last, in any order. Only the newest cycle of a
    message counts: the others waited for it. The lags of all of the last twelve
    messages must agree within a minute and exceed both five minutes and two intervals.
    """
    if not beats:
        return None
    boot = max(beats, key=lambda beat: beat.frame).boot
    newest: dict[int, int] = {}
    for beat in beats:
        if beat.boot == boot:
            newest[beat.received_ms] = max(beat.time_ms, newest.get(beat.received_ms, 0))
    messages = sorted(newest.items())[-_EVIDENCE_MESSAGES:]
    if len(messages) < _EVIDENCE_MESSAGES or len({claimed for _, claimed in messages}) < len(
        messages
    ):
        return None
    lags = [received - claimed for received, claimed in messages]
    spread, middle = max(lags) - min(lags), round(statistics.median(lags))
    if spread > _STEADY_MS or abs(middle) <= max(FUTURE_TOLERANCE_MS, 2 * interval_ms):
        return None
    return Offset(boot, middle, len(lags), spread)


def moved_by(skew_ms: int, newest_ms: int, received_ms: int) -> int:
    """Return what a known offset moves the cycles of a message by: ``skew_ms`` or 0.

    Only where the message's newest cycle lags by that very amount: a clock that has been
    set since, and a backlog that nobody can tell from one, keep the order they claim.
    """
    return skew_ms if abs(received_ms - newest_ms - skew_ms) <= _NEAR_MS else 0


def ran_backwards(beats: Sequence[Beat]) -> tuple[int, ...]:
    """Return the frames whose cycle came next in a boot but claims an earlier time."""
    numbered = [b for b in beats if b.boot is not None and b.seq is not None]
    ordered = sorted(numbered, key=lambda b: (b.boot or 0, b.seq or 0))
    return tuple(
        later.frame
        for earlier, later in pairwise(ordered)
        if earlier.boot == later.boot
        and earlier.seq != later.seq
        and later.time_ms < earlier.time_ms - _BACK_MS
        and later.clock is earlier.clock is ClockVerdict.UNSUSPECTED
    )
