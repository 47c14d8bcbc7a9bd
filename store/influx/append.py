"""One batch into the bucket: everything is looked up first, then written in two steps.

First the readings and the conflicts among them, which lie all over time; then, in one
request, cycles, touched hours, quarantine, ledger, and the point that commits it all (see
`numbers.py`). Where a write fails the caller sends the batch again, and the result is as
if it had gone well the first time.
"""

from collections.abc import Sequence

from domain.clock import ClockVerdict, has_ended, moved_by
from domain.ids import DeviceId
from domain.ranges import Runs, holds
from domain.reading import Delivery, Frame, Reading
from store import failpoint
from store.influx.aside import Aside
from store.influx.bucket import Bucket
from store.influx.clocks import Skews, open_skews, widened
from store.influx.lists import TOUCHED, entries
from store.influx.numbers import Numbers
from store.influx.points import Arrival, Point, reading_point
from store.influx.present import Put, look_up
from store.influx.runs import keep_runs, runs_of
from store.ledger import merged, numbers_of
from store.rows import NO_BOOT, hour_of, moved_to, newest_of, time_of
from store.series import Appended, Fate


def append(
    bucket: Bucket, numbers: Numbers, deliveries: Sequence[Delivery], committed_ms: int
) -> Appended:
    """Write a batch that is sound; the caller holds the lock of the only writer."""
    added = numbers_of(deliveries)
    known = runs_of(bucket, list(added))
    batch = _Batch(bucket, numbers, deliveries, committed_ms, known)
    fates = tuple(batch.deliver(delivery) for delivery in deliveries)
    runs = merged(known, added)
    rest = [*batch.rest(), *keep_runs(known, runs)]
    if batch.scattered or rest:
        last = batch.last + len(batch.touched)
        numbers.reserve(last)
        bucket.write(batch.scattered)
        failpoint.reach("mid-batch")
        bucket.commit([*rest, numbers.batch(last, committed_ms)])
        numbers.done(last)
    return Appended(fates, runs)


class _Batch:
    """What runs through one batch: numbers, places, and the points to write."""

    def __init__(
        self,
        bucket: Bucket,
        numbers: Numbers,
        deliveries: Sequence[Delivery],
        committed_ms: int,
        known: dict[tuple[DeviceId, int], Runs],
    ) -> None:
        readings = (r for d in deliveries for f in d.frames for r in f.readings)
        self._bucket, self._committed_ms, self._known = bucket, committed_ms, known
        self._present = look_up(bucket, readings, numbers.look)
        self._aside = Aside(bucket)
        self._skews: Skews = open_skews(bucket)
        self._heard: set[tuple[str, int, int]] = set()
        self._moved: dict[int, tuple[int, int]] = {}
        self._points: list[Point] = []
        self.last = numbers.next - 1
        self.touched: dict[tuple[int, int], None] = {}
        self.scattered: list[Point] = []

    def rest(self) -> list[Point]:
        """Return what is committed with the batch, but for the ledger."""
        touched = entries(TOUCHED, self.last + 1, list(self.touched))
        moves = widened(self._bucket, self._moved) if self._moved else []
        return [*self._points, *touched, *moves, *self._aside.points()]

    def deliver(self, delivery: Delivery) -> Fate:
        new = same = conflicts = 0
        for frame in delivery.frames:
            fresh, disputed = self._keep(delivery, frame)
            new, same = new + fresh, same + len(frame.readings) - fresh
            conflicts += disputed
        for refusal in delivery.refusals:
            self._aside.add(delivery, refusal)
        return Fate(new, same, conflicts, len(delivery.refusals))

    def _keep(self, delivery: Delivery, frame: Frame) -> tuple[int, int]:
        fresh = disputed = 0
        skew = self._skew(delivery, frame)
        clock = int(ClockVerdict.OFFSET if skew else frame.clock)
        received = delivery.received_ms
        arrival = Arrival(self.last + 1, received, self._committed_ms, skew, clock)
        for r in frame.readings:
            put = self._present.put(r, skew)
            if put is None:
                continue
            fresh += 1
            disputed += bool(put.rivals)
            self._write(r, put, arrival)
        if self._is_news(delivery, frame) or fresh:
            self.last += 1
            self._points.append(_frame_point(delivery, frame, arrival))
        return fresh, disputed

    def _write(self, r: Reading, put: Put, arrival: Arrival) -> None:
        rival = bool(put.rivals)
        self.scattered.append(reading_point(r, put.scale, put.place, arrival, rival=rival))
        skew = arrival.skew_ms
        # What is in dispute with it may lie in another hour, if that cycle was moved.
        for move in {skew, *put.moves}:
            self.touched[r.series, hour_of(moved_to(r.time_ms, move))] = None
        if skew:
            least, most = self._moved.get(r.series, (0, 0))
            self._moved[r.series] = min(least, skew), max(most, skew)
        tags, start = {"series": str(r.series)}, r.time_ms * put.scale.places
        for other in put.rivals:
            name = f"{put.scale.prefix}reading"
            self.scattered.append(Point(name, tags, start + other, {"rival": 1}))
        if len(put.rivals) == 1:  # with more of them it is noted already
            noticed = {"noticed": self._committed_ms, "frame": arrival.frame}
            self.scattered.append(Point(f"{put.scale.prefix}conflict", tags, start, noticed))

    def _skew(self, delivery: Delivery, frame: Frame) -> int:
        carried = frame.clock is ClockVerdict.CARRIED
        if not self._skews or delivery.device is None or carried:
            return 0
        key = str(delivery.device), NO_BOOT if frame.boot is None else frame.boot
        skew = self._skews.get(key, 0)
        if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
            del self._skews[key]
            ended = {"ended": delivery.received_ms}
            self._points.append(Point("clock", {"device": key[0]}, key[1], ended))
            return 0
        return moved_by(skew, newest_of(delivery), delivery.received_ms) if skew else 0

    def _is_news(self, delivery: Delivery, frame: Frame) -> bool:
        """Whether a cycle's number was never heard of before; from now on it was."""
        if delivery.device is None or frame.boot is None or frame.seq is None:
            return False
        key = delivery.device, frame.boot, frame.seq
        heard = key in self._heard or holds(self._known[delivery.device, frame.boot], frame.seq)
        self._heard.add(key)
        return not heard


def _frame_point(delivery: Delivery, frame: Frame, arrival: Arrival) -> Point:
    fields: dict[str, int | float | str] = {
        "frame": arrival.frame,
        "boot": NO_BOOT if frame.boot is None else frame.boot,
        "seq": NO_BOOT if frame.seq is None else frame.seq,
        "received": arrival.received_ms,
        "committed": arrival.committed_ms,
        "claimed": time_of(frame, delivery.received_ms),
        "skew": arrival.skew_ms,
        "clock": arrival.clock,
    }
    tags = {} if delivery.device is None else {"device": str(delivery.device)}
    return Point("frame", tags, arrival.frame, fields)
