"""Counting what is in the bucket, and looking whether it belongs together."""

from collections import Counter

from domain.ids import SeriesId
from store.influx import aside, flux, lists
from store.influx.bucket import Bucket
from store.influx.numbers import Look, Looks
from store.influx.times import SCALES, Span
from store.series import Tally

_SPANS = [Span(s, s.window.start_ms * s.places, s.window.end_ms * s.places) for s in SCALES]


def tally(bucket: Bucket, looks: Looks) -> Tally:
    """Count what is stored."""
    look = looks.now()
    return Tally(
        readings=sum(readings_by_series(bucket, look).values()),
        frames=_cycles(bucket, look),
        conflicts=sum(_by_series(bucket, look, "conflict").values()),
        quarantined=len(aside.listed(bucket, mended=False, reason=None)),
        touched=len(lists.look(bucket, looks).hours()),
    )


def _cycles(bucket: Bucket, look: Look) -> int:
    stages = flux.committed(look.mark, look.voids), flux.COUNT
    return sum(row["_value"] for row in bucket.rows("frame", *stages, fields=("frame",)))


def readings_by_series(bucket: Bucket, look: Look) -> Counter[SeriesId]:
    """Count the committed readings of every series that has one."""
    return _by_series(bucket, look, "reading")


def _by_series(bucket: Bucket, look: Look, measurement: str) -> Counter[SeriesId]:
    found: Counter[SeriesId] = Counter()
    stages = flux.committed(look.mark, look.voids), flux.COUNT
    for span in _SPANS:
        for row in bucket.rows(measurement, *stages, span=span, fields=("frame",)):
            found[SeriesId(int(row["series"]))] += row["_value"]
    return +found


def check(bucket: Bucket, look: Look) -> list[str]:
    """Look for readings whose cycle is gone, series by series."""
    rows = bucket.rows("frame", fields=("frame",))
    frames = {row["frame"] for row in rows if look.shows(row["frame"])}
    stages = flux.committed(look.mark, look.voids), flux.DISTINCT
    lost = 0
    for series in readings_by_series(bucket, look):
        tags = {"series": [str(series)]}
        for span in _SPANS:
            rows = bucket.rows("reading", *stages, span=span, tags=tags, fields=("frame",))
            lost += sum(row["_value"] not in frames for row in rows)
    return [f"{lost} cycles of readings are gone"] if lost else []
