"""What is believed of a device's clock, from what it claimed and when that was received.

A reading keeps the time its device claimed; that time is its identity. Where a clock is
off by a constant, and the evidence for it is steady, the cycle is *ordered* by a moved
time (``skew_ms`` is added), and flagged. Nothing is moved on a guess: a constant lag no
longer than two intervals may be the logger's way of stamping the start of an interval.
"""

import enum
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.ranges import Runs, holds
from domain.window import HOUR_MS, MINUTE_MS

FUTURE_TOLERANCE_MS = 5 * MINUTE_MS
_STEADY_MS = MINUTE_MS
_EVIDENCE_MESSAGES = 12
_BACK_MS = MINUTE_MS
_NEAR_MS = 10 * MINUTE_MS
_ANY_ZONE_MS = 26 * HOUR_MS


class ClockVerdict(enum.IntEnum):
    """What is wrong with the time of a cycle; the number is stored.

    ``CARRIED``: a file brought it, so when it was received says nothing of a clock. It is
    evidence for no offset, is moved by none and ends none.
    """

    UNSUSPECTED = 0
    FUTURE = 1
    BEFORE_INSTALLATION = 2
    BACKWARDS = 3
    OFFSET = 4
    CARRIED = 5


_IMPOSSIBLE = (ClockVerdict.FUTURE, ClockVerdict.BEFORE_INSTALLATION)


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
    Behind by more than any time zone explains (26 hours) is a clock only where what it
    claims cannot be: a courier who brings everything a week late is as steady. What a
    file brought is left out: a file imported every morning at six is as steady, too.
    """
    beats = [beat for beat in beats if beat.clock is not ClockVerdict.CARRIED]
    if not beats:
        return None
    boot = max(beats, key=lambda beat: beat.frame).boot
    newest: dict[int, Beat] = {}
    for beat in sorted(beats, key=lambda beat: beat.time_ms):
        if beat.boot == boot:
            newest[beat.received_ms] = beat
    messages = sorted(newest.values(), key=lambda b: b.received_ms)[-_EVIDENCE_MESSAGES:]
    if len({beat.time_ms for beat in messages}) < _EVIDENCE_MESSAGES:
        return None
    lags = [beat.received_ms - beat.time_ms for beat in messages]
    spread, middle = max(lags) - min(lags), round(statistics.median(lags))
    if spread > _STEADY_MS or abs(middle) <= max(FUTURE_TOLERANCE_MS, 2 * interval_ms):
        return None
    if middle > _ANY_ZONE_MS and any(beat.clock not in _IMPOSSIBLE for beat in messages):
        return None
    return Offset(boot, middle, len(lags), spread)


def moved_by(skew_ms: int, newest_ms: int, received_ms: int) -> int:
    """Return what a known offset moves the cycles of a message by: ``skew_ms`` or 0.

    Only where the message's newest cycle lags by that very amount: a clock that has been
    set since, and a backlog that nobody can tell from one, keep the order they claim.
    """
    return skew_ms if abs(received_ms - newest_ms - skew_ms) <= _NEAR_MS else 0


def has_ended(skew_ms: int, newest_ms: int, received_ms: int) -> bool:
    """Whether a message shows that a clock is no longer behind by ``skew_ms``.

    One that is claims nothing younger than that; what it sends late only lags by more.
    """
    return skew_ms > 0 and received_ms - newest_ms < skew_ms - _NEAR_MS


def ran_backwards(beats: Sequence[Beat]) -> tuple[int, ...]:
    """Return the frames whose cycle is the very next in a boot but claims an earlier time.

    Only neighbours by number are compared, so that the answer does not depend on what has
    come so far. Frames that are known to be such are not returned again.
    """
    believed = (ClockVerdict.UNSUSPECTED, ClockVerdict.BACKWARDS)
    numbered = [b for b in beats if b.boot is not None and b.seq is not None]
    ordered = sorted(numbered, key=lambda b: (b.boot or 0, b.seq or 0))
    return tuple(
        later.frame
        for earlier, later in pairwise(ordered)
        if earlier.boot == later.boot
        and (earlier.seq or 0) + 1 == later.seq
        and later.time_ms < earlier.time_ms - _BACK_MS
        and earlier.clock in believed
        and later.clock is ClockVerdict.UNSUSPECTED
    )


def lacks_neighbours(beats: Sequence[Beat], kept: Mapping[int, Runs]) -> bool:
    """Whether a cycle among these is kept without the one before or after it being here.

    The first and the last of a boot excepted, whose neighbours may be older, or to come.
    """
    here: defaultdict[int, set[int]] = defaultdict(set)
    for beat in beats:
        if beat.boot is not None and beat.seq is not None:
            here[beat.boot].add(beat.seq)
    return any(
        near not in seqs and holds(kept.get(boot, ()), near)
        for boot, seqs in here.items()
        for near in {seq + 1 for seq in seqs} - {max(seqs) + 1}
    )
