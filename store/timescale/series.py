"""The `Series` port on PostgreSQL 15 and later."""

from collections.abc import Iterator, Sequence

from domain.bucket import Bucket
from domain.clock import Beat, Offset
from domain.ids import DeviceId, SeriesId
from domain.ranges import Runs
from domain.reading import Delivery, StoredReading
from domain.window import Size, Window
from store import failpoint
from store.retention import not_final
from store.rows import runs_by_boot, still_ours
from store.series import Appended, Capabilities, Quarantined, Tally, Touched
from store.timescale import clocks, fence, reads, retention
from store.timescale.archive import PostgresArchive
from store.timescale.batch import Batches
from store.timescale.connection import Connections
from store.timescale.partitions import LACKS, Layout, Partitions, look
from store.timescale.touches import fold

_PUT_BUCKET = """INSERT INTO series.rollup VALUES
    (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (series, size, start) DO UPDATE SET n = excluded.n,
        expected = excluded.expected, minimum = excluded.minimum, maximum = excluded.maximum,
        total = excluded.total, last = excluded.last, flagged = excluded.flagged,
        conflicts = excluded.conflicts, late = excluded.late"""
# Locked, in the order in which folding locks them: another watcher waits, and finds them gone.
_TOUCHED = """SELECT series, hour, mark FROM series.touched
    JOIN unnest(%s::int[], %s::bigint[]) AS d(series, hour) USING (series, hour)
    ORDER BY series, hour FOR UPDATE OF touched"""
# From one series to the next by the key, and not through all readings.
_SERIES = """WITH RECURSIVE s(id) AS (
        SELECT min(series) FROM series.first_reading UNION ALL
        SELECT (SELECT min(series) FROM series.first_reading WHERE series > s.id) FROM s
        WHERE s.id IS NOT NULL)
    SELECT id FROM s WHERE id IS NOT NULL"""
_QUARANTINED = """SELECT id, topic, payload, reason, detail, part, first, last, seen, mended
    FROM series.quarantine"""
_CHOSEN = "WHERE (%s::boolean OR mended IS NULL) AND (%s::text IS NULL OR reason = %s)"


class PostgresSeries:
    """Readings in PostgreSQL. Methods may be called from any thread."""

    def __init__(self, dsn: str, *, new: bool = True) -> None:
        self._connections = Connections(dsn, new=new)
        with self._connections.transaction() as connection:
            self._found = look(connection)
        layout = self._found.layout
        partitions = Partitions() if layout is Layout.NATIVE else None
        self._batches = Batches(self._connections, partitions, layout)

    def capabilities(self) -> Capabilities:
        """Say what this backend is; see :class:`store.series.Series`."""
        with self._connections.transaction() as connection:
            version = connection.info.server_version
        told = f"{version // 10_000}.{version % 10_000}"
        if self._found.extension is not None:
            told += f" with TimescaleDB {self._found.extension}"
        return Capabilities("postgresql", told, LACKS[self._found.layout])

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Keep a batch in one transaction; see :class:`store.series.Series`."""
        failpoint.reach("before-begin")
        appended = self._batches.keep(tuple(deliveries), committed_ms)
        failpoint.reach("after-commit")
        return appended

    def fence(self, moment_ms: int) -> None:
        """Let nothing more be committed up to a moment; see the port."""
        with self._connections.transaction() as connection:
            if fence.is_set(connection, moment_ms):
                return
        self._connections.repeat(lambda connection: fence.set_to(connection, moment_ms))

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        """Yield readings by (time, value), a page at a time so that no snapshot is held long."""
        start: int | None = window.start_ms
        while start is not None:
            with self._connections.snapshot() as connection:
                # One look decides both: a move between two would cut the rest off.
                rest = Window(start, window.end_ms)
                page, start = reads.page(connection, series, rest)
            yield from page

    def latest(self, series: Sequence[SeriesId], until_ms: int) -> dict[SeriesId, StoredReading]:
        """Return each series' newest reading before ``until_ms``."""
        with self._connections.snapshot() as connection:
            return reads.latest(connection, series, until_ms)

    def buckets(self, series: SeriesId, window: Window, size: Size) -> list[Bucket]:
        """Return the roll-ups that start inside the window."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                """SELECT series, size, start, n, expected, minimum, maximum, total, last,
                   flagged, conflicts, late FROM series.rollup
                   WHERE series = %s AND size = %s AND start >= %s AND start < %s
                   ORDER BY start""",
                (series, size.value, window.start_ms, window.end_ms),
            )
            return [Bucket(SeriesId(row[0]), Size(row[1]), *row[2:]) for row in rows]

    def touched(self, limit: int) -> list[Touched]:
        """Return hours whose roll-ups are out of date, after folding what appends have touched."""
        folded, more = 0, 1
        while more and folded < limit:
            more = self._connections.repeat(fold)
            folded += more
        with self._connections.transaction() as connection:
            rows = connection.execute(
                "SELECT series, hour, mark FROM series.touched ORDER BY series, hour LIMIT %s",
                (limit,),
            )
            return [Touched(SeriesId(row[0]), row[1], row[2]) for row in rows]

    def settle(self, buckets: Sequence[Bucket], done: Sequence[Touched]) -> None:
        """Store buckets and strike out touched hours in one transaction."""
        with self._connections.transaction() as connection, connection.cursor() as cursor:
            columns = [t.series for t in done], [t.hour_ms for t in done]
            there = [
                Touched(SeriesId(row[0]), row[1], row[2])
                for row in cursor.execute(_TOUCHED, columns)
            ]
            buckets, done = still_ours(buckets, done, there)
            buckets = not_final(buckets, retention.kept_since(connection))
            rows = [
                (b.series, b.size.value, b.start_ms, b.n, b.expected, b.minimum, b.maximum,
                 b.total, b.last, b.flagged, b.conflicts, b.late) for b in buckets
            ]  # fmt: skip
            cursor.executemany(_PUT_BUCKET, rows)
            failpoint.reach("mid-roll-up")
            cursor.executemany(
                "DELETE FROM series.touched WHERE series = %s AND hour = %s AND mark = %s",
                [(t.series, t.hour_ms, t.mark) for t in done],
            )

    def ledger(self, device: DeviceId) -> dict[int, Runs]:
        """Return the sequence numbers received, by boot."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                """SELECT device, boot, first, last FROM series.run WHERE device = %s
                   ORDER BY boot, first""",
                (device,),
            )
            return {boot: runs for (_, boot), runs in runs_by_boot(rows).items()}

    def gaps(self, limit: int) -> dict[tuple[DeviceId, int], Runs]:
        """Return the runs of boots that miss a number."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                """SELECT device, boot, first, last FROM series.run WHERE (device, boot) IN (
                     SELECT device, boot FROM series.run GROUP BY device, boot
                     HAVING count(*) > 1 OR min(first) > 0 LIMIT %s)
                   ORDER BY device, boot, first""",
                (limit,),
            )
            return runs_by_boot(rows)

    def cycles(self, series: Sequence[SeriesId], window: Window) -> list[Beat]:
        """Return the cycles behind the readings of a window."""
        with self._connections.snapshot() as connection:
            return reads.cycles(connection, series, window)

    def beats(self, device: DeviceId, limit: int) -> list[Beat]:
        """Return a device's newest cycles, newest first."""
        with self._connections.transaction() as connection:
            return reads.beats(connection, device, limit)

    def move(
        self, device: DeviceId, offset: Offset, series: Sequence[SeriesId], decided_ms: int
    ) -> int:
        """Order a boot's cycles by a clock off by a constant; see the port."""
        return self._connections.repeat(
            lambda connection: clocks.move(connection, device, offset, series, decided_ms)
        )

    def suspect(self, device: DeviceId, frames: Sequence[int], series: Sequence[SeriesId]) -> None:
        """Note that the clock ran backwards at these cycles."""
        self._connections.repeat(
            lambda connection: clocks.suspect(connection, device, frames, series)
        )

    def touch(self, series: SeriesId, since_ms: int) -> None:
        """Put a series' hours on the list of those to roll up anew."""
        self._connections.repeat(
            lambda connection: clocks.touch_since(connection, series, since_ms)
        )

    def drop(self, until_ms: int, logged: int) -> int:
        """Drop old readings for good; see the port."""
        return self._connections.repeat(
            lambda connection: retention.drop(connection, until_ms, logged, self._found.layout)
        )

    def kept_since(self) -> int:
        """Return the moment before which readings were dropped."""
        with self._connections.transaction() as connection:
            return retention.kept_since(connection)

    def quarantined(
        self, limit: int, *, mended: bool = False, reason: str | None = None
    ) -> list[Quarantined]:
        """Return the newest quarantine entries."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                f"{_QUARANTINED} {_CHOSEN} ORDER BY last DESC, id DESC LIMIT %s",
                (mended, reason, reason, limit),
            )
            return [Quarantined(*row) for row in rows]

    def quarantined_by_reason(self, *, mended: bool = False) -> dict[str, int]:
        """Return how many quarantine entries there are of each reason."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                f"""SELECT reason, count(*) FROM series.quarantine {_CHOSEN}
                    GROUP BY reason ORDER BY 2 DESC, 1""",
                (mended, None, None),
            )
            return {row[0]: row[1] for row in rows}

    def quarantined_numbers(self, reason: str | None = None) -> list[int]:
        """Return the numbers of unmended quarantine entries, the oldest first."""
        with self._connections.transaction() as connection:
            rows = connection.execute(
                f"SELECT id FROM series.quarantine {_CHOSEN} ORDER BY last, id",
                (False, reason, reason),
            )
            return [row[0] for row in rows]

    def quarantined_entry(self, number: int) -> Quarantined | None:
        """Return one quarantine entry."""
        with self._connections.transaction() as connection:
            row = connection.execute(f"{_QUARANTINED} WHERE id = %s", (number,)).fetchone()
        return None if row is None else Quarantined(*row)

    def mend(self, number: int, mended_ms: int) -> None:
        """Note that a retry has succeeded."""
        with self._connections.transaction() as connection:
            connection.execute(
                "UPDATE series.quarantine SET mended = %s WHERE id = %s", (mended_ms, number)
            )

    def tally(self) -> Tally:
        """Count what is stored."""
        with self._connections.transaction() as connection:
            row = connection.execute(
                """SELECT (SELECT count(*) FROM series.every_reading),
                   (SELECT count(*) FROM series.frame),
                   (SELECT count(*) FROM series.conflict),
                   (SELECT count(*) FROM series.quarantine WHERE mended IS NULL),
                   (SELECT count(*) FROM series.touched)
                   + (SELECT coalesce(sum(cardinality(hour)), 0) FROM series.touch)"""
            ).fetchone()
        return Tally(*row) if row is not None else Tally(0, 0, 0, 0, 0)

    def series_ids(self) -> list[SeriesId]:
        """Return every series with a reading."""
        with self._connections.transaction() as connection:
            rows = connection.execute(_SERIES)
            return [SeriesId(row[0]) for row in rows]

    def check(self) -> list[str]:
        """Look for readings whose frame is gone."""
        with self._connections.transaction() as connection:
            row = connection.execute(
                """SELECT count(*) FROM series.every_reading r
                   WHERE NOT EXISTS (SELECT 1 FROM series.frame f WHERE f.id = r.frame)"""
            ).fetchone()
        lost = row[0] if row is not None else 0
        return [f"{lost} readings have lost their frame"] if lost else []

    def archive(self) -> PostgresArchive:
        """Return this store as something that can be moved."""
        native = self._found.layout is Layout.NATIVE
        return PostgresArchive(self._connections, Partitions() if native else None)

    def close(self) -> None:
        """Close the pool."""
        self._connections.close()
