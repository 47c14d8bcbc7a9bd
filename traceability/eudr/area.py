"""The area that an outline encloses on the earth, in hectares.

Cylindrical equal-area projection of the WGS 84 ellipsoid (Snyder, *Map Projections: A
Working Manual*, USGS 1395, equations 10-14 to 10-15 and 3-12), then the shoelace formula.
Sides are straight in the projection and not geodesics: for the sides of a plot the
difference is far below the square metre.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from traceability.eudr.position import Position

_A_M = 6_378_137.0
_E2 = 0.00669437999014
_E = math.sqrt(_E2)
_M2_PER_HA = 10_000.0


def hectares(ring: Sequence[Position]) -> float:
    """Return the area within a closed ring of degrees, whichever way round it goes."""
    if not ring:
        return 0.0
    # From the ring's own corner, so that no digits are lost to the distance from Greenwich.
    lon0, q0 = ring[0][0], _q(ring[0][1])
    flat = [(math.radians(lon - lon0), _q(lat) - q0) for lon, lat in ring]
    twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(flat))
    return abs(twice) / 2 * _A_M**2 / 2 / _M2_PER_HA


def _q(lat: float) -> float:
    sine = math.sin(math.radians(lat))
    ratio = math.log((1 - _E * sine) / (1 + _E * sine))
    return (1 - _E2) * (sine / (1 - _E2 * sine**2) - ratio / (2 * _E))
