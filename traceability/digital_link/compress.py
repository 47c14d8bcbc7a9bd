"""Plain Digital Links into compressed ones, for symbols that must be small.

GS1 Digital Link standard 1.1, compression. Written here mainly so that what `decompress`
reads can be held against something that was not read by the same hands.
"""

import re

from traceability.digital_link.bits import (
    ALPHABET,
    ALPHABETS,
    ASCII,
    BASE64,
    DIGITS,
    LOWER_HEX,
    UPPER_HEX,
    Stretch,
    digit_bits,
    layout,
    sign_bits,
)  # fmt: skip
from traceability.digital_link.decompress import sequences
from traceability.digital_link.link import Link

_SMALLEST_FIRST = (
    (re.compile(r"[0-9]+"), DIGITS),
    (re.compile(r"[0-9A-F]+"), UPPER_HEX),
    (re.compile(r"[0-9a-f]+"), LOWER_HEX),
    (re.compile(r"[A-Za-z0-9_-]+"), BASE64),
)


def compress(link: Link, stem: str) -> str:
    """Return ``link`` under ``stem`` as one compressed segment."""
    values = dict((*link.path, *link.attributes))
    left, bits = sorted(values), ""
    while found := _longest_sequence(left):
        byte, ais = found
        left = [ai for ai in left if ai not in ais]
        bits += _hex_bits(byte) + "".join(_value_bits(ai, values[ai]) for ai in ais)
    bits += "".join(_hex_bits(ai) + _value_bits(ai, values[ai]) for ai in left)
    bits += "0" * (-len(bits) % 6)
    packed = (ALPHABET[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))
    return f"{stem.rstrip('/')}/{''.join(packed)}"


def _longest_sequence(ais: list[str]) -> tuple[str, tuple[str, ...]] | None:
    fitting = [(byte, seq) for byte, seq in sequences().items() if set(seq) <= set(ais)]
    return max(fitting, key=lambda found: len("".join(found[1])), default=None)


def _hex_bits(digits: str) -> str:
    return "".join(f"{int(digit, 16):04b}" for digit in digits)


def _value_bits(ai: str, value: str) -> str:
    bits = ""
    for stretch in layout(ai):
        part, value = value[: stretch.length], value[stretch.length :]
        bits += _stretch_bits(stretch, part)
    return bits


def _stretch_bits(stretch: Stretch, part: str) -> str:
    encoding = DIGITS if stretch.numeric else _encoding(part)
    named = "" if stretch.numeric else f"{encoding:03b}"
    length = f"{len(part):0{stretch.length_bits}b}" if stretch.variable else ""
    if encoding == DIGITS:
        return named + length + (f"{int(part):0{digit_bits(len(part))}b}" if part else "")
    width = sign_bits(encoding)
    return named + length + "".join(f"{ALPHABETS[encoding].index(s):0{width}b}" for s in part)


def _encoding(part: str) -> int:
    return next((name for signs, name in _SMALLEST_FIRST if signs.fullmatch(part)), ASCII)
