"""Put a geometry right where there is one way to do so, and say what was done.

Never guessed: a crossing, a straight line, metres, an overlap. Those are refused by the
check that follows.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from traceability.eudr.geometry import DEPTH
from traceability.eudr.holes import without_holes
from traceability.eudr.position import is_number, rounded
from traceability.eudr.rules import Box

_SENTENCES = {
    "unwrapped": "{n} point taken out of a list of its own",
    "numbered": "{n} positions made numbers that were texts",
    "swapped": "{n} positions turned: longitude first",
    "flattened": "{n} positions without their elevation",
    "rounded": "{n} positions rounded to {decimals} decimals",
    "closed": "{n} outlines closed with their first position",
    "thinned": "{n} positions dropped that repeated the one before",
    "split": "holes cut out: {n} plots in its place",
}


@dataclass
class Mender:
    """Mends the geometry of one plot and counts what it did."""

    decimals: int
    box: Box | None
    done: Counter[str] = field(default_factory=Counter)

    def geometries(self, geometry: Any) -> list[Any]:
        """Return the geometry put right; several where holes had to be cut out."""
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
            return [new for one in geometry["geometries"] for new in self.geometries(one)]
        if not isinstance(kind, str) or kind not in DEPTH or "coordinates" not in geometry:
            return [geometry]
        written = geometry["coordinates"]
        if kind == "Point" and _is_one_in_a_list(written):
            self.done["unwrapped"] += 1
            written = written[0]
        turned = self._is_swapped(written)
        mended = self._positions(written, turned=turned)
        if DEPTH[kind] < 2:
            return [{"type": kind, "coordinates": mended}]
        polygons = [mended] if kind == "Polygon" else mended
        return self._polygons(kind, polygons)

    def sentences(self) -> list[str]:
        """Return what was done, a sentence each."""
        return [
            _SENTENCES[name].format(n=times, decimals=self.decimals)
            for name, times in self.done.items()
            if times
        ]

    def _positions(self, written: Any, *, turned: bool) -> Any:
        if not isinstance(written, list):
            return written
        if not _is_position(written):
            return [self._positions(one, turned=turned) for one in written]
        numbers = [_as_number(one) for one in written]
        if any(one is None for one in numbers):
            return written
        self.done["numbered"] += any(isinstance(one, str) for one in written)
        self.done["flattened"] += len(numbers) > 2
        self.done["swapped"] += turned
        x, y = numbers[1::-1] if turned else numbers[:2]
        if not all(abs(one) <= 1e9 for one in (x, y)):  # foreign: an infinity, a huge integer
            return written
        new = rounded((float(x), float(y)), self.decimals)
        self.done["rounded"] += new != (x, y)
        return [_short(one) for one in new]

    def _is_swapped(self, written: Any) -> bool:
        """Return whether every position is out of the country, and in it when turned."""
        if self.box is None:
            return False
        found = list(_pairs(written))
        return bool(found) and all(
            self.box.holds(lat, lon) and not self.box.holds(lon, lat) for lon, lat in found
        )

    def _polygons(self, kind: str, polygons: Any) -> list[Any]:
        if not isinstance(polygons, list) or not all(_is_polygon(one) for one in polygons):
            return [{"type": kind, "coordinates": polygons if kind != "Polygon" else polygons[0]}]
        mended = [[self._ring(ring) for ring in one] for one in polygons]
        if not any(len(one) > 1 for one in mended):
            return [{"type": kind, "coordinates": mended[0] if kind == "Polygon" else mended}]
        pieces = []
        for one in mended:
            found = without_holes([[tuple(p) for p in ring] for ring in one], self.decimals)
            if found is None:
                return [{"type": kind, "coordinates": mended[0] if kind == "Polygon" else mended}]
            pieces += [[[_short(x) for x in position] for position in ring] for ring in found]
        self.done["split"] += len(pieces)
        return [{"type": "Polygon", "coordinates": [ring]} for ring in pieces]

    def _ring(self, ring: list[Any]) -> list[Any]:
        if ring[0] != ring[-1]:
            self.done["closed"] += 1
            ring = [*ring, ring[0]]
        kept = [one for i, one in enumerate(ring) if i == 0 or one != ring[i - 1]]
        self.done["thinned"] += len(ring) - len(kept)
        return kept


def _is_position(written: list[Any]) -> bool:
    return 2 <= len(written) <= 3 and not any(isinstance(one, (list, dict)) for one in written)


def _is_one_in_a_list(written: Any) -> bool:
    return (
        isinstance(written, list)
        and len(written) == 1
        and isinstance(written[0], list)
        and _is_position(written[0])
    )


def _is_polygon(written: Any) -> bool:
    """Return whether these are rings of positions that are numbers."""
    return isinstance(written, list) and bool(written) and all(
        isinstance(ring, list) and bool(ring) and all(
            isinstance(one, list) and len(one) == 2 and all(map(is_number, one)) for one in ring
        )
        for ring in written
    )  # fmt: skip


def _pairs(written: Any) -> Any:
    if not isinstance(written, list):
        return
    if _is_position(written):
        numbers = [_as_number(one) for one in written[:2]]
        if None not in numbers:
            yield numbers
        return
    for one in written:
        yield from _pairs(one)


def _as_number(value: Any) -> Any:
    """Return a number, also one that is written as a plain decimal text; None for the rest."""
    if is_number(value):
        return value
    # A comma or a degree sign is read in two ways, so neither is read here.
    if isinstance(value, str) and len(value) < 40 and value.strip().isascii():
        bare = value.strip().removeprefix("-")
        if bare.replace(".", "", 1).isdigit():
            return float(value)
    return None


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else value
