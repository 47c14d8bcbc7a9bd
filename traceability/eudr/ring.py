"""Whether an outline encloses a plot once the system has cut it to six decimals.

File Description v1.3, section 6 (1, 2, 4, 6, 7). Worked on in whole millionths of a degree,
where collinearity is exact; GEOS (through shapely) decides whether sides cross.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import shapely

from traceability.eudr.geometry import Ring
from traceability.eudr.position import Position, rounded, truncated
from traceability.eudr.report import Findings

Cell = tuple[int, int]
"""Longitude and latitude in units of the last decimal kept."""

_FEWEST = 4
_NEAR = 0.5
_MOST_SIDES = 256


@dataclass(frozen=True, slots=True)
class Outline:
    """A sound boundary: its closed positions as rounded, and its polygon in cells."""

    positions: tuple[Position, ...]
    polygon: shapely.Polygon


def outline_of(
    ring: Ring, feature: int, decimals: int, found: Findings, *, both: bool
) -> Outline | None:
    """Return the boundary as the system would keep it, None after an error.

    The Commission writes *rounded* in one place and *truncated* in another; with ``both``
    a ring must be sound either way.
    """
    positions = ring.positions
    if positions[0] != positions[-1]:
        said = f"from [{_pair(positions[0])}] to [{_pair(positions[-1])}]"
        found.add("open-ring", feature, ring.path, said)
        positions = (*positions, positions[0])
    if len(positions) < _FEWEST:
        found.add("few-positions", feature, ring.path, f"{len(positions)} with the first again")
        return None
    kept = tuple(rounded(one, decimals) for one in positions)
    judge = _Judge(ring.path, feature, decimals, found)
    sound = judge.sound(kept, " once rounded" if both else "")
    if sound is not None and both:
        cut = tuple(truncated(one, decimals) for one in positions)
        sound = sound if judge.sound(cut, " once truncated") is not None else None
    return None if sound is None else Outline(kept, sound)


@dataclass(frozen=True, slots=True)
class _Judge:
    path: str
    feature: int
    decimals: int
    found: Findings

    def sound(self, kept: Sequence[Position], note: str) -> shapely.Polygon | None:
        cells = [cell_of(one, self.decimals) for one in kept]
        repeated = [i for i, (one, after) in enumerate(pairwise(cells)) if one == after]
        if repeated:
            more = f" and {len(repeated) - 1:,} more" if len(repeated) > 1 else ""
            at = f"{self.path}[{repeated[0] + 1}]"
            said = f"[{_pair(kept[repeated[0]])}] again{more}{note}"
            self.found.add("duplicate", self.feature, at, said)
        cells = without_repeats(cells)
        if len(set(cells)) < _FEWEST - 1:
            self._note("few-positions", f"{len(set(cells))} different ones{note}")
        elif _is_straight(cells):
            self._note("straight", f"[{_pair(min(kept))}] to [{_pair(max(kept))}]{note}")
        else:
            polygon = shapely.Polygon(cells)
            if shapely.is_valid(polygon):
                return None if repeated else polygon
            rule, spot = _why(polygon, cells)
            self._note(rule, f"near [{_pair(_position(spot, self.decimals))}]{note}")
        return None

    def _note(self, rule: str, said: str) -> None:
        self.found.add(rule, self.feature, self.path, said)


def cell_of(position: Position, decimals: int) -> Cell:
    """Return a position that has at most so many decimals as whole numbers."""
    return round(position[0] * 10**decimals), round(position[1] * 10**decimals)


def without_repeats(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells without those that repeat the one before."""
    return [cells[0], *(after for one, after in pairwise(cells) if one != after)]


def _is_straight(cells: Sequence[Cell]) -> bool:
    (x0, y0), (x1, y1) = cells[0], next(one for one in cells if one != cells[0])
    return all((x1 - x0) * (y - y0) == (y1 - y0) * (x - x0) for x, y in cells)


def _why(polygon: shapely.Polygon, cells: Sequence[Cell]) -> tuple[str, tuple[float, float]]:
    """Return the rule that an invalid polygon breaks, and the spot at which it does."""
    reason = shapely.is_valid_reason(polygon)
    kind, _, place = reason.partition("[")
    x, y = (float(one) for one in place.rstrip("]").split()[:2])
    if kind.startswith("Ring") or _lie_on_each_other(cells, x, y):
        return "overlapping-sides", (x, y)
    return "crossing", (x, y)


def _lie_on_each_other(cells: Sequence[Cell], x: float, y: float) -> bool:
    """Return whether two sides through a spot share a stretch, and not a point alone."""
    spot = shapely.Point(x, y)
    beside = (pair for pair in pairwise(cells) if _is_beside(pair, x, y))
    sides = [shapely.LineString(pair) for pair in islice(beside, _MOST_SIDES)]
    near = [one for one in sides if shapely.distance(one, spot) < _NEAR]
    return any(
        shapely.length(shapely.intersection(one, other)) > 0
        for i, one in enumerate(near)
        for other in near[i + 1 :]
    )


def _is_beside(pair: tuple[Cell, Cell], x: float, y: float) -> bool:
    (x1, y1), (x2, y2) = pair
    return min(x1, x2) - 1 <= x <= max(x1, x2) + 1 and min(y1, y2) - 1 <= y <= max(y1, y2) + 1


def _position(cell: tuple[float, float], decimals: int) -> Position:
    return cell[0] / 10**decimals, cell[1] / 10**decimals


def _pair(position: Position) -> str:
    return f"{position[0]:.10g}, {position[1]:.10g}"
