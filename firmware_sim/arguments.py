"""Numbers on a command line: read strictly, refused with the range they must be in."""

import argparse
import math
from collections.abc import Callable


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        plain = digits.isascii() and digits.isdigit() and len(digits) <= 19
        if not (plain and low <= int(text) <= high):
            message = f"a whole number from {low} to {high}, not {text[:40]!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def above_zero(text: str) -> float:
    """Read a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        message = f"a number above 0, not {text[:40]!r}"
        raise argparse.ArgumentTypeError(message)
    return value


port = whole(1, 65_535)
MOST = 2**63 - 1
"""The largest number that the stores give to anything."""
