"""Reading back: the readings of a window, and the newest ones."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from domain.ids import SeriesId
from domain.reading import StoredReading
from domain.window import Window
from store.influx import flux
from store.influx.bucket import Bucket
from store.influx.clocks import shifts
from store.influx.flux import Row
from store.influx.numbers import Look
from store.influx.times import USUAL, Scale, Span, spans
from store.rows import newest_moved, stored_reading

PAGE = 5_000
_Shift = tuple[int, int]
Page = tuple[list[StoredReading], int | None]


def page(bucket: Bucket, look: Look, series: SeriesId, window: Window) -> Page:
    """Return the first page of a window, whole instants only, and where the next one starts.

    Where cycles have moved it is all of the window at once. None: there is no next one.
    """
    shift = shifts(bucket).get(series)
    if shift is not None:
        return _moved_page(bucket, look, series, window, shift), None
    found: list[StoredReading] = []
    for span in spans(window):
        rows, rest = _some(bucket, series, span)
        found += _readings(look, span.scale, rows)
        if rest is not None:
            return found, rest
    return found, None


def _some(bucket: Bucket, series: SeriesId, span: Span) -> tuple[list[Row], int | None]:
    """Return rows of a span in order, and the moment from which on more may follow."""
    tags, most = {"series": [str(series)]}, PAGE
    while True:
        # Every reading has every field, so the first of each are the same points.
        stages = flux.limit(most), flux.PIVOT
        rows = _ordered(bucket.rows("reading", *stages, span=span, tags=tags))
        if len(rows) < most:
            return rows, None
        last = rows[-1]["_time"] // span.scale.places
        whole = [row for row in rows if row["_time"] // span.scale.places != last]
        if whole:
            return whole, last
        most *= 2  # more values at one moment than a page holds


def _ordered(rows: Iterator[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["_time"]))


def _readings(look: Look, scale: Scale, rows: Sequence[Row]) -> Iterator[StoredReading]:
    """Yield what is committed of rows in order of time, by (time, value)."""
    shown = (row for row in rows if look.shows(row["frame"]))
    for time_ms, group in groupby(shown, key=lambda row: int(row["_time"]) // scale.places):
        values = sorted(group, key=lambda row: float(row["value"]))
        for row in values:
            yield stored_reading(
                (int(row["series"]), time_ms, row["value"], row["quality"], row["received"],
                 row["committed"], len(values) > 1, row["skew"], row["clock"])
            )  # fmt: skip


def _claimed(
    bucket: Bucket, look: Look, series: SeriesId, window: Window
) -> Iterator[StoredReading]:
    """Yield all readings whose claimed time lies in a window."""
    for span in spans(window):
        rows = _ordered(bucket.rows("reading", span=span, tags={"series": [str(series)]}))
        yield from _readings(look, span.scale, rows)


def _moved_page(
    bucket: Bucket, look: Look, series: SeriesId, window: Window, shift: _Shift
) -> list[StoredReading]:
    least, most = shift
    wide = Window(window.start_ms - most, window.end_ms - least)
    found = [r for r in _claimed(bucket, look, series, wide) if window.holds(r.time_ms)]
    return sorted(found, key=lambda r: (r.time_ms, r.value))


def latest(
    bucket: Bucket, look: Look, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, StoredReading]:
    """Return each series' newest reading before ``until_ms``."""
    moved = {one: shift for one, shift in shifts(bucket).items() if one in series}
    found: dict[SeriesId, StoredReading] = {}
    for one, (scale, row) in _last(bucket, [s for s in series if s not in moved], until_ms).items():
        if look.shows(row["frame"]) and not row["rival"]:
            found |= {r.series: r for r in _readings(look, scale, [row])}
        else:
            found |= {r.series: r for r in _newest(bucket, look, one, until_ms)[:1]}
    for one, shift in moved.items():
        newest = _latest_moved(bucket, look, one, until_ms, shift)
        if newest is not None:
            found[one] = newest
    return found


def _latest_moved(
    bucket: Bucket, look: Look, series: SeriesId, until_ms: int, shift: _Shift
) -> StoredReading | None:
    claimed = _newest(bucket, look, series, until_ms - shift[0])
    if not claimed:
        return None
    return newest_moved(
        claimed[0].claimed_ms, until_ms, shift,
        lambda window: _moved_page(bucket, look, series, window, shift),
    )  # fmt: skip


def _last(
    bucket: Bucket, series: Sequence[SeriesId], until_ms: int
) -> dict[SeriesId, tuple[Scale, Row]]:
    """Return the last point of each series, whatever it is."""
    found: dict[SeriesId, tuple[Scale, Row]] = {}
    ever = Window(min(USUAL.window.start_ms, until_ms), until_ms)
    for span in reversed(list(spans(ever))):
        left = {"series": [str(one) for one in series if one not in found]}
        if left["series"]:
            stages = flux.LAST, flux.PIVOT
            for row in bucket.rows("reading", *stages, span=span, tags=left):
                found[SeriesId(int(row["series"]))] = span.scale, row
    return found


def _newest(bucket: Bucket, look: Look, series: SeriesId, until_ms: int) -> list[StoredReading]:
    """Return all values of the newest committed moment before ``until_ms``."""
    while found := _last(bucket, [series], until_ms):
        scale, row = found[series]
        until_ms = row["_time"] // scale.places
        values = list(_claimed(bucket, look, series, Window(until_ms, until_ms + 1)))
        if values:
            return values
    return []
