"""The readings of a batch into PostgreSQL: new, the same again, or another value.

Nearly always all are new, and the count of the insert says so: nothing is searched for,
returned or compared. Only where some were there already is each looked at.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg

from domain.errors import StoreRefused
from domain.reading import Reading
from store.rows import Numbered, hour_of, moved_to
from store.timescale.arrays import Float8s, Int4s, Int8s
from store.timescale.partitions import has_part

_ROWS = """SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::int[], %s::bigint[])
    ON CONFLICT DO NOTHING"""
_INSERT, _INSERT_BESIDE = f"INSERT INTO series.reading {_ROWS}", f"INSERT INTO series.stray {_ROWS}"
# Which of the sent are what was inserted, or another value than what is there. LIMIT keeps
# the planner, which knows nothing of arrays, from reading the whole table.
_UNLIKE = """SELECT n, there.value = k.value
    FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::bigint[])
        WITH ORDINALITY AS k(series, time, value, frame, n)
    CROSS JOIN LATERAL (SELECT value, frame FROM series.first_reading r
        WHERE r.series = k.series AND r.time = k.time LIMIT 1) there
    WHERE there.frame = k.frame OR there.value <> k.value ORDER BY n"""
_RIVALS = f"INSERT INTO series.rival {_ROWS} RETURNING series, time, value, frame"
_CONFLICTS = """INSERT INTO series.conflict
    SELECT DISTINCT series, time, %s::bigint FROM unnest(%s::int[], %s::bigint[]) AS c(series, time)
    ON CONFLICT DO NOTHING"""
_TOUCH = "INSERT INTO series.touch (series, hour) VALUES (%s, %s)"
# How far cycles are moved that say something for a series and time.
_MOVES = """SELECT DISTINCT r.series, r.time, f.skew
    FROM unnest(%s::int[], %s::bigint[]) AS k(series, time)
    JOIN series.every_reading r USING (series, time) JOIN series.frame f ON f.id = r.frame"""


class _Sent(NamedTuple):
    """A reading and its cycle."""

    reading: Reading
    cycle: Numbered


@dataclass(frozen=True, slots=True)
class Kept:
    """How many readings of each cycle are new, and how many of those are in conflict."""

    new: Mapping[int, int]
    conflicts: Mapping[int, int]


def insert(connection: psycopg.Connection, cycles: Sequence[Numbered]) -> list[psycopg.Cursor]:
    """Insert the readings of a batch; the row counts say how many were not there."""
    readings = [r for cycle in cycles for r in cycle.frame.readings]
    numbers = [cycle.number for cycle in cycles for _ in cycle.frame.readings]
    return insert_rows(connection, readings, numbers)


def insert_rows(
    connection: psycopg.Connection, readings: Sequence[Reading], numbers: Sequence[int]
) -> list[psycopg.Cursor]:
    """Insert readings, each under its cycle's number, where nothing is at their times."""
    if not math.isfinite(sum(r.value for r in readings)):
        refuse_unsound(readings)
    times = [r.time_ms for r in readings]
    if not times or (has_part(min(times)) and has_part(max(times))):
        return [connection.execute(_INSERT, columns(readings, numbers))]
    pairs = list(zip(readings, numbers, strict=True))
    inserted = []
    for statement, inside in ((_INSERT, True), (_INSERT_BESIDE, False)):
        some = [(r, number) for r, number in pairs if has_part(r.time_ms) is inside]
        chosen = columns([r for r, _ in some], [number for _, number in some])
        inserted.append(connection.execute(statement, chosen))
    return inserted


def settle(
    connection: psycopg.Connection, cycles: Sequence[Numbered], inserted: int, committed_ms: int
) -> Kept:
    """Find out what became of the readings, keep other values, and note the hours touched."""
    new = {c.number: len(c.frame.readings) for c in cycles if c.frame.readings}
    if inserted == sum(new.values()):
        _touch(connection, _hours((c.skew_ms, r) for c in cycles for r in c.frame.readings))
        return Kept(new, {})
    sent = [_Sent(r, c) for c in cycles for r in c.frame.readings]
    fresh, others = _compare(connection, sent)
    rivals = _keep_rivals(connection, others, committed_ms)
    touched = _hours((s.cycle.skew_ms, s.reading) for s in fresh + rivals)
    _touch(connection, touched | _disputed(connection, rivals))
    conflicts = Counter(sent.cycle.number for sent in rivals)
    return Kept(Counter(sent.cycle.number for sent in fresh) + conflicts, conflicts)


def refuse_unsound(readings: Sequence[Reading]) -> None:
    """Raise `StoreRefused` for a value that is no finite number."""
    for r in readings:
        if not math.isfinite(r.value):
            message = f"series {r.series}: a value is no finite number: {r.value}"
            raise StoreRefused(message)


def columns(
    readings: Sequence[Reading], numbers: Sequence[int]
) -> tuple[Int4s, Int8s, Float8s, Int4s, Int8s]:
    """Return readings column by column: series, time, value, quality, cycle."""
    return (
        Int4s([r.series for r in readings]),
        Int8s([r.time_ms for r in readings]),
        Float8s([r.value for r in readings]),
        Int4s([r.quality for r in readings]),
        Int8s(numbers),
    )


def _compare(
    connection: psycopg.Connection, sent: Sequence[_Sent]
) -> tuple[list[_Sent], list[_Sent]]:
    """Return those that were inserted, and those that say another value than what is there."""
    series, times, values, _, numbers = columns(
        [s.reading for s in sent], [s.cycle.number for s in sent]
    )
    cursor = connection.cursor(binary=True)
    unlike = cursor.execute(_UNLIKE, (series, times, values, numbers)).fetchall()
    inserted = [sent[n - 1] for n, alike in unlike if alike]
    fresh = {_key(one): one for one in inserted}  # a cycle may say the same twice
    return list(fresh.values()), [sent[n - 1] for n, alike in unlike if not alike]


def _keep_rivals(
    connection: psycopg.Connection, others: Sequence[_Sent], committed_ms: int
) -> list[_Sent]:
    """Keep other values beside the first; return those that were not there either."""
    if not others:
        return []
    rows = columns([s.reading for s in others], [s.cycle.number for s in others])
    inserted = set(connection.cursor(binary=True).execute(_RIVALS, rows).fetchall())
    fresh = {_key(one): one for one in others if _key(one) in inserted}
    rivals = list(fresh.values())
    if rivals:
        series = Int4s([s.reading.series for s in rivals])
        times = Int8s([s.reading.time_ms for s in rivals])
        connection.execute(_CONFLICTS, (committed_ms, series, times))
    return rivals


def _key(sent: _Sent) -> tuple[int, int, float, int]:
    return sent.reading.series, sent.reading.time_ms, sent.reading.value, sent.cycle.number


def _hours(moved: Iterable[tuple[int, Reading]]) -> set[tuple[int, int]]:
    """Return (series, hour) of readings, each given with its cycle's move."""
    return {
        (r.series, hour_of(moved_to(r.time_ms, skew_ms) if skew_ms else r.time_ms))
        for skew_ms, r in moved
    }


def _disputed(connection: psycopg.Connection, rivals: Sequence[_Sent]) -> set[tuple[int, int]]:
    """Return where the readings lie with which some are in dispute: it changes for them too."""
    if not rivals:
        return set()
    keys = Int4s([s.reading.series for s in rivals]), Int8s([s.reading.time_ms for s in rivals])
    rows = connection.cursor(binary=True).execute(_MOVES, keys)
    return {(series, hour_of(moved_to(time_ms, skew))) for series, time_ms, skew in rows}


def _touch(connection: psycopg.Connection, hours: Collection[tuple[int, int]]) -> None:
    """Note that the roll-ups of some hours, given as (series, hour), are out of date."""
    if hours:
        series, starts = zip(*hours, strict=True)
        connection.execute(_TOUCH, (Int4s(series), Int8s(starts)))
