"""What is found out about clocks, into the bucket; the caller holds the writer's lock.

A cycle's move stands in its readings' points too, so these are written over with it. The
decision itself is written last: where a write before it fails, all is done again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from domain.clock import ClockVerdict, Offset
from domain.ids import DeviceId, SeriesId
from domain.window import Window
from store.influx.bucket import Bucket
from store.influx.lists import asked
from store.influx.points import Point
from store.influx.sound import refuse_unsound_name
from store.influx.times import LAST_NS, scale_of, spans
from store.rows import NO_BOOT, hour_of, moved_frames, moved_to

Skews: TypeAlias = dict[tuple[str, int], int]
_EVER = Window(-LAST_NS, LAST_NS)


def open_skews(bucket: Bucket) -> Skews:
    """Return the offsets that have not ended, by device and boot."""
    # Hardly any device has a clock that is known to be wrong, so all are looked up at once.
    return {
        (row["device"], row["_time"]): row["skew"]
        for row in bucket.rows("clock")
        if "ended" not in row
    }


def shifts(bucket: Bucket) -> dict[SeriesId, tuple[int, int]]:
    """Return the furthest moves of every series that holds moved cycles."""
    found = bucket.numbered("moved")
    return {SeriesId(row["_time"]): (row["least"], row["most"]) for row in found}


def widened(bucket: Bucket, moves: Mapping[int, tuple[int, int]]) -> list[Point]:
    """Return the points that widen the bounds within which series' cycles are moved."""
    known = shifts(bucket)
    points = []
    for series, (least, most) in moves.items():
        before = known.get(SeriesId(series), (0, 0))
        fields = {"least": min(least, before[0]), "most": max(most, before[1])}
        points.append(Point("moved", {}, series, fields))
    return points


def move(
    bucket: Bucket, device: DeviceId, offset: Offset, series: Sequence[SeriesId], decided_ms: int
) -> int:
    """Record an offset once, move the cycles it concerns, touch where they were and are."""
    refuse_unsound_name(device)
    boot = NO_BOOT if offset.boot is None else offset.boot
    decided = {(row["device"], row["_time"]) for row in bucket.rows("clock")}
    if (device, boot) in decided:
        return 0
    rows = [
        (row["_time"], row["claimed"], row["received"])
        for row in bucket.numbered("frame", device=device)
        if row["boot"] == boot and not row["skew"] and row["clock"] != ClockVerdict.CARRIED
    ]
    frames = moved_frames(rows, offset.skew_ms)
    skew = offset.skew_ms
    bucket.write(widened(bucket, {one: (min(skew, 0), max(skew, 0)) for one in series}))
    fields = {"skew": skew, "clock": int(ClockVerdict.OFFSET)}
    rest = _judge(bucket, device, frames, series, fields, shifts=(0, skew))
    decision = {
        "skew": skew, "messages": offset.messages, "spread": offset.spread_ms,
        "decided": decided_ms,
    }  # fmt: skip
    bucket.commit([*rest, Point("clock", {"device": device}, boot, decision)])
    return len(frames)


def suspect(
    bucket: Bucket, device: DeviceId, frames: Sequence[int], series: Sequence[SeriesId]
) -> None:
    """Mark the cycles at which the clock ran backwards; touch their hours."""
    refuse_unsound_name(device)
    if not frames:
        return
    rows = bucket.numbered("frame", min(frames), max(frames), device=device)
    unsuspected = {row["_time"] for row in rows if not row["clock"]}
    fields = {"clock": int(ClockVerdict.BACKWARDS)}
    rest = _judge(bucket, device, sorted(unsuspected & set(frames)), series, fields, shifts=(0,))
    if rest:
        bucket.commit(rest)


def touch_since(bucket: Bucket, series: SeriesId, since_ms: int) -> None:
    """Touch every hour of a series in which something was claimed since a moment."""
    _, most = shifts(bucket).get(series, (0, 0))
    rows = _readings(bucket, series, since_ms - most)
    times = (moved_to(time_ms, skew) for time_ms, _, _, skew in rows)
    hours = sorted({hour_of(time_ms) for time_ms in times if time_ms >= since_ms})
    if hours:
        bucket.commit(asked(bucket, [(series, hour) for hour in hours]))


def _judge(
    bucket: Bucket,
    device: DeviceId,
    frames: Sequence[int],
    series: Sequence[SeriesId],
    fields: Mapping[str, int],
    *,
    shifts: Sequence[int],
) -> list[Point]:
    """Write over the readings of some cycles; return what is left to write for them."""
    concerned, hours = set(frames), set()
    for one in series if concerned else ():
        points = []
        for time_ms, time, frame, _ in _readings(bucket, one):
            if frame in concerned:
                name = f"{scale_of(time_ms).prefix}reading"
                points.append(Point(name, {"series": str(one)}, time, fields))
                hours |= {(one, hour_of(moved_to(time_ms, shift))) for shift in shifts}
        bucket.write(points)
    marked = [Point("frame", {"device": device}, frame, fields) for frame in frames]
    return [*marked, *(asked(bucket, sorted(hours)) if hours else ())]


def _readings(
    bucket: Bucket, series: SeriesId, since_ms: int = _EVER.start_ms
) -> Iterator[tuple[int, int, int, int]]:
    """Yield moment, time in ns, cycle and move of a series' readings, of uncommitted ones too."""
    for span in spans(Window(since_ms, _EVER.end_ms)):
        rows: Iterable[Mapping[str, int]] = bucket.rows(
            "reading", span=span, tags={"series": [str(series)]}, fields=("frame", "skew")
        )
        for row in rows:
            yield row["_time"] // span.scale.places, row["_time"], row["frame"], row["skew"]
