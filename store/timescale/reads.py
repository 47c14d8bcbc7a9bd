"""Reading back from PostgreSQL; each function is given a connection."""

from collections.abc import Sequence

import psycopg

from domain.clock import Beat
from domain.ids import DeviceId, SeriesId
from domain.reading import StoredReading
from domain.window import Window
from store.rows import beat, newest_moved, stored_reading

PAGE = 5_000
_COLUMNS = """r.series, r.time, r.value, r.quality, f.received, f.committed,
    EXISTS (SELECT 1 FROM series.conflict c WHERE c.series = r.series AND c.time = r.time),
    f.skew, f.clock"""
_READ = f"""SELECT {_COLUMNS} FROM series.every_reading r JOIN series.frame f ON f.id = r.frame
    WHERE r.series = %s AND r.time >= %s AND r.time < %s ORDER BY r.time"""
_LATEST = f"""SELECT {_COLUMNS} FROM unnest(%s::int[]) AS s(id)
    CROSS JOIN LATERAL (SELECT series, time FROM series.reading WHERE series = s.id AND time < %s
        ORDER BY time DESC LIMIT 1) newest
    CROSS JOIN LATERAL (SELECT * FROM series.every_reading
        WHERE series = newest.series AND time = newest.time ORDER BY value LIMIT 1) r
    JOIN series.frame f ON f.id = r.frame"""
_BEAT = "f.id, f.boot, f.seq, f.time, f.received, f.skew, f.clock"
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
    rows = connection.execute(_READ, (series, window.start_ms - most, window.end_ms - least))
    found = [r for r in map(stored_reading, rows) if window.holds(r.time_ms)]
    return sorted(found, key=lambda r: (r.time_ms, r.value))


def moved(connection: psycopg.Connection, series: Sequence[SeriesId]) -> dict[SeriesId, _Shift]:
    """Return the furthest moves of the series' cycles, without those where none has moved."""
    rows = connection.execute(
        "SELECT series, least, most FROM series.moved WHERE series = ANY(%s)", (list(series),)
    )
    return {SeriesId(row[0]): (row[1], row[2]) for row in rows}


def latest(
    connection: psycopg.Connection, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return each series' newest reading before ``until_ms``."""
    shifts = moved(connection, series)
    rows = connection.execute(_LATEST, ([s for s in series if s not in shifts], until_ms))
    found = {reading.series: reading for reading in map(stored_reading, rows)}
    for one, shift in shifts.items():
        newest = _latest_moved(connection, one, until_ms, shift)
        if newest is not None:
            found[one] = newest
    return found


def _latest_moved(
    connection: psycopg.Connection, series: SeriesId, until_ms: int, shift: _Shift
) -> StoredReading | None:
    row = connection.execute(
        "SELECT max(time) FROM series.reading WHERE series = %s AND time < %s",
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
            FROM series.every_reading r JOIN series.frame f ON f.id = r.frame
            WHERE r.series = ANY(%s) AND r.time >= %s AND r.time < %s
            AND r.time + f.skew >= %s AND r.time + f.skew < %s ORDER BY f.id""",
        (list(series), window.start_ms - most, window.end_ms - least,
         window.start_ms, window.end_ms),
    )  # fmt: skip
    return [beat(row) for row in rows]


def beats(connection: psycopg.Connection, device: DeviceId, limit: int) -> list[Beat]:
    """Return a device's newest cycles, newest first."""
    rows = connection.execute(
        f"SELECT {_BEAT} FROM series.frame f WHERE f.device = %s ORDER BY f.id DESC LIMIT %s",
        (device, limit),
    )
    return [beat(row) for row in rows]
