"""The cycles behind readings, and the newest of a device, by their numbers."""

from collections.abc import Sequence

from domain.clock import Beat
from domain.ids import DeviceId, SeriesId
from domain.window import Window
from store.influx.bucket import Bucket
from store.influx.clocks import shifts
from store.influx.flux import Row
from store.influx.numbers import Look
from store.influx.times import spans
from store.rows import NO_BOOT, beat, moved_to

_SPAN = 64  # cycles of all devices looked through at first for each one wanted


def cycles(bucket: Bucket, look: Look, series: Sequence[SeriesId], window: Window) -> list[Beat]:
    """Return the cycles behind the readings of a window."""
    moved = shifts(bucket)
    frames: set[int] = set()
    for one in series:
        least, most = moved.get(one, (0, 0))
        wide = Window(window.start_ms - most, window.end_ms - least)
        for span in spans(wide):
            rows = bucket.rows(
                "reading", span=span, tags={"series": [str(one)]}, fields=("frame", "skew")
            )
            for row in rows:
                moment = moved_to(row["_time"] // span.scale.places, row["skew"])
                if window.holds(moment) and look.shows(row["frame"]):
                    frames.add(row["frame"])
    return [_beat(row) for row in _frames(bucket, frames)]


def _frames(bucket: Bucket, numbers: set[int]) -> list[Row]:
    """Return cycles by number. Nearly always they are of one device, so that is asked for."""
    found: list[Row] = []
    left = set(numbers)
    while left:
        first = bucket.numbered("frame", min(left), min(left))
        if not first or "device" not in first[0]:
            left.discard(min(left))
            found += first
            continue
        rows = bucket.numbered("frame", min(left), max(left), device=first[0]["device"])
        found += [row for row in rows if row["_time"] in left]
        left -= {row["_time"] for row in rows}
    return sorted(found, key=lambda row: int(row["_time"]))


def beats(bucket: Bucket, look: Look, device: DeviceId, limit: int) -> list[Beat]:
    """Return a device's newest cycles, newest first."""
    span = _SPAN * limit
    while True:
        first = max(0, look.mark + 1 - span)
        found = bucket.numbered("frame", first, look.mark, device=str(device))
        rows = [row for row in found if look.shows(row["_time"])]
        if len(rows) >= limit or not first:
            return [_beat(row) for row in reversed(rows)][:limit]
        span *= 8


def _beat(row: Row) -> Beat:
    boot, seq = (None if row[name] == NO_BOOT else row[name] for name in ("boot", "seq"))
    times = row["claimed"], row["received"]
    return beat((row["_time"], boot, seq, *times, row["skew"], row["clock"]))
