"""What is found out about clocks, into PostgreSQL; inside the caller's transaction."""

from collections.abc import Sequence

import psycopg

from domain.clock import ClockVerdict, Offset
from domain.ids import DeviceId, SeriesId
from domain.window import LAST_MS
from store.rows import NO_BOOT, moved_frames

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_DECIDE = """INSERT INTO series.clock (device, boot, skew, messages, spread, decided)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
# From the device's newest cycle back to its first: asked once a boot.
_FRAMES = """WITH RECURSIVE chain AS (
        SELECT f.* FROM series.device d JOIN series.frame f ON f.id = d.newest WHERE d.name = %s
        UNION ALL SELECT f.* FROM chain c JOIN series.frame f ON f.id = c.before)
    SELECT id, time, received FROM chain WHERE boot IS NOT DISTINCT FROM %s AND clock <> %s
    AND NOT EXISTS (SELECT FROM series.shift WHERE frame = id)"""
_MOVE = """WITH moved AS (
        UPDATE series.frame SET clock = %(clock)s WHERE id = ANY(%(frames)s) RETURNING id)
    INSERT INTO series.shift SELECT id, %(skew)s FROM moved"""
_SUSPECT = """UPDATE series.frame SET clock = %s WHERE id = ANY(%s) AND clock = 0
    AND device = (SELECT id FROM series.device WHERE name = %s)"""
_BOUNDS = """INSERT INTO series.moved SELECT id, least(%(skew)s, 0), greatest(%(skew)s, 0)
    FROM unnest(%(series)s::int[]) AS s(id) ON CONFLICT (series) DO UPDATE
    SET least = least(moved.least, excluded.least), most = greatest(moved.most, excluded.most)"""
# Where the readings of some cycles lie, and where they lay.
_TOUCH = """INSERT INTO series.touched
    SELECT series, hour, nextval('series.mark') FROM (
        SELECT DISTINCT r.series, t - t %% 3600000 AS hour
        FROM series.every_reading r CROSS JOIN unnest(%(shifts)s::bigint[]) AS by(shift)
        CROSS JOIN LATERAL (
            SELECT least(greatest(r.time + by.shift, 0), %(last)s)) AS moment(t)
        WHERE r.series = ANY(%(series)s) AND r.frame = ANY(%(frames)s)
        ORDER BY 1, 2) hours
    ON CONFLICT (series, hour) DO UPDATE SET mark = excluded.mark"""
_SINCE = """INSERT INTO series.touched
    SELECT series, hour, nextval('series.mark') FROM (
        SELECT DISTINCT r.series, t - t %% 3600000 AS hour
        FROM series.every_reading r JOIN series.cycle f ON f.id = r.frame
        CROSS JOIN LATERAL (
            SELECT least(greatest(r.time + f.skew, 0), %(last)s)) AS moment(t)
        WHERE r.series = %(series)s AND t >= %(since)s AND r.time >= %(since)s - coalesce(
            (SELECT most FROM series.moved WHERE series = %(series)s), 0)
        ORDER BY 1, 2) hours
    ON CONFLICT (series, hour) DO UPDATE SET mark = excluded.mark"""


def move(
    connection: psycopg.Connection,
    device: DeviceId,
    offset: Offset,
    series: Sequence[SeriesId],
    decided_ms: int,
) -> int:
    """Record an offset once, move the cycles it concerns, touch where they were and are."""
    # Appends of this device wait, or one could miss the decision and not be moved.
    connection.execute(_LOCK, (device,))
    boot = NO_BOOT if offset.boot is None else offset.boot
    evidence = (offset.skew_ms, offset.messages, offset.spread_ms, decided_ms)
    if not connection.execute(_DECIDE, (device, boot, *evidence)).rowcount:
        return 0
    rows = connection.execute(_FRAMES, (device, offset.boot, int(ClockVerdict.CARRIED)))
    frames = moved_frames(((r[0], r[1], r[2]) for r in rows), offset.skew_ms)
    moved = {"skew": offset.skew_ms, "clock": int(ClockVerdict.OFFSET), "frames": frames}
    connection.execute(_MOVE, moved)
    connection.execute(_BOUNDS, {"skew": offset.skew_ms, "series": list(series)})
    _touch(connection, frames, series, (0, offset.skew_ms))
    return len(frames)


def suspect(
    connection: psycopg.Connection,
    device: DeviceId,
    frames: Sequence[int],
    series: Sequence[SeriesId],
) -> None:
    """Mark the cycles at which the clock ran backwards; touch their hours."""
    connection.execute(_SUSPECT, (int(ClockVerdict.BACKWARDS), list(frames), device))
    _touch(connection, frames, series, (0,))


def _touch(
    connection: psycopg.Connection,
    frames: Sequence[int],
    series: Sequence[SeriesId],
    shifts: Sequence[int],
) -> None:
    connection.execute(
        _TOUCH,
        {
            "series": list(series),
            "frames": list(frames),
            "shifts": list(shifts),
            "last": LAST_MS,
        },
    )


def touch_since(connection: psycopg.Connection, series: SeriesId, since_ms: int) -> None:
    """Touch every hour of a series in which something lies since a moment."""
    connection.execute(_SINCE, {"series": series, "since": since_ms, "last": LAST_MS})
