"""What became of a batch's readings in PostgreSQL: new, the same again, or another value.

Nearly always all are new, and the count of what was put in says so: nothing is returned or
compared. Only where some were there already is each looked at.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import psycopg

from domain.reading import Reading
from store.rows import Numbered, hour_of, moved_to
from store.timescale.arrays import Int4s, Int8s
from store.timescale.readings import Readings, columns

# Which of the sent are what was inserted, or another value than what is there. LIMIT keeps
# the planner, which knows nothing of arrays, from reading the whole table.
_UNLIKE = """SELECT n, there.value = k.value
    FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::bigint[])
        WITH ORDINALITY AS k(series, time, value, frame, n)
    CROSS JOIN LATERAL (SELECT value, frame FROM series.first_reading r
        WHERE r.series = k.series AND r.time = k.time LIMIT 1) there
    WHERE there.frame = k.frame OR there.value <> k.value ORDER BY n"""
_RIVALS = """INSERT INTO series.rival (series, time, value, quality, frame)
    SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::int[], %s::bigint[])
    ON CONFLICT DO NOTHING RETURNING series, time, value, frame"""
_CONFLICTS = """INSERT INTO series.conflict
    SELECT DISTINCT series, time, %s::bigint FROM unnest(%s::int[], %s::bigint[]) AS c(series, time)
    ON CONFLICT DO NOTHING"""
_TOUCH = "INSERT INTO series.touch (series, hour) VALUES (%s, %s)"
# How far cycles are moved that say something for a series and time.
_MOVES = """SELECT DISTINCT r.series, r.time, f.skew
    FROM unnest(%s::int[], %s::bigint[]) AS k(series, time)
    JOIN series.every_reading r USING (series, time) JOIN series.cycle f ON f.id = r.frame"""


Hours: TypeAlias = tuple[Sequence[int], Sequence[int]]
"""Series, and beside each the beginning of an hour of it."""


class _Sent(NamedTuple):
    """A reading and its cycle."""

    reading: Reading
    cycle: Numbered


@dataclass(frozen=True, slots=True)
class Kept:
    """How many readings of each cycle are new, and how many of those are in conflict."""

    new: Mapping[int, int]
    conflicts: Mapping[int, int]


def settle(
    connection: psycopg.Connection, cycles: Sequence[Numbered], committed_ms: int
) -> tuple[Kept, Hours]:
    """Find out what became of readings of which some were there, and keep other values.

    Returns the hours touched with it, as series and the hour of each.
    """
    sent = [_Sent(r, c) for c in cycles for r in c.frame.readings]
    fresh, others = _compare(connection, sent)
    rivals = _keep_rivals(connection, others, committed_ms)
    touched = _hours((s.cycle.skew_ms, s.reading) for s in fresh + rivals)
    touched |= _disputed(connection, rivals)
    conflicts = Counter(sent.cycle.number for sent in rivals)
    kept = Kept(Counter(sent.cycle.number for sent in fresh) + conflicts, conflicts)
    return kept, _side_by_side(touched)


def hours_of(cycles: Sequence[Numbered], readings: Readings) -> Hours:
    """Return the hours that a batch touches of which all is new."""
    if not any(c.skew_ms for c in cycles):
        return readings.hours()
    return _side_by_side(_hours((c.skew_ms, r) for c in cycles for r in c.frame.readings))


def touch(connection: psycopg.Connection, hours: Hours) -> None:
    """Note that the roll-ups of some hours are out of date."""
    series, starts = hours
    if series:
        connection.execute(_TOUCH, (Int4s(series), Int8s(starts)))


def _compare(
    connection: psycopg.Connection, sent: Sequence[_Sent]
) -> tuple[list[_Sent], list[_Sent]]:
    """Return those that were inserted, and those that say another value than what is there."""
    series, times, values, _ = columns([s.reading for s in sent])
    numbers = Int8s([s.cycle.number for s in sent])
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
    numbers = Int8s([s.cycle.number for s in others])
    rows = *columns([s.reading for s in others]), numbers
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


def _side_by_side(hours: Collection[tuple[int, int]]) -> Hours:
    return [series for series, _ in hours], [start for _, start in hours]
