"""What a geometry says, as written: its kind, its nesting, its positions.

RFC 7946, section 3.1; File Description v1.3, section 3. What comes out is flat, points and
polygons, each with its path in the file; a shape with a wrong position does not come out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traceability.eudr.position import Position, Positions
from traceability.eudr.report import Findings, shown

# How many lists lie around one position.
DEPTH = {"Point": 0, "MultiPoint": 1, "Polygon": 2, "MultiPolygon": 3}
LINES = ("LineString", "MultiLineString")
# A collection inside a collection inside …: no map program makes more.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed outline as written; the first of a polygon is its boundary, the rest holes."""

    path: str
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a geometry is made of: points, and polygons as lists of rings, with their paths."""

    points: tuple[tuple[str, Position], ...] = ()
    polygons: tuple[tuple[Ring, ...], ...] = ()


def shapes_of(
    geometry: Any, feature: int, path: str, positions: Positions, found: Findings, depth: int = 0
) -> Shapes:
    """Return the points and polygons of a geometry; what is wrong with it goes to ``found``."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and depth < _DEEPEST:
        return _collection(geometry, feature, path, positions, found, depth)
    if not isinstance(kind, str) or kind not in DEPTH:
        found.add("geometry-type", feature, f"{path}.type", shown(kind))
        return Shapes()
    here = f"{path}.coordinates"
    if "coordinates" not in geometry:
        found.add("nesting", feature, path, 'there are no "coordinates"')
        return Shapes()
    written = geometry["coordinates"]
    if kind == "Point" and _is_wrapped_pair(written):
        found.add("point-nesting", feature, here, f"{shown(written)}, and in it a pair")
        return Shapes()
    if not _is_nested(written, DEPTH[kind]):
        found.add("nesting", feature, here, f"{shown(written)} in a {kind}")
        return Shapes()
    return _read(kind, written, here, positions)


def _collection(
    geometry: dict[str, Any], feature: int, path: str, positions: Positions, found: Findings,
    depth: int,
) -> Shapes:  # fmt: skip
    members = geometry.get("geometries")
    if not isinstance(members, list) or not members:
        found.add("nesting", feature, path, f'"geometries" is {shown(members)}')
        return Shapes()
    parts = [
        shapes_of(one, feature, f"{path}.geometries[{i}]", positions, found, depth + 1)
        for i, one in enumerate(members)
    ]
    points = tuple(point for part in parts for point in part.points)
    return Shapes(points, tuple(polygon for part in parts for polygon in part.polygons))


def _is_wrapped_pair(written: Any) -> bool:
    return isinstance(written, list) and bool(written) and isinstance(written[0], list)


def _is_nested(written: Any, depth: int) -> bool:
    """Return whether so many lists, none of them empty, lie around each position."""
    if not isinstance(written, list) or not written:
        return False
    if depth == 0:
        return not isinstance(written[0], (list, dict))
    return all(_is_nested(one, depth - 1) for one in written)


def _read(kind: str, written: Any, path: str, positions: Positions) -> Shapes:
    if kind in ("Point", "MultiPoint"):
        several = [(path, written)] if kind == "Point" else list(_numbered(path, written))
        read = [(at, positions.read(one, at)) for at, one in several]
        return Shapes(points=tuple((at, one) for at, one in read if one is not None))
    several = [(path, written)] if kind == "Polygon" else list(_numbered(path, written))
    polygons = [_polygon(one, at, positions) for at, one in several]
    return Shapes(polygons=tuple(one for one in polygons if one))


def _polygon(written: Any, path: str, positions: Positions) -> tuple[Ring, ...]:
    rings = []
    for at, ring in _numbered(path, written):
        read = [positions.read(one, where) for where, one in _numbered(at, ring)]
        whole = tuple(one for one in read if one is not None)
        if len(whole) != len(read):
            return ()
        rings.append(Ring(at, whole))
    return tuple(rings)


def _numbered(path: str, several: Any) -> Iterator[tuple[str, Any]]:
    return ((f"{path}[{i}]", one) for i, one in enumerate(several))
