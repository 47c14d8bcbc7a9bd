"""The readings of a batch on their way into PostgreSQL: packed, put in, counted.

Packed when they are made, which is while the server looks up what they belong to.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from operator import not_
from typing import Any, NamedTuple

import psycopg

from domain.errors import StoreRefused
from domain.reading import Reading
from domain.window import HOUR_MS, LAST_MS
from store.retention import PART_MS
from store.rows import hour_of
from store.timescale.arrays import Float8s, Int4s, Int8s
from store.timescale.partitions import has_part

_KEEP = "SELECT series.keep(%s, %s, %s, %s, %s, %s)"
_BESIDE = """WITH kept AS (
        INSERT INTO series.stray (series, time, value, quality, frame)
            SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::int[], %s::bigint[])
            ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) FROM kept"""
_DOUBTFUL = 4


class Belief:
    """Whether the next batch is believed to be new: not for a while after one that was not.

    Else what is sent again would go in first and come out again, batch by batch, and leave
    dead rows behind. Nor where it may meet a part that TimescaleDB has ``compressed``: to find
    out without asking for nothing on conflict, that would be unpacked.
    """

    def __init__(self, *, compressed: bool) -> None:
        self._compressed, self._doubtful = compressed, 0

    def holds(self, oldest_ms: int, now_ms: int) -> bool:
        """Whether to believe it of a batch that reaches back so far."""
        if self._compressed and oldest_ms < now_ms - PART_MS:
            return False
        return not self._doubtful

    def saw(self, *, new: bool) -> None:
        """Learn whether all of a batch was new."""
        self._doubtful = max(0, self._doubtful - 1) if new else _DOUBTFUL


class Columns(NamedTuple):
    """Readings column by column, packed."""

    series: Int4s
    times: Int8s
    values: Float8s
    qualities: Int4s


def columns(readings: Iterable[Reading]) -> Columns:
    """Return readings column by column."""
    return _columns(_flat(readings))


def _flat(readings: Iterable[Reading]) -> list[Any]:
    """Return readings as one list, four places each: its slices are the columns, without a loop."""
    return list(chain.from_iterable(readings))


def _columns(flat: list[Any]) -> Columns:
    return Columns(Int4s(flat[::4]), Int8s(flat[1::4]), Float8s(flat[2::4]), Int4s(flat[3::4]))


class Readings:
    """Readings ready to be put in; raises `StoreRefused` where a value is no finite number."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        flat = _flat(readings)
        self._series, self._times = flat[::4], flat[1::4]
        self.oldest_ms = min(self._times, default=LAST_MS)
        if not math.isfinite(sum(flat[2::4])):
            _refuse_unsound(readings)
        self._inside: list[bool] | None = None
        self._columns = _columns(flat)
        if self._times and not (has_part(self.oldest_ms) and has_part(max(self._times))):
            self._inside = inside = [has_part(time_ms) for time_ms in self._times]
            self._columns = columns(compress(readings, inside))
            self._beside = columns(compress(readings, map(not_, inside)))

    def __len__(self) -> int:
        """How many they are."""
        return len(self._times)

    def insert(
        self, connection: psycopg.Connection, numbers: Sequence[int], *, believed: bool
    ) -> list[psycopg.Cursor]:
        """Put them in, each under its cycle's number, where nothing is at their times.

        Each cursor's one row says how many that were.
        """
        if self._inside is None:
            return [connection.execute(_KEEP, (*self._columns, Int8s(numbers), believed))]
        within = Int8s(list(compress(numbers, self._inside)))
        beside = Int8s(list(compress(numbers, map(not_, self._inside))))
        return [
            connection.execute(_KEEP, (*self._columns, within, believed)),
            connection.execute(_BESIDE, (*self._beside, beside)),
        ]

    def hours(self) -> tuple[Sequence[int], Sequence[int]]:
        """Return the hours in which they lie, unmoved: series, and the hour of each."""
        if not self._times:
            return [], []
        hour = hour_of(self._times[0])
        if hour <= self.oldest_ms and max(self._times) < hour + HOUR_MS:
            series = set(self._series)
            return list(series), [hour] * len(series)
        starts = [time_ms - time_ms % HOUR_MS for time_ms in self._times]
        hours = set(zip(self._series, starts, strict=True))
        return [one for one, _ in hours], [start for _, start in hours]


def _refuse_unsound(readings: Sequence[Reading]) -> None:
    """Raise `StoreRefused` for a value that is no finite number."""
    for r in readings:
        if not math.isfinite(r.value):
            message = f"series {r.series}: a value is no finite number: {r.value}"
            raise StoreRefused(message)
