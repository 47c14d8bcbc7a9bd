"""What is there of a batch's readings, and the place that each new one takes.

A value's place within its millisecond is a hash of it; where another value lies there, the
next place. Since all that lies at the moments of the batch has been read, that is exact,
and the same value finds the same place again. What a failed batch has left is a place that
is taken, and a reading that is not there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from domain.ids import SeriesId
from domain.reading import Reading
from domain.window import HOUR_MS, Window
from store.influx.bucket import Bucket
from store.influx.numbers import Look
from store.influx.points import place_of
from store.influx.times import Scale, scale_of, spans

_STRETCHES = 16
_ASKED = ("value", "frame", "skew")


@dataclass(slots=True)
class Spot:
    """A value at a place, and whether it counts as being there."""

    value: float
    shown: bool
    skew_ms: int = 0


class Put(NamedTuple):
    """Where a new reading goes; the places, and the moves, of the other values of its moment."""

    scale: Scale
    place: int
    rivals: tuple[int, ...]
    moves: frozenset[int]


class Present:
    """The values at the moments of a batch, as they are and as the batch adds to them."""

    def __init__(self) -> None:
        self._spots: defaultdict[tuple[SeriesId, int], dict[int, Spot]] = defaultdict(dict)

    def note(self, moment: tuple[SeriesId, int], place: int, spot: Spot) -> None:
        """Note a value that is stored at a moment of a series."""
        self._spots[moment][place] = spot

    def put(self, reading: Reading, skew_ms: int) -> Put | None:
        """Take a reading of a cycle that is moved so far in; None when it is there already."""
        scale = scale_of(reading.time_ms)
        spots = self._spots[reading.series, reading.time_ms]
        place = place_of(reading.value, scale)
        while place in spots and spots[place].value != reading.value:
            place = (place + 1) % scale.places
        if place in spots and spots[place].shown:
            return None
        rivals = {at: spot for at, spot in spots.items() if spot.shown and at != place}
        spots[place] = Spot(reading.value, shown=True, skew_ms=skew_ms)
        moves = frozenset(spot.skew_ms for spot in rivals.values())
        return Put(scale, place, tuple(rivals), moves)


def look_up(bucket: Bucket, readings: Iterable[Reading], look: Look) -> Present:
    """Read what is stored at the moments of some readings, in a few queries."""
    wanted: defaultdict[int, set[SeriesId]] = defaultdict(set)
    for one in readings:
        wanted[one.time_ms].add(one.series)
    present = Present()
    for times in _stretches(sorted(wanted)):
        series = sorted({one for time_ms in times for one in wanted[time_ms]})
        for span in spans(Window(times[0], times[-1] + 1)):
            names = {"series": [str(one) for one in series]}
            for row in bucket.rows("reading", span=span, tags=names, fields=_ASKED):
                time_ms, place = divmod(row["_time"], span.scale.places)
                moment = SeriesId(int(row["series"])), time_ms
                if moment[0] in wanted.get(time_ms, ()):
                    shown = look.shows(row["frame"])
                    present.note(moment, place, Spot(row["value"], shown, row["skew"]))
    return present


def _stretches(times: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield times in a few stretches, cut where nothing is asked for in between."""
    if not times:
        return
    gap = max(HOUR_MS, (times[-1] - times[0]) // _STRETCHES)
    cuts = [n for n, (a, b) in enumerate(pairwise(times), 1) if b - a > gap]
    for start, end in pairwise([0, *cuts, len(times)]):
        yield times[start:end]
