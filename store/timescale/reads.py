"""Reading back from PostgreSQL; each function is given a connection."""

from collections.abc import Sequence

import psycopg

from domain.clock import Beat
from domain.ids import DeviceId, SeriesId
from domain.reading import StoredReading
from domain.window import LAST_MS, Window
from store.retention import PART_MS
from store.rows import beat, newest_moved, stored_reading
from store.timescale.arrays import Int4s, Int8s
from store.timescale.partitions import END_MS, FIRST_MS

PAGE = 5_000
_COLUMNS = """r.series, r.time, r.value, r.quality, f.received, f.committed,
    EXISTS (SELECT 1 FROM series.conflict c WHERE c.series = r.series AND c.time = r.time)"""
_UNMOVED, _MOVED = f"{_COLUMNS}, 0, f.clock", f"{_COLUMNS}, f.skew, f.clock"
_READ, _READ_MOVED = (
    f"""SELECT {columns} FROM series.every_reading r JOIN series.cycle f ON f.id = r.frame
    WHERE r.series = %s AND r.time >= %s AND r.time < %s ORDER BY r.time"""
    for columns in (_UNMOVED, _MOVED)
)
_NEWEST, _NEWEST_BESIDE = (
    f"""SELECT {_UNMOVED} FROM unnest(%s::int[]) AS s(id)
    CROSS JOIN LATERAL (SELECT * FROM series.{table}
        WHERE series = s.id AND time >= %s AND time < %s ORDER BY time DESC LIMIT 1) r
    JOIN series.cycle f ON f.id = r.frame"""
    for table in ("reading", "stray")
)
_LEAST = f"""SELECT DISTINCT ON (r.series) {_UNMOVED}
    FROM unnest(%s::int[], %s::bigint[]) AS n(series, time)
    JOIN series.every_reading r USING (series, time) JOIN series.cycle f ON f.id = r.frame
    ORDER BY r.series, r.value"""
_BEAT = "f.id, f.boot, f.seq, f.time, f.received, f.skew, f.clock"
# From the newest back, each by its key.
_BEATS = """WITH RECURSIVE chain AS (
        SELECT f.*, 1 AS n FROM series.device d JOIN series.frame f ON f.id = d.newest
        WHERE d.name = %(device)s
        UNION ALL SELECT f.*, n + 1 FROM chain c JOIN series.frame f ON f.id = c.before
        WHERE n < %(limit)s)
    SELECT c.id, boot, seq, time, received, coalesce(skew, 0), clock
    FROM chain c LEFT JOIN series.shift s ON s.frame = c.id ORDER BY c.id DESC LIMIT %(limit)s"""
_Shift = tuple[int, int]
Page = tuple[list[StoredReading], int | None]


def page(connection: psycopg.Connection, series: SeriesId, window: Window) -> Page:
    """Return the first page of a window, whole instants only, and where the next one starts.

    Where cycles have moved it is all of the window at once. None: there is no next one.
    """
    shift = moved(connection, [series]).get(series)
    if shift is not None:
        return _moved_page(connection, series, window, shift), None
    # WITH TIES keeps all values of the last instant on this page.
    statement = f"{_READ} FETCH FIRST {PAGE} ROWS WITH TIES"
    rows = connection.execute(statement, (series, window.start_ms, window.end_ms))
    found = sorted(map(stored_reading, rows), key=lambda r: (r.time_ms, r.value))
    return found, None if len(found) < PAGE else found[-1].time_ms + 1


def _moved_page(
    connection: psycopg.Connection, series: SeriesId, window: Window, shift: _Shift
) -> list[StoredReading]:
    least, most = shift
    rows = connection.execute(_READ_MOVED, (series, window.start_ms - most, window.end_ms - least))
    found = [r for r in map(stored_reading, rows) if window.holds(r.time_ms)]
    return sorted(found, key=lambda r: (r.time_ms, r.value))


def moved(connection: psycopg.Connection, series: Sequence[SeriesId]) -> dict[SeriesId, _Shift]:
    """Return the furthest moves of the series' cycles, without those where none has moved."""
    rows = connection.execute(
        "SELECT series, least, most FROM series.moved WHERE series = ANY(%s)", (Int4s(series),)
    )
    return {SeriesId(row[0]): (row[1], row[2]) for row in rows}


def latest(
    connection: psycopg.Connection, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return each series' newest reading before ``until_ms``."""
    shifts = moved(connection, series)
    found = _newest(connection, [s for s in series if s not in shifts], until_ms)
    for one, shift in shifts.items():
        newest = _latest_moved(connection, one, until_ms, shift)
        if newest is not None:
            found[one] = newest
    return found


def _newest(
    connection: psycopg.Connection, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return the newest before ``until_ms`` of series whose cycles have not moved."""
    found: dict[SeriesId, StoredReading] = {}
    # Nearly all are found in the last parts, and the server need not plan for the others.
    recent = max(FIRST_MS, until_ms - 2 * PART_MS)
    for statement, since_ms in ((_NEWEST, recent), (_NEWEST, FIRST_MS), (_NEWEST_BESIDE, 0)):
        if until_ms > END_MS and statement is _NEWEST_BESIDE:
            asked = list(series)  # beyond the parts: what lies beside may be newer
        else:
            asked = [s for s in series if s not in found]
        if asked:
            rows = _all(connection, statement, (Int4s(asked), since_ms, until_ms))
            found |= {
                r.series: r
                for r in rows
                if r.series not in found or r.time_ms > found[r.series].time_ms
            }
    disputed = [r for r in found.values() if r.conflict]
    if disputed:
        keys = Int4s([r.series for r in disputed]), Int8s([r.time_ms for r in disputed])
        found |= {r.series: r for r in _all(connection, _LEAST, keys)}
    return found


def _all(
    connection: psycopg.Connection, statement: str, asked: tuple[object, ...]
) -> list[StoredReading]:
    with connection.cursor(binary=True) as cursor:
        return [stored_reading(row) for row in cursor.execute(statement, asked)]


def _latest_moved(
    connection: psycopg.Connection, series: SeriesId, until_ms: int, shift: _Shift
) -> StoredReading | None:
    row = connection.execute(
        "SELECT max(time) FROM series.first_reading WHERE series = %s AND time < %s",
        (series, until_ms - shift[0]),
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return newest_moved(
        row[0], until_ms, shift, lambda window: _moved_page(connection, series, window, shift)
    )


def cycles(
    connection: psycopg.Connection, series: Sequence[SeriesId], window: Window
) -> list[Beat]:
    """Return the cycles behind the readings of a window."""
    shifts = moved(connection, series).values()
    least, most = min((s[0] for s in shifts), default=0), max((s[1] for s in shifts), default=0)
    rows = connection.execute(
        f"""SELECT DISTINCT {_BEAT}
            FROM series.every_reading r JOIN series.cycle f ON f.id = r.frame
            WHERE r.series = ANY(%s) AND r.time >= %s AND r.time < %s
            AND least(greatest(r.time + f.skew, 0), {LAST_MS}) >= %s
            AND least(greatest(r.time + f.skew, 0), {LAST_MS}) < %s ORDER BY f.id""",
        (list(series), window.start_ms - most, window.end_ms - least,
         window.start_ms, window.end_ms),
    )  # fmt: skip
    return [beat(row) for row in rows]


def beats(connection: psycopg.Connection, device: DeviceId, limit: int) -> list[Beat]:
    """Return a device's newest cycles, newest first."""
    rows = connection.execute(_BEATS, {"device": device, "limit": limit})
    return [beat(row) for row in rows]
