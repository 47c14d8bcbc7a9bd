"""The `Series` port on SQLite: WAL, synchronous FULL, one transaction a batch."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

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
from store.sqlite import clocks, fence, reads, retention, touches
from store.sqlite.append import append
from store.sqlite.archive import SqliteArchive
from store.sqlite.connection import Connections
from store.sqlite.shapes import Shapes

_PUT_BUCKET = """INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = excluded.n, expected = excluded.expected,
        minimum = excluded.minimum, maximum = excluded.maximum, total = excluded.total,
        last = excluded.last, flagged = excluded.flagged, conflicts = excluded.conflicts,
        late = excluded.late"""
_TOUCHED = "SELECT series, hour, mark FROM touched WHERE series = ? AND hour = ?"
_TALLY = """SELECT
    (SELECT coalesce(sum(length(readings)), 0) / 8 FROM frame)
        + (SELECT coalesce(sum(length(readings)), 0) / 8 FROM part),
    (SELECT count(*) FROM frame), (SELECT count(*) FROM conflict),
    (SELECT count(*) FROM quarantine WHERE mended IS NULL),
    (SELECT count(*) FROM touched) + (SELECT coalesce(sum(n), 0) FROM touch)"""
_SERIES = """SELECT DISTINCT o.series FROM origin o
    WHERE EXISTS (SELECT 1 FROM frame WHERE shape = o.shape)
        OR EXISTS (SELECT 1 FROM part WHERE shape = o.shape) ORDER BY 1"""
_DAMAGE = """SELECT
    (SELECT count(*) FROM part WHERE frame NOT IN (SELECT id FROM frame)),
    (SELECT count(*) FROM (SELECT shape, readings FROM frame WHERE shape IS NOT NULL
            UNION ALL SELECT shape, readings FROM part) c LEFT JOIN shape s ON s.id = c.shape
        WHERE s.id IS NULL OR length(c.readings) IS NOT 2 * length(s.series)),
    (SELECT count(*) FROM frame f WHERE f.back > 0 AND NOT EXISTS (
        SELECT 1 FROM frame b WHERE b.id = f.id - f.back AND b.device = f.device))
    + (SELECT count(*) FROM device d WHERE d.last > 0 AND NOT EXISTS (
        SELECT 1 FROM frame f WHERE f.id = d.last AND f.device = d.id))"""
_QUARANTINED = """SELECT id, topic, payload, reason, detail, part, first, last, seen, mended
    FROM quarantine"""
_CHOSEN = "WHERE (? OR mended IS NULL) AND (? IS NULL OR reason = ?)"


class SqliteSeries:
    """Readings in one SQLite file. Methods may be called from any thread."""

    def __init__(self, path: Path, *, new: bool = True) -> None:
        self._connections = Connections(path, new=new)
        self._shapes = Shapes()
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        """Say what this backend is; see :class:`store.series.Series`."""
        lacks = ("one writer at a time: a second ingest worker waits for the first",)
        return Capabilities("sqlite", apsw.sqlitelibversion(), lacks)

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Keep a batch in one transaction; see :class:`store.series.Series`."""
        failpoint.reach("before-begin")
        with self._writing() as connection:
            stamp_ms = max(committed_ms, fence.moment(connection) + 1)
            appended = append(connection, self._shapes, tuple(deliveries), stamp_ms)
            failpoint.reach("before-commit")
        failpoint.reach("after-commit")
        return appended

    def fence(self, moment_ms: int) -> None:
        """Let nothing more be committed up to a moment; see the port."""
        with self._connections.guarded() as connection:
            if fence.moment(connection) >= moment_ms:
                return
        with self._writing() as connection:
            fence.set_to(connection, moment_ms)

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        # One thread at a time: the file takes one writer anyway, and shapes are shared.
        with self._lock, self._connections.guarded() as connection:
            # IMMEDIATE: take the write lock first, so that no read goes stale under us.
            connection.execute("BEGIN IMMEDIATE")
            failpoint.reach("after-begin")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A commit may fail too, by a full disk; what was learnt may be gone with it.
                # The connection is closed for it, which rolls back whatever SQLite has not.
                self._shapes.forget()
                raise

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        """Lend a connection that sees one moment, however many statements are asked."""
        with self._connections.guarded() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        """Yield readings by (time, value), a page at a time so that no lock is held long."""
        start: int | None = window.start_ms
        while start is not None:
            with self._reading() as connection:
                # One look decides both: a move between two would cut the rest off.
                rest = Window(start, window.end_ms)
                page, start = reads.page(connection, series, rest)
            yield from page

    def latest(self, series: Sequence[SeriesId], until_ms: int) -> dict[SeriesId, StoredReading]:
        """Return each series' newest reading before ``until_ms``."""
        with self._reading() as connection:
            return reads.latest(connection, series, until_ms)

    def buckets(self, series: SeriesId, window: Window, size: Size) -> list[Bucket]:
        """Return the roll-ups that start inside the window."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                """SELECT series, size, start, n, expected, minimum, maximum, total, last,
                   flagged, conflicts, late FROM rollup
                   WHERE series = ? AND size = ? AND start >= ? AND start < ? ORDER BY start""",
                (series, size.value, window.start_ms, window.end_ms),
            )
            return [Bucket(SeriesId(row[0]), Size(row[1]), *row[2:]) for row in rows]

    def touched(self, limit: int) -> list[Touched]:
        """Return hours whose roll-ups are out of date, after folding what appends have touched."""
        folded = 0
        while folded < limit and self._holds_touches():
            with self._writing() as connection:
                folded += touches.fold(connection)
        with self._connections.guarded() as connection:
            rows = connection.execute(
                "SELECT series, hour, mark FROM touched ORDER BY series, hour LIMIT ?", (limit,)
            )
            return [Touched(SeriesId(row[0]), row[1], row[2]) for row in rows]

    def _holds_touches(self) -> bool:
        # Looked at first: a watcher with nothing to do must not take the write lock.
        with self._connections.guarded() as connection:
            return bool(rows_of(connection.execute("SELECT 1 FROM touch LIMIT 1")))

    def settle(self, buckets: Sequence[Bucket], done: Sequence[Touched]) -> None:
        """Store buckets and strike out touched hours in one transaction."""
        with self._writing() as connection:
            there = [
                Touched(SeriesId(row[0]), row[1], row[2])
                for t in done
                for row in connection.execute(_TOUCHED, (t.series, t.hour_ms))
            ]
            buckets, done = still_ours(buckets, done, there)
            buckets = not_final(buckets, retention.kept_since(connection))
            rows = (
                (b.series, b.size.value, b.start_ms, b.n, b.expected, b.minimum, b.maximum,
                 b.total, b.last, b.flagged, b.conflicts, b.late) for b in buckets
            )  # fmt: skip
            connection.executemany(_PUT_BUCKET, rows)
            failpoint.reach("mid-roll-up")
            connection.executemany(
                "DELETE FROM touched WHERE series = ? AND hour = ? AND mark = ?",
                ((t.series, t.hour_ms, t.mark) for t in done),
            )

    def ledger(self, device: DeviceId) -> dict[int, Runs]:
        """Return the sequence numbers received, by boot."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                """SELECT device, boot, first, last FROM ledger WHERE device = ?
                   ORDER BY boot, first""",
                (device,),
            )
            return {boot: runs for (_, boot), runs in runs_by_boot(rows).items()}

    def gaps(self, limit: int) -> dict[tuple[DeviceId, int], Runs]:
        """Return the runs of boots that miss a number."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                """SELECT device, boot, first, last FROM ledger WHERE (device, boot) IN (
                     SELECT device, boot FROM ledger GROUP BY device, boot
                     HAVING count(*) > 1 OR min(first) > 0 LIMIT ?)
                   ORDER BY device, boot, first""",
                (limit,),
            )
            return runs_by_boot(rows)

    def cycles(self, series: Sequence[SeriesId], window: Window) -> list[Beat]:
        """Return the cycles behind the readings of a window."""
        with self._reading() as connection:
            return reads.cycles(connection, series, window)

    def beats(self, device: DeviceId, limit: int) -> list[Beat]:
        """Return a device's newest cycles, newest first."""
        with self._connections.guarded() as connection:
            return reads.beats(connection, device, limit)

    def move(
        self, device: DeviceId, offset: Offset, series: Sequence[SeriesId], decided_ms: int
    ) -> int:
        """Order a boot's cycles by a clock off by a constant; see the port."""
        with self._writing() as connection:
            return clocks.move(connection, device, offset, series, decided_ms)

    def suspect(self, device: DeviceId, frames: Sequence[int], series: Sequence[SeriesId]) -> None:
        """Note that the clock ran backwards at these cycles."""
        with self._writing() as connection:
            clocks.suspect(connection, device, frames, series)

    def touch(self, series: SeriesId, since_ms: int) -> None:
        """Put a series' hours on the list of those to roll up anew."""
        with self._writing() as connection:
            clocks.touch_since(connection, series, since_ms)

    def drop(self, until_ms: int, logged: int) -> int:
        """Drop old readings for good; see the port."""
        with self._writing() as connection:
            return retention.drop(connection, until_ms, logged)

    def kept_since(self) -> int:
        """Return the moment before which readings were dropped."""
        with self._connections.guarded() as connection:
            return retention.kept_since(connection)

    def quarantined(
        self, limit: int, *, mended: bool = False, reason: str | None = None
    ) -> list[Quarantined]:
        """Return the newest quarantine entries."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                f"{_QUARANTINED} {_CHOSEN} ORDER BY last DESC, id DESC LIMIT ?",
                (mended, reason, reason, limit),
            )
            return [Quarantined(*row) for row in rows]

    def quarantined_by_reason(self, *, mended: bool = False) -> dict[str, int]:
        """Return how many quarantine entries there are of each reason."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                f"""SELECT reason, count(*) FROM quarantine {_CHOSEN}
                    GROUP BY reason ORDER BY 2 DESC, 1""",
                (mended, None, None),
            )
            return {row[0]: row[1] for row in rows}

    def quarantined_numbers(self, reason: str | None = None) -> list[int]:
        """Return the numbers of unmended quarantine entries, the oldest first."""
        with self._connections.guarded() as connection:
            rows = connection.execute(
                f"SELECT id FROM quarantine {_CHOSEN} ORDER BY last, id",
                (False, reason, reason),
            )
            return [row[0] for row in rows]

    def quarantined_entry(self, number: int) -> Quarantined | None:
        """Return one quarantine entry."""
        with self._connections.guarded() as connection:
            row = connection.execute(f"{_QUARANTINED} WHERE id = ?", (number,)).fetchone()
            return None if row is None else Quarantined(*row)

    def mend(self, number: int, mended_ms: int) -> None:
        """Note that a retry has succeeded."""
        with self._writing() as connection:
            connection.execute("UPDATE quarantine SET mended = ? WHERE id = ?", (mended_ms, number))

    def tally(self) -> Tally:
        """Count what is stored."""
        with self._connections.guarded() as connection:
            return Tally(*rows_of(connection.execute(_TALLY))[0])

    def series_ids(self) -> list[SeriesId]:
        """Return every series with a reading."""
        with self._connections.guarded() as connection:
            return [SeriesId(row[0]) for row in connection.execute(_SERIES)]

    def check(self) -> list[str]:
        """Run SQLite's integrity check and look for cells that nothing explains."""
        with self._connections.guarded() as connection:
            wrong = [str(r[0]) for r in connection.execute("PRAGMA integrity_check")]
            lost, odd, broken = rows_of(connection.execute(_DAMAGE))[0]
        wrong = [line for line in wrong if line != "ok"]
        wrong += [f"{lost} parts have lost their cycle"] if lost else []
        wrong += [f"{odd} cells are not what their shape says"] if odd else []
        return [*wrong, *([f"{broken} links to a cycle lead to none"] if broken else [])]

    def archive(self) -> SqliteArchive:
        """Return this store as something that can be moved."""
        return SqliteArchive(self._reading, self._writing, self._shapes)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


def rows_of(cursor: apsw.Cursor) -> list[tuple[int, ...]]:
    """Return all rows; apsw types them loosely."""
    return list(cursor)
