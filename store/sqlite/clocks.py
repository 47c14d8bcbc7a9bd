"""What is found out about clocks, into the embedded store; inside the caller's transaction."""

from collections.abc import Sequence

import apsw

from domain.clock import ClockVerdict, Offset
from domain.ids import DeviceId, SeriesId
from store.rows import NO_BOOT, hour_of, moved_frames, moved_to
from store.sqlite.cells import series_of
from store.sqlite.reads import beats, moved
from store.sqlite.touches import put

_DECIDE = """INSERT INTO clock (device, boot, skew, messages, spread, decided)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_MOVE = "UPDATE frame SET skew = ?, clock = ? WHERE id = ?"
_SUSPECT = """UPDATE frame SET clock = ? WHERE id = ? AND clock = 0
    AND device = (SELECT id FROM device WHERE name = ?)"""
_CELLS = """SELECT s.series, c.time FROM (
        SELECT shape, time FROM frame WHERE id = ?1 AND shape IS NOT NULL
        UNION ALL SELECT shape, time FROM part WHERE frame = ?1) c
    JOIN shape s ON s.id = c.shape"""
_SINCE = """SELECT f.time, f.skew FROM origin o JOIN frame f ON f.shape = o.shape
    WHERE o.series = ?1 AND f.time >= ?2
    UNION SELECT p.time, f.skew FROM origin o JOIN part p ON p.shape = o.shape
        JOIN frame f ON f.id = p.frame
    WHERE o.series = ?1 AND p.time >= ?2"""
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
    _touch(connection, frames, series, (0, offset.skew_ms))
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
    _touch(connection, frames, series, (0,))


def _touch(
    connection: apsw.Connection,
    frames: Sequence[int],
    series: Sequence[SeriesId],
    shifts: Sequence[int],
) -> None:
    concerned = set(series)
    hours = {
        (one, hour_of(moved_to(time_ms, shift)))
        for frame in frames
        for packed, time_ms in connection.execute(_CELLS, (frame,))
        for one in concerned.intersection(series_of(packed))
        for shift in shifts
    }
    put(connection, hours)


def touch_since(connection: apsw.Connection, series: SeriesId, since_ms: int) -> None:
    """Touch every hour of a series in which something lies since a moment."""
    _, most = moved(connection, series) or (0, 0)
    rows = connection.execute(_SINCE, (series, since_ms - most))
    times = (moved_to(time_ms, skew) for time_ms, skew in rows)
    put(connection, {(series, hour_of(time_ms)) for time_ms in times if time_ms >= since_ms})
