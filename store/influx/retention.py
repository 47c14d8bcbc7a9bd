"""Letting old readings go from the bucket; the caller holds the writer's lock.

The one thing this backend deletes. What is dropped is said before it goes: cut short, the
rest of it goes with the next drop, and no roll-up is computed again from half of it. InfluxDB
deletes by series and time, so where a reading is to stay, what lies around it is deleted.
"""

from collections import defaultdict
from collections.abc import Iterable

from domain.window import DAY_MS
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
    look, span = looks.now(), Span(USUAL, 0, until_ms * USUAL.places)
    frames: list[int] = []
    ahead: defaultdict[str, list[int]] = defaultdict(list)
    for row in bucket.rows("reading", span=span, fields=("frame", "skew")):
        kept = ahead[row["series"]]
        if row["_time"] // USUAL.places + row["skew"] >= until_ms:
            kept.append(row["_time"])  # moved past the bound, it lies after it
        elif look.shows(row["frame"]):
            frames.append(row["frame"])
    # A day more: the local day across the bound is final as well.
    hours = lists.look(bucket, looks).hours()
    due = any(t.hour_ms < until_ms + DAY_MS for t in hours)
    require_held(max(frames, default=0), logged, due=due)
    bucket.commit([Point("dropped", {}, until_ms // PART_MS, {"readings": len(frames)})])
    if any(ahead.values()):
        for series, times in ahead.items():
            _delete_around(bucket, series, times, span.end)
    else:
        bucket.server.delete("reading", 0, span.end)
    return len(frames)


def _delete_around(bucket: Bucket, series: str, kept: Iterable[int], end: int) -> None:
    """Delete a series' points up to a time in ns, but for some."""
    start = 0
    for time in (*sorted(kept), end):
        if start < time:
            bucket.server.delete("reading", start, time, series)
        start = time + 1


def kept_since(bucket: Bucket) -> int:
    """Return the moment before which readings were dropped, 0 when none were."""
    newest = bucket.newest("dropped").get("dropped")
    return 0 if newest is None else int(newest["_time"]) * PART_MS
