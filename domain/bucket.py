"""Roll-up buckets, and the one way to fold readings into them.

Folding is here and not in SQL so that every backend gives the same bits: sums are
exact (``math.fsum``), so the order in which readings came cannot show.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from domain.ids import SeriesId
from domain.quality import Flag, counts_in_statistics
from domain.reading import StoredReading
from domain.window import Size, Window


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour, or one local day, of a series.

    ``n`` readings entered the statistics out of ``expected``; ``flagged`` were suspect
    or failed; ``conflicts`` device times carry more than one value, and none of those
    values is in the statistics, because nobody knows which one is true; ``late``
    readings came when the series was already due to be called silent.
    """

    series: SeriesId
    size: Size
    start_ms: int
    n: int
    expected: int
    minimum: float | None
    maximum: float | None
    total: float | None
    last: float | None
    flagged: int
    conflicts: int
    late: int = 0

    @property
    def mean(self) -> float | None:
        """Arithmetic mean of what entered the statistics."""
        return self.total / self.n if self.total is not None and self.n else None


def patience_ms(interval_ms: int) -> int:
    """Return after how long without news a series is silent, and a reading late: 1.5 intervals."""
    return interval_ms * 3 // 2


def heard_ms(time_ms: int, received_ms: int, interval_ms: int) -> int:
    """Return when a series was last heard, by its newest reading.

    When it came, if it came in time: a logger may stamp the beginning of its interval.
    What came late, a backlog, was measured then and says nothing of now.
    """
    late = received_ms - time_ms > patience_ms(interval_ms)
    return time_ms if late else received_ms


def ticks(window: Window, interval_ms: int) -> int:
    """Return how many readings a window is due, one a multiple of the interval."""
    return -(-window.end_ms // interval_ms) + (-window.start_ms // interval_ms)


def fold(
    series: SeriesId,
    size: Size,
    window: Window,
    readings: Iterable[StoredReading],
    interval_ms: int,
) -> Bucket:
    """Return the bucket of ``readings``, which are in order of time and inside ``window``."""
    values: list[float] = []
    flagged = late = 0
    disputed: set[int] = set()
    patience = patience_ms(interval_ms)
    for reading in readings:
        late += reading.received_ms - reading.time_ms > patience
        flagged += reading.quality & 0xF in (Flag.SUSPECT, Flag.FAIL)
        if reading.conflict:
            disputed.add(reading.time_ms)
        elif counts_in_statistics(reading.quality):
            values.append(reading.value)
    return Bucket(
        series=series,
        size=size,
        start_ms=window.start_ms,
        n=len(values),
        expected=ticks(window, interval_ms),
        minimum=min(values, default=None),
        maximum=max(values, default=None),
        total=math.fsum(values) if values else None,
        last=values[-1] if values else None,
        flagged=flagged,
        conflicts=len(disputed),
        late=late,
    )
