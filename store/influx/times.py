"""Where a moment of ours lies on InfluxDB's line of time.

Ours are milliseconds from 1970 to 9999, InfluxDB's are nanoseconds and end in April 2262.
The nanoseconds within our millisecond are free: they tell values of one moment apart, so
that two of them are two points and no tag has to. A moment InfluxDB cannot name goes into
a measurement of its own, ``stray_…``, where a millisecond takes 36,000 ns instead of a
million: the year 9999 then lies in 2259, and order and windows hold as they do elsewhere.
"""

from collections.abc import Iterator
from typing import NamedTuple

from domain.errors import StoreRefused
from domain.window import Window

FIRST_NS, LAST_NS = -9_223_372_036_000_000_000, 9_223_372_036_000_000_000
STRAY = "stray_"
_EDGE_MS = 9_223_372_036_000


class Scale(NamedTuple):
    """A way to lay milliseconds out: the measurements' prefix, and nanoseconds for one."""

    prefix: str
    places: int
    window: Window


USUAL = Scale("", 1_000_000, Window(-_EDGE_MS, _EDGE_MS))
BEYOND = Scale(STRAY, 36_000, Window(_EDGE_MS, LAST_NS // 36_000))
SCALES = (USUAL, BEYOND)


class Span(NamedTuple):
    """A half-open stretch of InfluxDB's time, in ns, on one of the two scales."""

    scale: Scale
    start: int
    end: int


EVER = Span(USUAL, FIRST_NS, LAST_NS)


def scale_of(time_ms: int) -> Scale:
    """Return the scale that has a moment; raises `StoreRefused` where none has."""
    for scale in SCALES:
        if scale.window.holds(time_ms):
            return scale
    message = f"no time that InfluxDB can keep: {str(time_ms)[:40]}"
    raise StoreRefused(message)


def spans(window: Window) -> Iterator[Span]:
    """Yield the stretches that a window of ours takes, in order of time."""
    for scale in SCALES:
        start = max(window.start_ms, scale.window.start_ms)
        end = min(window.end_ms, scale.window.end_ms)
        if start < end:
            yield Span(scale, start * scale.places, end * scale.places)
