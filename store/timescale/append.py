"""One batch into PostgreSQL: two round trips, whatever the number of devices.

First the locks, the ledger and the clocks as they are, and the numbers of the frames;
then readings, frames, touched hours, conflicts, ledger and quarantine. Rows travel as
arrays, one parameter a column: measured alone that is as fast as a binary COPY into a
temporary table, and needs no statements in between (docs/performance.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import psycopg

from domain.clock import ClockVerdict, has_ended, moved_by
from domain.ids import DeviceId
from domain.ranges import Runs, holds
from domain.reading import Delivery
from store import failpoint
from store.ledger import changes, merged, numbers_of
from store.quarantine import digest, storable
from store.rows import NO_BOOT, Numbered, newest_of, runs_by_boot, time_of
from store.series import Appended, Fate
from store.timescale.arrays import Int4s, Int8s, Texts
from store.timescale.keep import Kept, insert, settle

_Boot: TypeAlias = tuple[DeviceId, int]

# One worker at a time a device, always in the same order, or two would deadlock.
_LOCK = """SELECT pg_advisory_xact_lock(hashtextextended(device, 0))
    FROM unnest(%s::text[]) WITH ORDINALITY AS d(device, n)"""
_RUNS = """SELECT device, boot, first, last FROM series.ledger
    JOIN unnest(%s::text[], %s::bigint[]) AS k(device, boot) USING (device, boot)
    ORDER BY device, boot, first"""
_CLOCKS = "SELECT device, boot, skew FROM series.clock WHERE ended IS NULL"
_ENDED = "UPDATE series.clock SET ended = %s WHERE device = %s AND boot = %s"
_NUMBERS = "SELECT nextval('series.frame_id') FROM generate_series(1, %s)"
_FRAMES = """INSERT INTO series.frame
    (id, device, boot, seq, received, committed, time, skew, clock)
    SELECT id, device, boot, seq, received, %s, time, skew, clock
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::int[]) AS f(id, device, boot, seq, received, time, skew, clock)"""
_MOVED = """INSERT INTO series.moved SELECT * FROM
    unnest(%s::int[], %s::bigint[], %s::bigint[]) AS m(series, least, most)
    ON CONFLICT (series) DO UPDATE
    SET least = least(moved.least, excluded.least), most = greatest(moved.most, excluded.most)"""
_GONE = """DELETE FROM series.ledger l USING unnest(%s::text[], %s::bigint[], %s::bigint[])
    AS g(device, boot, first)
    WHERE l.device = g.device AND l.boot = g.boot AND l.first = g.first"""
_KNOWN = """INSERT INTO series.ledger
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (device, boot, first) DO UPDATE SET last = excluded.last"""
_QUARANTINE = """INSERT INTO series.quarantine
    (digest, topic, payload, reason, detail, part, first, last, seen)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1)
    ON CONFLICT (digest) DO UPDATE
    SET last = excluded.last, seen = quarantine.seen + 1, mended = NULL"""


def append(
    connection: psycopg.Connection, deliveries: Sequence[Delivery], committed_ms: int
) -> Appended:
    """Write a batch inside the caller's transaction."""
    added = numbers_of(deliveries)
    known, cycles = _before(connection, deliveries, added)
    runs = merged(known, added)
    with connection.pipeline() as pipeline:
        inserted = insert(connection, cycles)
        _keep_runs(connection, known, runs)
        _set_aside(connection, deliveries)
        failpoint.reach("mid-batch")
        pipeline.sync()
        new = sum(cursor.rowcount for cursor in inserted)
        kept = settle(connection, cycles, new, committed_ms)
        news = _news(cycles, known, kept.new)
        _keep_frames(connection, [c for c in cycles if c.number in news], committed_ms)
        _note_moves(connection, cycles)
    return Appended(_fates(deliveries, cycles, kept), runs)


def _before(
    connection: psycopg.Connection,
    deliveries: Sequence[Delivery],
    added: Mapping[_Boot, set[int]],
) -> tuple[dict[_Boot, Runs], list[Numbered]]:
    """Take the devices' locks; return their ledgers, and every cycle with its number."""
    devices = sorted({d.device for d in deliveries if d.device is not None})
    with connection.pipeline():
        connection.execute(_LOCK, (Texts(devices),))
        boots = Texts([device for device, _ in added]), Int8s([boot for _, boot in added])
        runs = connection.cursor(binary=True).execute(_RUNS, boots)
        # Hardly any device has a clock known to be wrong, so all are looked up at once.
        clocks = connection.execute(_CLOCKS)
        ids = connection.cursor(binary=True).execute(
            _NUMBERS, (sum(len(d.frames) for d in deliveries),)
        )
        known = runs_by_boot(runs.fetchall())
        skews = {(device, boot): skew for device, boot, skew in clocks}
        numbers = iter([int(row[0]) for row in ids.fetchall()])
        for ended in _ended(deliveries, skews):
            connection.execute(_ENDED, ended)
    return known, list(_numbered(deliveries, numbers, skews))


def _ended(
    deliveries: Sequence[Delivery], skews: Mapping[tuple[str, int], int]
) -> Iterator[tuple[int, str, int]]:
    """Yield when an offset has ended, for which boot of which device."""
    for delivery in deliveries if skews else ():
        told = [f for f in delivery.frames if f.clock is not ClockVerdict.CARRIED]
        for boot in {NO_BOOT if f.boot is None else f.boot for f in told}:
            skew = skews.get((delivery.device or "", boot), 0)
            if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
                yield delivery.received_ms, delivery.device or "", boot


def _numbered(
    deliveries: Sequence[Delivery], numbers: Iterator[int], skews: Mapping[tuple[str, int], int]
) -> Iterator[Numbered]:
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


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


def _news(
    cycles: Sequence[Numbered], known: Mapping[_Boot, Runs], new: Mapping[int, int]
) -> set[int]:
    """Return the cycles to keep: with a new reading, or a number never heard of before."""
    heard: set[tuple[str, int, int]] = set()
    news = set(new)
    for cycle in cycles:
        device, frame = cycle.delivery.device, cycle.frame
        if device is None or frame.boot is None or frame.seq is None:
            continue
        key = device, frame.boot, frame.seq
        before = known.get((device, frame.boot), ())
        if cycle.number not in news and key not in heard and not holds(before, frame.seq):
            news.add(cycle.number)
        heard.add(key)
    return news


def _keep_frames(
    connection: psycopg.Connection, cycles: Sequence[Numbered], committed_ms: int
) -> None:
    if not cycles:
        return
    verdicts = [ClockVerdict.OFFSET if c.skew_ms else c.frame.clock for c in cycles]
    columns = (
        Int8s([c.number for c in cycles]),
        Texts([c.delivery.device for c in cycles]),
        _perhaps_null([c.frame.boot for c in cycles]),
        _perhaps_null([c.frame.seq for c in cycles]),
        Int8s([c.delivery.received_ms for c in cycles]),
        Int8s([c.time_ms for c in cycles]),
        Int8s([c.skew_ms for c in cycles]),
        Int4s(verdicts),
    )
    connection.execute(_FRAMES, (committed_ms, *columns))


def _perhaps_null(numbers: list[int | None]) -> Int8s | list[int | None]:
    whole = [n for n in numbers if n is not None]
    return Int8s(whole) if len(whole) == len(numbers) else numbers


def _note_moves(connection: psycopg.Connection, cycles: Sequence[Numbered]) -> None:
    """Widen the bounds within which each series' cycles are moved."""
    bounds: dict[int, tuple[int, int]] = {}
    for cycle in cycles:
        if cycle.skew_ms:
            for r in cycle.frame.readings:
                least, most = bounds.get(r.series, (0, 0))
                bounds[r.series] = min(least, cycle.skew_ms), max(most, cycle.skew_ms)
    if bounds:
        rows = [(series, *bound) for series, bound in sorted(bounds.items())]
        connection.execute(_MOVED, _columns(rows, 3))


def _keep_runs(
    connection: psycopg.Connection, known: Mapping[_Boot, Runs], runs: Mapping[_Boot, Runs]
) -> None:
    gone, fresh = changes(known, runs)
    if gone:
        devices, boots, firsts = _columns(gone, 3)
        connection.execute(_GONE, (Texts(devices), Int8s(boots), Int8s(firsts)))
    if fresh:
        devices, boots, firsts, lasts = _columns(fresh, 4)
        connection.execute(_KNOWN, (Texts(devices), Int8s(boots), Int8s(firsts), Int8s(lasts)))


def _fates(
    deliveries: Sequence[Delivery],
    cycles: Sequence[Numbered],
    kept: Kept,
) -> tuple[Fate, ...]:
    fresh, disputed = [0] * len(deliveries), [0] * len(deliveries)
    for cycle in cycles:
        fresh[cycle.place] += kept.new.get(cycle.number, 0)
        disputed[cycle.place] += kept.conflicts.get(cycle.number, 0)
    return tuple(
        Fate(
            fresh[i],
            sum(len(f.readings) for f in d.frames) - fresh[i],
            disputed[i],
            len(d.refusals),
        )
        for i, d in enumerate(deliveries)
    )


def _set_aside(connection: psycopg.Connection, deliveries: Sequence[Delivery]) -> None:
    for d in deliveries:
        for refusal in d.refusals:
            part = None if refusal.part is None else storable(refusal.part)
            words = (refusal.reason, storable(refusal.detail), part)
            times = (d.received_ms, d.received_ms)
            connection.execute(
                _QUARANTINE, (digest(d, refusal), storable(d.topic), d.payload, *words, *times)
            )
