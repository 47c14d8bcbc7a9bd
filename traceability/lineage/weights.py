"""Weights as whole grams: sums are exact, so that no number of steps can gain a rounding error.

Kilograms come and go as floats; between, they are integers.
"""

import math
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal

from domain.errors import InvalidInput

MOST_KG = 1_000_000_000.0
_GRAMS = 1000


def grams(kilograms: float, field: str = "kilograms") -> int:
    """Return a weight in grams; raises `InvalidInput` unless it is a whole number of them."""
    if not (math.isfinite(kilograms) and 0 < kilograms <= MOST_KG):
        message = "a weight is a gram or more, and less than a million tonnes"
        raise InvalidInput(message, field)
    exact = Decimal(str(kilograms)) * _GRAMS
    if exact != exact.to_integral_value():
        message = f"{kilograms} kg is not a whole number of grams"
        raise InvalidInput(message, field)
    return int(exact)


def floor_grams(kilograms: float) -> int:
    """Return the whole grams in a weight: what was kept more finely is never rounded up."""
    exact = Decimal(str(kilograms)) * _GRAMS
    return int(exact.to_integral_value(ROUND_FLOOR))


def left(weighed: float, taken: Iterable[float]) -> int:
    """Return the grams that a lot has left, of the kilograms it was opened with."""
    return floor_grams(weighed) - sum(floor_grams(one) for one in taken)


def kilograms(whole: int) -> float:
    """Return grams as kilograms, the nearest float."""
    return whole / _GRAMS


def share_of(whole: int, share: float) -> int:
    """Return the whole grams in a share of a weight, rounded down."""
    return int((Decimal(whole) * Decimal(str(share))).to_integral_value(ROUND_FLOOR))
