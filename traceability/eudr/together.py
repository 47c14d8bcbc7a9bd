"""Plots of one file against each other: the same one twice, and land sold by two.

The Commission's system takes such files; its officers ask. So these are warnings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from traceability.eudr.position import Position
from traceability.eudr.report import KEPT_OF_A_RULE, Findings
from traceability.eudr.rules import Edition


@dataclass(frozen=True, slots=True)
class Placed:
    """A sound part of a plot: a point, or a boundary with its polygon in cells."""

    feature: int
    path: str
    key: tuple[Position, ...]
    polygon: shapely.Polygon | None


def compare(placed: Sequence[Placed], edition: Edition, found: Findings) -> None:
    """Note plots that are there twice, and plots that overlap."""
    seen: dict[tuple[Position, ...], Placed] = {}
    single = []
    for one in placed:
        first = seen.setdefault(_spelt_one_way(one.key), one)
        if first is not one:
            found.add("twice", one.feature, one.path, f"as {first.path}")
        elif one.polygon is not None:
            single.append((one, one.polygon))
    _overlaps(single, edition, found)


def _spelt_one_way(ring: tuple[Position, ...]) -> tuple[Position, ...]:
    """Return a ring from its least corner, in the direction that reads first."""
    if len(ring) < 2:
        return ring
    open_ring = ring[:-1]
    start = open_ring.index(min(open_ring))
    turned = open_ring[start:] + open_ring[:start]
    return min(turned, (turned[0], *reversed(turned[1:])))


def _overlaps(
    single: Sequence[tuple[Placed, shapely.Polygon]], edition: Edition, found: Findings
) -> None:
    polygons = [polygon for _, polygon in single]
    if len(polygons) < 2:
        return
    tree = shapely.STRtree(polygons)
    for i, (one, polygon) in enumerate(single):
        for j in tree.query(polygon, predicate="intersects"):
            if j <= i or single[j][0].feature == one.feature:
                continue
            share = _share(polygon, polygons[j])
            if share > edition.overlap_share:
                said = f"{share:.0%} of the smaller one, with {single[j][0].path}"
                found.add("overlap", one.feature, one.path, said)
                if found.counts["overlap"] >= KEPT_OF_A_RULE:
                    return  # thousands of plots on one spot would compare in square time


def _share(one: shapely.Polygon, other: shapely.Polygon) -> float:
    common = shapely.area(shapely.intersection(one, other))
    return float(common / min(shapely.area(one), shapely.area(other)))
