"""Reading back from the embedded store; each function is given a connection."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import apsw

from domain.clock import Beat
from domain.ids import DeviceId, SeriesId
from domain.reading import StoredReading
from domain.window import LAST_MS, Window
from store.rows import beat, newest_moved, stored_reading
from store.sqlite.cells import at

PAGE = 5_000
_BEAT = "f.id, f.boot, f.seq, f.time, f.time + f.lag, f.skew, f.clock"
_TIMES = "f.time + f.lag, f.time + f.lag + f.took, f.skew, f.clock"
_SOURCES = """SELECT o.shape, o.place, s.parted FROM origin o JOIN shape s ON s.id = o.shape
    WHERE o.series = ?"""
_CELLS = f"""SELECT f.time, f.readings, f.qualities, {_TIMES} FROM frame f
    WHERE f.shape = ? AND f.time >= ? AND f.time < ? ORDER BY f.time LIMIT ?"""
_PARTS = f"""SELECT p.time, p.readings, p.qualities, {_TIMES}
    FROM part p JOIN frame f ON f.id = p.frame
    WHERE p.shape = ? AND p.time >= ? AND p.time < ? ORDER BY p.time LIMIT ?"""
_NEWEST_CELL = "SELECT max(time) FROM frame WHERE shape = ? AND time < ?"
_NEWEST_PART = "SELECT max(time) FROM part WHERE shape = ? AND time < ?"
_SHIFTS = """SELECT series, least, most FROM moved
    WHERE series IN (SELECT value FROM json_each(?))"""
# Series of one shape without parts: each shape's newest cycle answers for all of its series.
_PLAIN = """SELECT o.series, o.place, o.shape FROM json_each(?) AS s
    CROSS JOIN origin o ON o.series = s.value CROSS JOIN shape h ON h.id = o.shape
    WHERE NOT h.parted AND (SELECT count(*) FROM origin x WHERE x.series = o.series) = 1"""
_LATEST = f"""SELECT f.shape, f.time, f.readings, f.qualities, {_TIMES} FROM json_each(?) AS s
    CROSS JOIN frame f ON f.shape = s.value AND f.time = (SELECT max(time) FROM frame
        WHERE shape = s.value AND time < ?)"""
_CYCLES = f"""SELECT {_BEAT} FROM origin o JOIN frame f ON f.shape = o.shape
    WHERE o.series = ?1 AND f.time >= ?2 AND f.time < ?3
        AND max(0, min(f.time + f.skew, ?6)) >= ?4 AND max(0, min(f.time + f.skew, ?6)) < ?5
    UNION SELECT {_BEAT} FROM origin o JOIN part p ON p.shape = o.shape
        JOIN frame f ON f.id = p.frame
    WHERE o.series = ?1 AND p.time >= ?2 AND p.time < ?3
        AND max(0, min(p.time + f.skew, ?6)) >= ?4 AND max(0, min(p.time + f.skew, ?6)) < ?5"""
_BEATS = f"""WITH RECURSIVE chain(id) AS (
        SELECT last FROM device WHERE name = ? AND last > 0
        UNION ALL SELECT f.id - f.back FROM chain JOIN frame f USING (id) WHERE f.back > 0)
    SELECT {_BEAT} FROM chain JOIN frame f USING (id) LIMIT ?"""
_Shift = tuple[int, int]
Page = tuple[list[StoredReading], int | None]


class _Source(NamedTuple):
    """Where cells of a series lie: a shape, its place in it, and what to ask by."""

    shape: int
    place: int
    cells: str
    newest: str


def page(connection: apsw.Connection, series: SeriesId, window: Window) -> Page:
    """Return the first page of a window, whole instants only, and where the next one starts.

    Where cycles have moved it is all of the window at once. None: there is no next one.
    """
    shift = moved(connection, series)
    if shift is not None:
        return _moved_page(connection, series, window, shift), None
    end_ms = window.end_ms
    rows: list[tuple[int, _Source, tuple[object, ...]]] = []
    for source in _sources(connection, series):
        asked = (source.shape, window.start_ms, end_ms, PAGE)
        found = list(connection.execute(source.cells, asked))
        rows += [(int(row[0]), source, row) for row in found]
        if len(found) == PAGE and found[-1][0] > window.start_ms:
            end_ms = min(end_ms, found[-1][0])  # its last instant may go on
        elif len(found) == PAGE:
            instant = Window(window.start_ms, window.start_ms + 1)
            return _all(connection, series, instant), instant.end_ms
    readings = [
        _reading(series, source.place, row) for time_ms, source, row in rows if time_ms < end_ms
    ]
    whole = end_ms == window.end_ms
    return _in_order(connection, series, readings), None if whole else end_ms


def _all(connection: apsw.Connection, series: SeriesId, window: Window) -> list[StoredReading]:
    readings = [
        _reading(series, source.place, row)
        for source in _sources(connection, series)
        for row in connection.execute(
            source.cells, (source.shape, window.start_ms, window.end_ms, -1)
        )
    ]
    return _in_order(connection, series, readings)


def _sources(connection: apsw.Connection, series: SeriesId) -> Iterator[_Source]:
    for shape, place, parted in list(connection.execute(_SOURCES, (series,))):
        yield _Source(shape, place, _CELLS, _NEWEST_CELL)
        if parted:
            yield _Source(shape, place, _PARTS, _NEWEST_PART)


def _reading(series: int, place: int, row: tuple[object, ...]) -> StoredReading:
    time_ms, readings, qualities, received, committed, skew, clock = row
    value, quality = at(place, readings, qualities)  # type: ignore[arg-type] # apsw types them loosely
    return stored_reading(
        (series, time_ms, value, quality, received, committed, False, skew, clock)
    )


def _in_order(
    connection: apsw.Connection, series: SeriesId, readings: list[StoredReading]
) -> list[StoredReading]:
    """Return readings by (time, value), those in conflict marked."""
    readings.sort(key=lambda r: (r.time_ms, r.value))
    claimed = [r.claimed_ms for r in readings]
    if not claimed:
        return readings
    rows = connection.execute(
        "SELECT time FROM conflict WHERE series = ? AND time BETWEEN ? AND ?",
        (series, min(claimed), max(claimed)),
    )
    disputed = {row[0] for row in rows}
    if not disputed:
        return readings
    return [replace(r, conflict=True) if r.claimed_ms in disputed else r for r in readings]


def _moved_page(
    connection: apsw.Connection, series: SeriesId, window: Window, shift: _Shift
) -> list[StoredReading]:
    least, most = shift
    wide = Window(max(0, window.start_ms - most), max(0, window.end_ms - least))
    return [r for r in _all(connection, series, wide) if window.holds(r.time_ms)]


def moved(connection: apsw.Connection, series: SeriesId) -> _Shift | None:
    """Return the furthest moves of a series' cycles, None where none has moved."""
    rows = connection.execute("SELECT least, most FROM moved WHERE series = ?", (series,))
    found = rows.fetchone()
    return None if found is None else (int(found[0]), int(found[1]))


def latest(
    connection: apsw.Connection, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return each series' newest reading before ``until_ms``."""
    shifts = {
        SeriesId(row[0]): (int(row[1]), int(row[2]))
        for row in connection.execute(_SHIFTS, (json.dumps(series),))
    }
    still = [s for s in series if s not in shifts]
    plain = {
        SeriesId(one): (place, shape)
        for one, place, shape in connection.execute(_PLAIN, (json.dumps(still),))
    }
    found = _latest_plain(connection, plain, until_ms)
    for one in still:
        if one not in plain:
            newest = _claimed_newest(connection, one, until_ms)
            if newest is not None:
                found[one] = _all(connection, one, Window(newest, newest + 1))[0]
    for one, shift in shifts.items():
        reading = _latest_moved(connection, one, until_ms, shift)
        if reading is not None:
            found[one] = reading
    return found


def _latest_plain(
    connection: apsw.Connection, plain: dict[SeriesId, tuple[int, int]], until_ms: int
) -> dict[SeriesId, StoredReading]:
    shapes = sorted({shape for _, shape in plain.values()})
    rows = connection.execute(_LATEST, (json.dumps(shapes), until_ms))
    newest = {row[0]: row[1:] for row in rows}
    return {
        one: _reading(one, place, newest[shape])
        for one, (place, shape) in plain.items()
        if shape in newest
    }


def _claimed_newest(connection: apsw.Connection, series: SeriesId, until_ms: int) -> int | None:
    """Return the newest time claimed before a moment, None when there is none."""
    times = [
        row[0]
        for source in _sources(connection, series)
        for row in connection.execute(source.newest, (source.shape, until_ms))
    ]
    return max((int(t) for t in times if t is not None), default=None)


def _latest_moved(
    connection: apsw.Connection, series: SeriesId, until_ms: int, shift: _Shift
) -> StoredReading | None:
    claimed_ms = _claimed_newest(connection, series, until_ms - shift[0])
    if claimed_ms is None:
        return None
    return newest_moved(
        claimed_ms, until_ms, shift, lambda window: _moved_page(connection, series, window, shift)
    )


def cycles(connection: apsw.Connection, series: Sequence[SeriesId], window: Window) -> list[Beat]:
    """Return the cycles behind the readings of a window."""
    found: dict[int, Beat] = {}
    for one in series:
        least, most = moved(connection, one) or (0, 0)
        wide = window.start_ms - most, window.end_ms - least
        asked = (one, *wide, window.start_ms, window.end_ms, LAST_MS)
        rows = connection.execute(_CYCLES, asked)
        found |= {row[0]: beat(row) for row in rows}
    return [found[number] for number in sorted(found)]


def beats(connection: apsw.Connection, device: DeviceId, limit: int) -> list[Beat]:
    """Return a device's newest cycles, newest first; all of them when the limit is negative."""
    rows: Iterable[tuple[int, ...]] = connection.execute(_BEATS, (device, limit))
    return [beat(row) for row in rows]
