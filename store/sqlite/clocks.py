"""What is found out about clocks, into the embedded store; inside the caller's transaction."""

from collections.abc import Sequence

import apsw

from domain.clock import ClockVerdict, Offset
from domain.ids import DeviceId, SeriesId
from domain.window import HOUR_MS
from store.rows import NO_BOOT, hour_of, moved_frames, moved_to
from store.sqlite.cells import series_of
from store.sqlite.reads import beats

_DECIDE = """INSERT INTO clock (device, boot, skew, messages, spread, decided)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_MOVE = "UPDATE frame SET skew = ?, clock = ? WHERE id = ?"
_SUSPECT = """UPDATE frame SET clock = ? WHERE id = ? AND clock = 0
    AND device = (SELECT id FROM device WHERE name = ?)"""
_CELLS = """SELECT s.series, c.time FROM (
        SELECT shape, time FROM frame WHERE id = ?1 AND shape IS NOT NULL
        UNION ALL SELECT shape, time FROM part WHERE frame = ?1) c
    JOIN shape s ON s.id = c.shape"""
_SINCE = """SELECT DISTINCT c.time - c.time % ?1 FROM origin o CROSS JOIN (
        SELECT shape, time FROM frame UNION ALL SELECT shape, time FROM part) c
    ON c.shape = o.shape WHERE o.series = ?2 AND c.time >= ?3"""
_TOUCH = "INSERT INTO touched VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark"
_BOUNDS = """INSERT INTO moved VALUES (?1, min(?2, 0), max(?2, 0)) ON CONFLICT DO UPDATE
    SET least = min(least, excluded.least), most = max(most, excluded.most)"""


def move(
    connection: apsw.Connection,
    device: DeviceId,
    offset: Offset,
    series: Sequence[SeriesId],
    decided_ms: int,
) -> int:
    """Record an offset once, move the cycles it concerns, touch where they were and are."""
    boot = NO_BOOT if offset.boot is None else offset.boot
    evidence = (offset.skew_ms, offset.messages, offset.spread_ms, decided_ms)
    connection.execute(_DECIDE, (device, boot, *evidence))
    if not connection.changes():
        return 0
    of_boot = (b for b in beats(connection, device, -1) if b.boot == offset.boot)
    frames = moved_frames(
        (
            (b.frame, b.time_ms, b.received_ms)
            for b in of_boot
            if not b.skew_ms and b.clock is not ClockVerdict.CARRIED
        ),
        offset.skew_ms,
    )
    connection.executemany(
        _MOVE, ((offset.skew_ms, int(ClockVerdict.OFFSET), frame) for frame in frames)
    )
    connection.executemany(_BOUNDS, ((one, offset.skew_ms) for one in series))
    _touch(connection, frames, series, (0, offset.skew_ms), decided_ms)
    return len(frames)


def suspect(
    connection: apsw.Connection,
    device: DeviceId,
    frames: Sequence[int],
    series: Sequence[SeriesId],
) -> None:
    """Mark the cycles at which the clock ran backwards; touch their hours."""
    verdict = int(ClockVerdict.BACKWARDS)
    connection.executemany(_SUSPECT, ((verdict, frame, device) for frame in frames))
    _touch(connection, frames, series, (0,), max(frames, default=0))


def _touch(
    connection: apsw.Connection,
    frames: Sequence[int],
    series: Sequence[SeriesId],
    shifts: Sequence[int],
    mark: int,
) -> None:
    concerned = set(series)
    hours = {
        (one, hour_of(moved_to(time_ms, shift)))
        for frame in frames
        for packed, time_ms in connection.execute(_CELLS, (frame,))
        for one in concerned.intersection(series_of(packed))
        for shift in shifts
    }
    # Negative: no append has such a mark, so none that is being settled strikes it out.
    connection.executemany(_TOUCH, ((*hour, -mark) for hour in sorted(hours)))


def touch_since(connection: apsw.Connection, series: SeriesId, since_ms: int) -> None:
    """Touch every hour of a series in which something was claimed since a moment."""
    rows = connection.execute(_SINCE, (HOUR_MS, series, since_ms))
    hours = [row[0] for row in rows]
    mark = _fresh_mark(connection)
    connection.executemany(_TOUCH, ((series, hour, mark) for hour in hours))


def _fresh_mark(connection: apsw.Connection) -> int:
    """Return a mark that nothing on the list has; negative, as appends' are not."""
    row = connection.execute("SELECT coalesce(min(mark), 0) FROM touched").fetchone()
    return min(0, int(row[0]) if row is not None else 0) - 1
