"""Cut a plot with holes into plots without: the Commission's two half-moons.

File Description v1.3, section 6 (3, 15). Straight cuts along a meridian or a parallel
through each hole, on whole cells, so that the halves meet along a line and never overlap.
"""

from collections.abc import Sequence

import shapely

from traceability.eudr.position import Position, rounded
from traceability.eudr.ring import cell_of

# A plot with more holes than this is a drawing gone wrong; a person must look at it.
MOST_PIECES = 64
# What rounding the ends of the cuts to cells may change of the area.
_TOLERANCE = 0.001


def without_holes(
    rings: Sequence[Sequence[Position]], decimals: int
) -> list[tuple[Position, ...]] | None:
    """Return boundaries that together cover a polygon without its holes.

    None where they cannot be had: a boundary or hole that crosses itself or another, holes
    outside of it, too many pieces. ``rings`` are closed, in degrees.
    """
    cells = [[cell_of(rounded(one, decimals), decimals) for one in ring] for ring in rings]
    if any(len(set(ring)) < 3 for ring in cells):
        return None
    whole = shapely.Polygon(cells[0], cells[1:])
    if not shapely.is_valid(whole):
        return None
    pieces = _cut(whole)
    if pieces is None:
        return None
    area = shapely.area(whole)
    if abs(sum(shapely.area(one) for one in pieces) - area) > _TOLERANCE * area:
        return None
    return [_positions(one, decimals) for one in pieces]


def _positions(piece: shapely.Polygon, decimals: int) -> tuple[Position, ...]:
    scale = 10**decimals
    return tuple((round(x / scale, decimals), round(y / scale, decimals))
                 for x, y in piece.exterior.coords)  # fmt: skip


def _cut(whole: shapely.Polygon) -> list[shapely.Polygon] | None:
    pieces: list[shapely.Polygon] = []
    left = [whole]
    for _ in range(2 * MOST_PIECES):
        if not left:
            return pieces
        one = left.pop()
        halves = _halves(one) if one.interiors else []
        if halves is None:
            return None
        left += halves
        pieces += [] if one.interiors else [one]
    return None


def _halves(one: shapely.Polygon) -> list[shapely.Polygon] | None:
    """Cut through the first hole; None when the cut leaves something that is no plot."""
    sides = _sides(one)
    if sides is None:
        return None
    found = []
    for side in sides:
        common = shapely.intersection(one, side)
        for part in shapely.get_parts(common):
            if shapely.get_type_id(part) != shapely.GeometryType.POLYGON:
                continue  # a corner that only touches the cut
            # The cut meets sides between cells; its ends go to the nearest one.
            snapped = shapely.set_precision(part, 1.0, mode="pointwise")
            if shapely.is_empty(snapped) or not shapely.is_valid(snapped):
                return None
            found.append(snapped)
    return found


def _sides(one: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon] | None:
    """Return what lies west and east, or south and north, of the middle of the first hole.

    None where the hole is so small that no whole cell lies within it.
    """
    west, south, east, north = shapely.bounds(one)
    low_x, low_y, high_x, high_y = shapely.bounds(one.interiors[0])
    if high_x - low_x >= high_y - low_y:
        at, low, high = round((low_x + high_x) / 2), low_x, high_x
        sides = (west - 1, south - 1, at, north + 1), (at, south - 1, east + 1, north + 1)
    else:
        at, low, high = round((low_y + high_y) / 2), low_y, high_y
        sides = (west - 1, south - 1, east + 1, at), (west - 1, at, east + 1, north + 1)
    return (shapely.box(*sides[0]), shapely.box(*sides[1])) if low < at < high else None
