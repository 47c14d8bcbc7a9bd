"""Letting old readings go from the bucket; the caller holds the writer's lock.

The one thing this backend deletes. What is dropped is said before it goes: cut short, the
rest of it goes with the next drop, and no roll-up is computed again from half of it.
"""

from store.influx import lists
from store.influx.bucket import Bucket
from store.influx.numbers import Looks
from store.influx.points import Point
from store.influx.times import USUAL, Span
from store.retention import PART_MS, require_held, whole_parts


def drop(bucket: Bucket, looks: Looks, until_ms: int, logged: int) -> int:
    """Drop what was claimed before a moment, in whole parts; return how many readings.

    Raises `Refused`; see :class:`store.series.Series`.
    """
    until_ms = whole_parts(until_ms)
    look = looks.now()
    span = Span(USUAL, 0, until_ms * USUAL.places)
    rows = bucket.rows("reading", span=span, fields=("frame",))
    frames = [row["frame"] for row in rows if look.shows(row["frame"])]
    due = any(t.hour_ms < until_ms for t in lists.look(bucket, looks).hours())
    require_held(max(frames, default=0), logged, due=due)
    bucket.commit([Point("dropped", {}, until_ms // PART_MS, {"readings": len(frames)})])
    bucket.server.delete("reading", until_ms)
    return len(frames)


def kept_since(bucket: Bucket) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    newest = bucket.newest("dropped").get("dropped")
    return 0 if newest is None else int(newest["_time"]) * PART_MS
