"""When old readings may go, alike on every backend.

Readings are what every claim rests on. They go in whole parts of 30 days, and only once
everything they say is held elsewhere: in the log that outsiders check, and in roll-ups.
Roll-ups from before the bound are then final, since they could not be computed again.
"""

from collections.abc import Sequence

from domain.bucket import Bucket
from domain.errors import Refused
from domain.window import DAY_MS

PART_MS = 30 * DAY_MS


def whole_parts(until_ms: int) -> int:
    """Return the end of the last part that ends by ``until_ms``."""
    return until_ms - until_ms % PART_MS


def require_held(newest: int, logged: int, *, due: bool) -> None:
    """Raise `Refused` unless all cycles up to ``newest`` are in the log and none is ``due``."""
    if newest > logged:
        message = (
            f"the log holds cycles up to {logged}, and readings of cycle {newest} would go;"
            " nothing was dropped"
        )
        raise Refused(message, "retention")
    if due:
        message = "hours in there are still to be rolled up; nothing was dropped"
        raise Refused(message, "retention")


def not_final(buckets: Sequence[Bucket], kept_since_ms: int) -> list[Bucket]:
    """Return the buckets that may still be written: those of readings that are all there."""
    return [bucket for bucket in buckets if bucket.start_ms >= kept_since_ms]
