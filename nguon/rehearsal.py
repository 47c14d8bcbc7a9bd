"""What an append would do, found out by doing it elsewhere: on a scratch store.

What the real store holds for the same series and times is copied there first, and kept
there from batch to batch, so that the answer is that of the code which will do it, and
rows that repeat each other within a file are known for what they are.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from domain.clock import ClockVerdict
from domain.ids import SeriesId
from domain.reading import Delivery, Frame, Reading
from domain.window import Window
from store.series import Appended, Series
from store.sqlite import SqliteSeries

_APART = 4


class Rehearsal:
    """Appends to ``scratch`` what would be appended to ``real``, which is only read."""

    def __init__(self, real: Series, scratch: Series, interval_ms: int) -> None:
        self._real = real
        self._scratch = scratch
        self._apart_ms = _APART * max(1, interval_ms)

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Return what `Series.append` would."""
        there = tuple(self._there(deliveries))
        if there:
            frame = Frame(None, None, there, ClockVerdict.CARRIED)
            copied = replace(deliveries[0], frames=(frame,), refusals=())
            self._scratch.append([copied], committed_ms)
        return self._scratch.append(deliveries, committed_ms)

    def _there(self, deliveries: Sequence[Delivery]) -> Iterator[Reading]:
        """Yield the readings that the real store has where these want to go."""
        times: defaultdict[SeriesId, set[int]] = defaultdict(set)
        for delivery in deliveries:
            for frame in delivery.frames:
                for reading in frame.readings:
                    times[reading.series].add(reading.time_ms)
        for series, wanted in times.items():
            for window in self._windows(sorted(wanted)):
                for stored in self._real.read(series, window):
                    if stored.claimed_ms in wanted:
                        yield Reading(series, stored.claimed_ms, stored.value, stored.quality)

    def _windows(self, times: Sequence[int]) -> Iterator[Window]:
        """Yield windows around times that lie close together: a file is mostly in order."""
        start = last = times[0]
        for time_ms in times[1:]:
            if time_ms - last > self._apart_ms:
                yield Window(start, last + 1)
                start = time_ms
            last = time_ms
        yield Window(start, last + 1)


@contextmanager
def rehearsing(real: Series, interval_ms: int) -> Iterator[Rehearsal]:
    """Lend a rehearsal on a scratch store that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="nguon-") as folder:
        scratch = SqliteSeries(Path(folder) / "series.db")
        try:
            yield Rehearsal(real, scratch, interval_ms)
        finally:
            scratch.close()
