"""How values lie in the bits of a compressed link: layouts, alphabets, counts of bits.

GS1 Digital Link standard 1.1, compression: digits as one whole number, other signs by the
smallest alphabet that has them all. The layout of an identifier follows from its format,
neighbouring components of one kind taken together.
"""

import math
from dataclasses import dataclass
from functools import cache

from traceability.digital_link.identifiers import identifier, identifiers

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# By the three bits that name an encoding; 0 is the whole number.
DIGITS, LOWER_HEX, UPPER_HEX, BASE64, ASCII = range(5)
ALPHABETS = {
    LOWER_HEX: "0123456789abcdef",
    UPPER_HEX: "0123456789ABCDEF",
    BASE64: ALPHABET,
    ASCII: "".join(map(chr, range(128))),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a value: digits or not, and its length, or at most so many signs."""

    numeric: bool
    length: int
    variable: bool

    @property
    def length_bits(self) -> int:
        """How many bits say how long it is."""
        return self.length.bit_length() if self.variable else 0


@cache
def layout(ai: str) -> tuple[Stretch, ...]:
    """Return the stretches that values of (``ai``) are written in."""
    found: list[Stretch] = []
    for part in identifier(ai).components:
        variable = part.optional or part.shortest != part.longest
        now = Stretch(part.charset == "N", part.longest, variable)
        before = found[-1] if found else None
        # Signs after signs are one stretch; digits that may be missing stand by themselves.
        joined = before and before.numeric == now.numeric
        if before and joined and (before.variable == now.variable or not now.numeric):
            variable = before.variable or now.variable
            found[-1] = Stretch(now.numeric, before.length + now.length, variable)
        else:
            found.append(now)
    return tuple(found)


def digit_bits(digits: int) -> int:
    """Return how many bits a number of so many digits takes."""
    return math.ceil(digits * math.log2(10))


def sign_bits(encoding: int) -> int:
    """Return how many bits a sign takes in an encoding other than whole numbers."""
    return (len(ALPHABETS[encoding]) - 1).bit_length()


@cache
def prefixes() -> dict[str, int]:
    """Return how long the identifiers are that begin with two digits."""
    return {ai[:2]: len(ai) for ai in identifiers()}
