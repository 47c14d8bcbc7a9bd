"""Evidence: what was measured on a plot over a stretch of time, and what is missing.

Method ``nguon-evidence/2``: readings are judged together with their neighbours. Failed
readings and device times with conflicting values are counted and left out; suspect ones
are in and counted. Nothing is interpolated: a slot without a reading is a slot not
filled. Sums are exact, so anyone who recomputes them from the same readings in any order
gets the same number.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.coverage import Coverage, cover
from domain.device import Datastream
from domain.plot import Band
from domain.properties import ObservedProperty, Statistic
from domain.quality import Flag, counts_in_statistics
from domain.reading import StoredReading
from domain.window import Window

METHOD = "nguon-evidence/2"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One datastream over the time it served a plot.

    ``received`` device times; of these ``failed``, ``suspect``, ``disputed`` (more than
    one value). ``mean``, ``minimum``, ``maximum``, ``total`` are in the property's unit
    and None where the property has no such statistic or nothing was measured.
    ``in_band`` is the share of used readings inside the crop's band.
    """

    stream: Datastream
    property: ObservedProperty
    windows: tuple[Window, ...]
    coverage: Coverage
    received: int
    used: int
    failed: int
    suspect: int
    disputed: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    total: float | None
    band: Band | None
    in_band: float | None


def gather(
    stream: Datastream,
    row: ObservedProperty,
    windows: Sequence[Window],
    readings: Iterable[StoredReading],
    band: Band | None,
) -> Evidence:
    """Return the evidence of one datastream; ``readings`` come by (time, value)."""
    every = list(readings)
    disputed = {r.time_ms for r in every if r.conflict}
    undisputed = [r for r in every if not r.conflict]
    used = [r for r in undisputed if counts_in_statistics(r.quality)]
    values = [r.value for r in used]
    circular = row.statistic is Statistic.CIRCULAR  # a compass has no largest direction
    within = None if band is None or not values else _within(values, band)
    return Evidence(
        stream=stream,
        property=row,
        windows=tuple(windows),
        coverage=cover(windows, stream.interval_s * 1000, [r.time_ms for r in used]),
        received=len(disputed) + len(undisputed),
        used=len(used),
        failed=len(undisputed) - len(used),
        suspect=sum(r.quality & 0xF == Flag.SUSPECT for r in used),
        disputed=len(disputed),
        minimum=None if circular else min(values, default=None),
        mean=_mean(values, row),
        maximum=None if circular else max(values, default=None),
        total=math.fsum(values) if values and row.statistic is Statistic.SUM else None,
        band=band,
        in_band=within,
    )


def _within(values: Sequence[float], band: Band) -> float:
    return sum(band.low <= value <= band.high for value in values) / len(values)


def _mean(values: Sequence[float], row: ObservedProperty) -> float | None:
    if not values or row.statistic is Statistic.SUM:
        return None
    if row.statistic is Statistic.MEAN:
        return math.fsum(values) / len(values)
    east = math.fsum(math.sin(math.radians(value)) for value in values)
    north = math.fsum(math.cos(math.radians(value)) for value in values)
    return math.degrees(math.atan2(east, north)) % 360
