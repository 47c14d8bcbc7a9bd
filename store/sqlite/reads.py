"""Reading back from the embedded store; each function is given a connection."""

import json
from collections.abc import Iterable, Sequence

import apsw

from domain.clock import Beat
from domain.ids import DeviceId, SeriesId
from domain.reading import StoredReading
from domain.window import Window
from store.rows import beat, newest_moved, stored_reading

PAGE = 5_000
_COLUMNS = """r.series, r.time, r.value, r.quality, f.received, f.committed,
    EXISTS (SELECT 1 FROM conflict c WHERE c.series = r.series AND c.time = r.time),
    f.skew, f.clock"""
_READ = f"""SELECT {_COLUMNS} FROM reading r JOIN frame f ON f.id = r.frame
    WHERE r.series = ? AND r.time >= ? AND r.time < ? ORDER BY r.time, r.value"""
_SHIFTS = """SELECT series, least, most FROM moved
    WHERE series IN (SELECT value FROM json_each(?))"""
# CROSS: series by series, each by its own key, in one statement for all.
_LATEST = f"""SELECT {_COLUMNS} FROM json_each(?) AS s
    CROSS JOIN reading r ON r.series = s.value AND r.time = (SELECT time FROM reading
        WHERE series = s.value AND time < ? ORDER BY time DESC LIMIT 1)
    CROSS JOIN frame f ON f.id = r.frame"""
_BEAT = "f.id, f.boot, f.seq, f.time, f.received, f.skew, f.clock"
_Shift = tuple[int, int]
Page = tuple[list[StoredReading], int | None]


def page(connection: apsw.Connection, series: SeriesId, window: Window) -> Page:
    """Return the first page of a window, whole instants only, and where the next one starts.

    Where cycles have moved it is all of the window at once. None: there is no next one.
    """
    shift = moved(connection, series)
    if shift is not None:
        return _moved_page(connection, series, window, shift), None
    rows = connection.execute(_READ, (series, window.start_ms, window.end_ms))
    found = [stored_reading(row) for row, _ in zip(rows, range(PAGE), strict=False)]
    if len(found) == PAGE:
        # A page may end between two values of one instant; take the rest of it.
        rest = connection.execute(_READ, (series, found[-1].time_ms, found[-1].time_ms + 1))
        found += [r for r in map(stored_reading, rest) if r.value > found[-1].value]
        return found, found[-1].time_ms + 1
    return found, None


def _moved_page(
    connection: apsw.Connection, series: SeriesId, window: Window, shift: _Shift
) -> list[StoredReading]:
    least, most = shift
    rows = connection.execute(_READ, (series, window.start_ms - most, window.end_ms - least))
    found = [r for r in map(stored_reading, rows) if window.holds(r.time_ms)]
    return sorted(found, key=lambda r: (r.time_ms, r.value))


def moved(connection: apsw.Connection, series: SeriesId) -> _Shift | None:
    """Return the furthest moves of a series' cycles, None where none has moved."""
    rows = connection.execute("SELECT least, most FROM moved WHERE series = ?", (series,))
    found = rows.fetchone()
    return None if found is None else (int(found[0]), int(found[1]))


def latest(
    connection: apsw.Connection, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return each series' newest reading before ``until_ms``."""
    asked = json.dumps(series)
    shifts = {
        SeriesId(row[0]): (int(row[1]), int(row[2]))
        for row in connection.execute(_SHIFTS, (asked,))
    }
    rows = connection.execute(
        _LATEST, (json.dumps([s for s in series if s not in shifts]), until_ms)
    )
    found: dict[SeriesId, StoredReading] = {}
    for reading in map(stored_reading, rows):
        first = found.setdefault(reading.series, reading)
        if reading.value < first.value:
            found[reading.series] = reading
    for one, shift in shifts.items():
        newest = _latest_moved(connection, one, until_ms, shift)
        if newest is not None:
            found[one] = newest
    return found


def _latest_moved(
    connection: apsw.Connection, series: SeriesId, until_ms: int, shift: _Shift
) -> StoredReading | None:
    row = connection.execute(
        "SELECT time FROM reading WHERE series = ? AND time < ? ORDER BY time DESC LIMIT 1",
        (series, until_ms - shift[0]),
    ).fetchone()
    if row is None:
        return None
    return newest_moved(
        row[0], until_ms, shift, lambda window: _moved_page(connection, series, window, shift)
    )


def cycles(connection: apsw.Connection, series: Sequence[SeriesId], window: Window) -> list[Beat]:
    """Return the cycles behind the readings of a window."""
    found: dict[int, Beat] = {}
    for one in series:
        least, most = moved(connection, one) or (0, 0)
        rows = connection.execute(
            f"""SELECT DISTINCT {_BEAT} FROM reading r JOIN frame f ON f.id = r.frame
                WHERE r.series = ? AND r.time >= ? AND r.time < ?
                AND r.time + f.skew >= ? AND r.time + f.skew < ?""",
            (one, window.start_ms - most, window.end_ms - least, window.start_ms, window.end_ms),
        )
        found |= {row[0]: beat(row) for row in rows}
    return [found[number] for number in sorted(found)]


def beats(connection: apsw.Connection, device: DeviceId, limit: int) -> list[Beat]:
    """Return a device's newest cycles, newest first."""
    rows: Iterable[tuple[int, ...]] = connection.execute(
        f"SELECT {_BEAT} FROM frame f WHERE f.device = ? ORDER BY f.id DESC LIMIT ?",
        (device, limit),
    )
    return [beat(row) for row in rows]
