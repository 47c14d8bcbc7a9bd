"""Roll-ups in the bucket: a point a series, size and beginning, written over when redone."""

from collections.abc import Iterator

from domain.bucket import Bucket as RollUp
from domain.ids import SeriesId
from domain.window import Size, Window
from store.influx.bucket import Bucket
from store.influx.flux import Row
from store.influx.points import Point
from store.influx.times import Scale, scale_of, spans

_COUNTS = ("n", "expected", "flagged", "conflicts", "late")
_VALUES = ("minimum", "maximum", "total", "last")


def point(one: RollUp) -> Point:
    """Return a roll-up as a point; without readings it has no values, and none are written."""
    scale = scale_of(one.start_ms)
    fields: dict[str, int | float | str] = {name: getattr(one, name) for name in _COUNTS}
    values = {name: getattr(one, name) for name in _VALUES}
    fields |= {name: float(value) for name, value in values.items() if value is not None}
    tags = {"series": str(one.series), "size": one.size.value}
    return Point(f"{scale.prefix}rollup", tags, one.start_ms * scale.places, fields)


def read(bucket: Bucket, series: SeriesId, window: Window, size: Size) -> list[RollUp]:
    """Return the roll-ups that start inside the window, by start."""
    return sorted(_found(bucket, series, window, size), key=lambda one: one.start_ms)


def _found(bucket: Bucket, series: SeriesId, window: Window, size: Size) -> Iterator[RollUp]:
    for span in spans(window):
        tags = {"series": [str(series)], "size": [size.value]}
        for row in bucket.rows("rollup", span=span, tags=tags):
            yield _roll_up(row, series, size, span.scale)


def _roll_up(row: Row, series: SeriesId, size: Size, scale: Scale) -> RollUp:
    # A value that is there although n is 0 is of an earlier time: points keep old fields.
    values = row if row["n"] else {}
    start_ms = row["_time"] // scale.places
    return RollUp(
        series, size, start_ms, row["n"], row["expected"], values.get("minimum"),
        values.get("maximum"), values.get("total"), values.get("last"), row["flagged"],
        row["conflicts"], row["late"],
    )  # fmt: skip
