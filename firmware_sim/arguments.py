"""Numbers and days on a command line: read strictly, refused with what they must be."""

import argparse
import re
from collections.abc import Callable
from datetime import date

_PLAIN = re.compile(r"[0-9]{1,7}(\.[0-9]{1,9})?")


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
    """Read a number above 0, from a thousandth to a million."""
    value = float(text) if _PLAIN.fullmatch(text) else 0.0
    if not 0.001 <= value <= 1_000_000:
        message = f"a number from 0.001 to 1000000, not {text[:40]!r}"
        raise argparse.ArgumentTypeError(message)
    return value


def day(text: str) -> date:
    """Read a day, ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"a day such as 2026-06-01, not {text[:40]!r}"
        raise argparse.ArgumentTypeError(message) from error


port = whole(1, 65_535)
MOST = 2**63 - 1
"""The largest number that the stores give to anything."""
