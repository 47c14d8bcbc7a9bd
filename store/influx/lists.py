"""The hours whose roll-ups are out of date, as two lists that only grow.

An entry is a point of its own, and its number is its time. ``touched`` is filled by
appends, with numbers of theirs; ``asked`` by whoever judges clocks and limits. Striking
out writes a field ``done`` into the entry: no delete, which InfluxDB does by tag and time
and not by what the point says. All entries below ``settled`` are done, so a look at a list
costs what is open and not all that ever was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.ids import SeriesId
from store.influx.bucket import Bucket
from store.influx.numbers import Looks
from store.influx.points import Point
from store.series import Touched

TOUCHED, ASKED = "touched", "asked"


@dataclass(frozen=True, slots=True)
class Entry:
    """An open entry of a list."""

    name: str
    number: int
    series: SeriesId
    hour_ms: int

    @property
    def mark(self) -> int:
        """The number as a mark: negative where no append has made it."""
        return self.number if self.name == TOUCHED else -self.number


@dataclass(frozen=True, slots=True)
class Open:
    """What is open on both lists, and where the next look may begin."""

    entries: tuple[Entry, ...]
    seen: dict[str, int]

    def hours(self) -> list[Touched]:
        """Return each hour once, by (series, hour), with the newest mark."""
        marks: dict[tuple[SeriesId, int], int] = {}
        for entry in self.entries:
            key = entry.series, entry.hour_ms
            marks[key] = _newer(marks.get(key), entry.mark)
        return [Touched(*key, mark) for key, mark in sorted(marks.items())]

    def struck_out(self, done: Sequence[Touched]) -> Iterator[Point]:
        """Yield the points that strike hours out, up to the marks that were seen."""
        marks = {(t.series, t.hour_ms): t.mark for t in done}
        left = dict(self.seen)
        for entry in sorted(self.entries, key=lambda one: -one.number):
            mark = marks.get((entry.series, entry.hour_ms))
            if mark is not None and mark * entry.mark > 0 and entry.number <= abs(mark):
                yield Point(entry.name, {}, entry.number, {"done": 1})
            else:
                left[entry.name] = entry.number
        yield Point("settled", {}, 0, left)


def _newer(one: int | None, other: int) -> int:
    """Return the later of two marks; an append's before any other."""
    return other if one is None else max(one, other) if max(one, other) > 0 else min(one, other)


def look(bucket: Bucket, looks: Looks) -> Open:
    """Return what is open of what is committed."""
    begun = bucket.newest("settled").get("settled", {})
    starts = {name: begun.get(name, 0) for name in (TOUCHED, ASKED)}
    lists = {name: bucket.numbered(name, start) for name, start in starts.items()}
    # Looked at afterwards: what is settled is then recomputed from all that touched it.
    mark = looks.now().mark
    lists[TOUCHED] = [row for row in lists[TOUCHED] if row["_time"] <= mark]
    seen = {name: rows[-1]["_time"] + 1 if rows else starts[name] for name, rows in lists.items()}
    found = (
        Entry(name, row["_time"], SeriesId(row["series"]), row["hour"])
        for name, rows in lists.items()
        for row in rows
        if "done" not in row
    )
    return Open(tuple(found), seen)


def entries(name: str, first: int, hours: Sequence[tuple[int, int]]) -> list[Point]:
    """Return the points that put hours, given as (series, hour), on a list."""
    return [
        Point(name, {}, first + n, {"series": series, "hour": hour})
        for n, (series, hour) in enumerate(hours)
    ]


def asked(bucket: Bucket, hours: Sequence[tuple[int, int]]) -> list[Point]:
    """Return the points that put hours on the list of those asked for."""
    newest = bucket.newest(ASKED)
    first = newest[ASKED]["_time"] + 1 if newest else 1
    return entries(ASKED, first, hours)
