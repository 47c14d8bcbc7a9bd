"""The cycles of a batch: their numbers and moves, and their rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from domain.clock import ClockVerdict, has_ended, moved_by
from domain.ids import DeviceId
from domain.reading import Delivery
from store import archive
from store.rows import NO_BOOT, Numbered, newest_of, time_of
from store.timescale.arrays import Int2s, Int4s, Int8s
from store.timescale.devices import Devices

Skews = Mapping[tuple[str, int], int]

_FRAMES = """INSERT INTO series.frame
    (id, before, boot, seq, time, received, committed, device, clock)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::int[], %s::smallint[])"""
_SHIFTS = "INSERT INTO series.shift SELECT * FROM unnest(%s::bigint[], %s::bigint[])"
_MOVED = """INSERT INTO series.moved SELECT * FROM
    unnest(%s::int[], %s::bigint[], %s::bigint[]) AS m(series, least, most)
    ON CONFLICT (series) DO UPDATE
    SET least = least(moved.least, excluded.least), most = greatest(moved.most, excluded.most)"""


def ended(deliveries: Sequence[Delivery], skews: Skews) -> Iterator[tuple[int, str, int]]:
    """Yield when an offset has ended, for which boot of which device."""
    for delivery in deliveries if skews else ():
        told = [f for f in delivery.frames if f.clock is not ClockVerdict.CARRIED]
        for boot in {NO_BOOT if f.boot is None else f.boot for f in told}:
            skew = skews.get((delivery.device or "", boot), 0)
            if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
                yield delivery.received_ms, delivery.device or "", boot


def numbered(
    deliveries: Sequence[Delivery], numbers: Iterator[int], skews: Skews
) -> Iterator[Numbered]:
    """Yield every cycle of a batch with its number and its move."""
    skews = dict(skews)
    for place, delivery in enumerate(deliveries):
        for frame in delivery.frames:
            time_ms = time_of(frame, delivery.received_ms)
            boot = NO_BOOT if frame.boot is None else frame.boot
            skew = skews.get((delivery.device or "", boot), 0) if skews else 0
            if frame.clock is ClockVerdict.CARRIED:
                skew = 0
            if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
                del skews[delivery.device or "", boot]
                skew = 0
            moved = moved_by(skew, newest_of(delivery), delivery.received_ms) if skew else 0
            yield Numbered(next(numbers), place, delivery, frame, time_ms, moved)


@dataclass(frozen=True, slots=True)
class Rows:
    """Cycles as rows, packed; ``newest`` gives each of their devices its newest one."""

    columns: tuple[object, ...]
    shifts: Sequence[tuple[int, int]]
    newest: Mapping[DeviceId, int]


def packed(devices: Devices, cycles: Sequence[Numbered], committed_ms: int) -> Rows:
    """Return the rows of cycles that are to be kept, in their order."""
    links = devices.link((c.delivery.device, c.number) for c in cycles)
    columns = (
        Int8s([c.number for c in cycles]),
        Int8s(links.before),
        _perhaps_null([c.frame.boot for c in cycles]),
        _perhaps_null([c.frame.seq for c in cycles]),
        Int8s([c.time_ms for c in cycles]),
        Int8s([c.delivery.received_ms for c in cycles]),
        Int8s([committed_ms] * len(cycles)),
        Int4s(links.devices),
        Int2s([ClockVerdict.OFFSET if c.skew_ms else c.frame.clock for c in cycles]),
    )
    return Rows(columns, [(c.number, c.skew_ms) for c in cycles if c.skew_ms], links.newest)


def packed_again(devices: Devices, cycles: Sequence[archive.Kept]) -> Rows:
    """Return the rows of cycles as another store had them."""
    links = devices.link((c.device, c.number) for c in cycles)
    columns = (
        Int8s([c.number for c in cycles]),
        Int8s(links.before),
        _perhaps_null([c.boot for c in cycles]),
        _perhaps_null([c.seq for c in cycles]),
        Int8s([c.time_ms for c in cycles]),
        Int8s([c.received_ms for c in cycles]),
        Int8s([c.committed_ms for c in cycles]),
        Int4s(links.devices),
        Int2s([c.clock for c in cycles]),
    )
    return Rows(columns, [(c.number, c.skew_ms) for c in cycles if c.skew_ms], links.newest)


def keep(connection: psycopg.Connection, rows: Rows) -> None:
    """Write the rows of cycles."""
    if rows.newest:
        connection.execute(_FRAMES, rows.columns)
    if rows.shifts:
        numbers, skews = zip(*rows.shifts, strict=True)
        connection.execute(_SHIFTS, (Int8s(numbers), Int8s(skews)))


def note_moves(connection: psycopg.Connection, cycles: Sequence[Numbered]) -> None:
    """Widen the bounds within which each series' cycles are moved."""
    bounds: dict[int, tuple[int, int]] = {}
    for cycle in cycles:
        if cycle.skew_ms:
            for r in cycle.frame.readings:
                least, most = bounds.get(r.series, (0, 0))
                bounds[r.series] = min(least, cycle.skew_ms), max(most, cycle.skew_ms)
    if bounds:
        series = sorted(bounds)
        least_most = ([bounds[one][place] for one in series] for place in range(2))
        connection.execute(_MOVED, (Int4s(series), *map(Int8s, least_most)))


def _perhaps_null(numbers: list[int | None]) -> Int8s | list[int | None]:
    whole = [n for n in numbers if n is not None]
    return Int8s(whole) if len(whole) == len(numbers) else numbers
