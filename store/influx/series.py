"""The `Series` port on InfluxDB 2: everything in one bucket, nothing in a file beside.

Where SQL inserts, updates and deletes, this backend does one thing: it writes a point. The
same identity written again is an update; a field that says so is a striking out. InfluxDB's
delete takes tags and a stretch of time, reaches back into compacted files, and cannot ask
what a point says, so only `drop` uses it. What that leaves unpromised is in README.md.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from domain.bucket import Bucket as RollUp
from domain.clock import Beat, Offset
from domain.errors import Refused, StoreAbsent, StoreTooNew
from domain.ids import DeviceId, SeriesId
from domain.ranges import Runs
from domain.reading import Delivery, StoredReading
from domain.window import Size, Window
from store import failpoint
from store.archive import Archive
from store.influx import aside, buckets, clocks, counts, cycles, lists, reads, retention, runs
from store.influx.address import Address
from store.influx.append import append
from store.influx.bucket import Bucket
from store.influx.numbers import Looks, Numbers
from store.influx.points import Point
from store.influx.server import Server
from store.influx.sound import refuse_unsound
from store.retention import not_final
from store.rows import still_ours
from store.series import Appended, Capabilities, Quarantined, Tally, Touched

_VERSION = 1
_LACKS = (
    "it was shown against a stand-in of InfluxDB's HTTP API, not against a server",
    (
        "one writer: a second process that appends is noticed and told to try again, but of what"
        " both change at once in one device's ledger or clock, the last stays"
    ),
    (
        "no transactions: readings show only once their batch is committed, but roll-ups, clock"
        " decisions and their lists are written point by point and may be seen half done"
    ),
    (
        "a reading that is being committed while its day is logged may bear a time before that and"
        " be in the day's next revision only, which then says that it does not continue"
    ),
    (
        "no constraints and no foreign keys: whoever else writes to the bucket can break it, and"
        " nothing but `nguon fsck` would notice"
    ),
    (
        "a value's place within its millisecond is a hash: two writers at once could put two"
        " values that collide into one place; one writer cannot"
    ),
    (
        "the bucket must keep its points for ever: a retention period drops the ledger and the"
        " lists first, which lie in 1970"
    ),
    "what was struck out of a list stays, a few bytes each",
    "a value that is not finite is refused",
)


class InfluxSeries:
    """Readings in one bucket. Methods may be called from any thread."""

    def __init__(self, address: Address, *, new: bool = True, prefix: str = "") -> None:
        self._server = Server(address, prefix)
        self._bucket = Bucket(self._server)
        self._looks = Looks(self._bucket)
        self._numbers: Numbers | None = None
        self._lock = threading.Lock()
        try:
            self._prepare(new=new)
        except BaseException:
            self._server.close()
            raise

    def _prepare(self, *, new: bool) -> None:
        name = self._server.address.bucket
        found = self._bucket.newest("version").get("version")
        if found is None and not new:
            message = f"bucket {name!r} holds no readings at all, not even the mark of a beginning"
            raise StoreAbsent(message)
        if found is None:
            self._bucket.commit([Point("version", {}, 0, {"number": _VERSION})])
        elif found["number"] > _VERSION:
            message = (
                f"bucket {name!r} has series schema {found['number']},"
                f" this program knows {_VERSION}"
            )
            raise StoreTooNew(message)

    def capabilities(self) -> Capabilities:
        """Say what this backend is; see :class:`store.series.Series`."""
        return Capabilities("influxdb", self._server.version(), _LACKS)

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Keep a batch; see :class:`store.series.Series` and `append.py`."""
        refuse_unsound(deliveries, committed_ms)
        failpoint.reach("before-begin")
        with self._writing() as numbers:
            failpoint.reach("after-begin")
            stamp_ms = max(committed_ms, self._fenced() + 1)
            appended = append(self._bucket, numbers, deliveries, stamp_ms)
        failpoint.reach("after-commit")
        return appended

    def fence(self, moment_ms: int) -> None:
        """Let nothing more be committed up to a moment; see the port, and README.md."""
        with self._lock:
            if self._fenced() < moment_ms:
                self._bucket.commit([Point("fence", {}, 0, {"moment": moment_ms})])

    def _fenced(self) -> int:
        found = self._bucket.newest("fence").get("fence")
        return 0 if found is None else int(found["moment"])

    @contextmanager
    def _writing(self) -> Iterator[Numbers]:
        with self._lock:
            try:
                if self._numbers is None or not self._numbers.are_ours():
                    self._numbers = Numbers(self._bucket)
                yield self._numbers
            except BaseException:
                # Who knows what of it is there; the next one finds out.
                self._numbers = None
                raise

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        """Yield readings by (time, value), a page at a time."""
        start: int | None = window.start_ms
        while start is not None:
            rest = Window(start, window.end_ms)
            page, start = reads.page(self._bucket, self._looks.now(), series, rest)
            yield from page

    def latest(self, series: Sequence[SeriesId], until_ms: int) -> dict[SeriesId, StoredReading]:
        """Return each series' newest reading before ``until_ms``."""
        if not series:
            return {}
        return reads.latest(self._bucket, self._looks.now(), series, until_ms)

    def buckets(self, series: SeriesId, window: Window, size: Size) -> list[RollUp]:
        """Return the roll-ups that start inside the window."""
        return buckets.read(self._bucket, series, window, size)

    def touched(self, limit: int) -> list[Touched]:
        """Return hours whose roll-ups are out of date."""
        return lists.look(self._bucket, self._looks).hours()[:limit]

    def settle(self, buckets_: Sequence[RollUp], done: Sequence[Touched]) -> None:
        """Store buckets, then strike out the touched hours: cut short, they come up again."""
        with self._lock:
            opened = lists.look(self._bucket, self._looks)
            kept, struck = still_ours(buckets_, done, opened.hours())
            kept = not_final(kept, retention.kept_since(self._bucket))
            self._bucket.write([buckets.point(one) for one in kept])
            failpoint.reach("mid-roll-up")
            self._bucket.write(list(opened.struck_out(struck)))

    def ledger(self, device: DeviceId) -> dict[int, Runs]:
        """Return the sequence numbers received, by boot."""
        return runs.ledger(self._bucket, device)

    def gaps(self, limit: int) -> dict[tuple[DeviceId, int], Runs]:
        """Return the runs of boots that miss a number."""
        return runs.gaps(self._bucket, limit)

    def cycles(self, series: Sequence[SeriesId], window: Window) -> list[Beat]:
        """Return the cycles behind the readings of a window."""
        return cycles.cycles(self._bucket, self._looks.now(), series, window)

    def beats(self, device: DeviceId, limit: int) -> list[Beat]:
        """Return a device's newest cycles, newest first."""
        return cycles.beats(self._bucket, self._looks.now(), device, limit)

    def move(
        self, device: DeviceId, offset: Offset, series: Sequence[SeriesId], decided_ms: int
    ) -> int:
        """Order a boot's cycles by a clock off by a constant; see the port."""
        with self._lock:
            return clocks.move(self._bucket, device, offset, series, decided_ms)

    def suspect(self, device: DeviceId, frames: Sequence[int], series: Sequence[SeriesId]) -> None:
        """Note that the clock ran backwards at these cycles."""
        with self._lock:
            clocks.suspect(self._bucket, device, frames, series)

    def touch(self, series: SeriesId, since_ms: int) -> None:
        """Put a series' hours on the list of those to roll up anew."""
        with self._lock:
            clocks.touch_since(self._bucket, series, since_ms)

    def drop(self, until_ms: int, logged: int) -> int:
        """Drop old readings for good; see the port."""
        with self._lock:
            return retention.drop(self._bucket, self._looks, until_ms, logged)

    def kept_since(self) -> int:
        """Return the moment before which readings were dropped."""
        return retention.kept_since(self._bucket)

    def quarantined(
        self, limit: int, *, mended: bool = False, reason: str | None = None
    ) -> list[Quarantined]:
        """Return the newest quarantine entries."""
        rows = aside.listed(self._bucket, mended=mended, reason=reason)
        found = (aside.entry_of(self._bucket, row["_time"]) for row in rows[::-1][:limit])
        return [entry for entry in found if entry is not None]

    def quarantined_by_reason(self, *, mended: bool = False) -> dict[str, int]:
        """Return how many quarantine entries there are of each reason."""
        rows = aside.listed(self._bucket, mended=mended, reason=None)
        counted = Counter(str(row["reason"]) for row in rows)
        return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))

    def quarantined_numbers(self, reason: str | None = None) -> list[int]:
        """Return the numbers of unmended quarantine entries, the oldest first."""
        rows = aside.listed(self._bucket, mended=False, reason=reason)
        return [row["_time"] for row in rows]

    def quarantined_entry(self, number: int) -> Quarantined | None:
        """Return one quarantine entry."""
        return aside.entry_of(self._bucket, number)

    def mend(self, number: int, mended_ms: int) -> None:
        """Note that a retry has succeeded."""
        with self._lock:
            aside.mend(self._bucket, number, mended_ms)

    def tally(self) -> Tally:
        """Count what is stored."""
        return counts.tally(self._bucket, self._looks)

    def series_ids(self) -> list[SeriesId]:
        """Return every series with a reading."""
        return sorted(counts.readings_by_series(self._bucket, self._looks.now()))

    def check(self) -> list[str]:
        """Look for readings whose cycle is gone."""
        return counts.check(self._bucket, self._looks.now())

    def archive(self) -> Archive:
        """Refuse: what a bucket holds is copied by InfluxDB's own tools."""
        message = "a bucket of InfluxDB is moved by `influx backup` and `influx restore`"
        raise Refused(message, "archive")

    def close(self) -> None:
        """Close every connection."""
        self._server.close()
