"""The land that an outline encloses: what lies in a hole is somebody else's, or a pond."""

from collections.abc import Sequence

import shapely

from traceability.eudr.area import hectares
from traceability.eudr.geometry import Ring
from traceability.eudr.position import rounded
from traceability.eudr.ring import Outline, cell_of


def land_within(outline: Outline, holes: Sequence[Ring], decimals: int) -> float | None:
    """Return the hectares within an outline and outside of its holes.

    None where a hole is none: outside the outline, across it or over another. What is left
    of such a plot only somebody who knows it can say.
    """
    rings = [tuple(rounded(one, decimals) for one in hole.positions) for hole in holes]
    if rings:
        cells = [[cell_of(one, decimals) for one in ring] for ring in rings]
        if any(len(set(ring)) < 3 for ring in cells):
            return None
        if not shapely.is_valid(shapely.Polygon(outline.polygon.exterior.coords, cells)):
            return None
    return hectares(outline.positions) - sum(hectares((*ring, ring[0])) for ring in rings)
