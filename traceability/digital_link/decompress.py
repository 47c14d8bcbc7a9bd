"""Compressed Digital Links back into plain ones, which every resolver has to.

GS1 Digital Link standard 1.1, compression. GS1's own two readers disagree about the order of
two optimised sequences, since one of them sorts its table by accident: both orders are
tried, and check digits, dates and the bits left over tell which was meant.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from tomllib import loads
from urllib.parse import quote

from domain.errors import InvalidInput
from traceability.digital_link.bits import (
    ALPHABET,
    ALPHABETS,
    DIGITS,
    Stretch,
    digit_bits,
    layout,
    prefixes,
    sign_bits,
)  # fmt: skip
from traceability.digital_link.elements import link_from
from traceability.digital_link.identifiers import identifiers
from traceability.digital_link.link import Element
from traceability.digital_link.parse import MAX_LENGTH, parse

_COMPRESSED = re.compile(r"[A-Za-z0-9_-]{4,}")
# The shortest thing that can follow: eight bits for an identifier and one for its value.
_LEAST_BITS = 9
_WORD = "F"


def decompress(text: str) -> str:
    """Return the plain link that a compressed one stands for, under the same stem.

    ``…/{compressed}`` holds everything, ``…/{AI}/{key}/{compressed}`` everything but the key;
    what the query says stays. Raises `InvalidInput` when it is not a compressed link.
    """
    if len(text) > MAX_LENGTH:
        message = f"a link has at most {MAX_LENGTH} characters, not {len(text)}"
        raise InvalidInput(message, "link")
    address, _, fragment = text.partition("#")
    address, _, query = address.partition("?")
    stem, _, packed = address.rpartition("/")
    parts = stem.rsplit("/", 2)
    known = identifiers().get(parts[-2]) if len(parts) == 3 else None
    before: tuple[Element, ...] = ()
    if known is not None and known.qualifiers is not None:
        stem, before = parts[0], ((known.ai, parts[2]),)
    problem: InvalidInput | None = None
    for order in (tuple, lambda sequence: tuple(sorted(sequence))):
        try:
            plain = _plain(stem, before, _Reader(packed, order), query)
        except InvalidInput as error:
            problem = problem or error
        else:
            return plain + (f"#{fragment}" if fragment else "")
    raise problem or InvalidInput("not a compressed link", "link")


def _plain(stem: str, before: tuple[Element, ...], reader: "_Reader", query: str) -> str:
    elements, words = reader.read()
    plain = link_from((*before, *elements)).mint(stem)
    said = plain.partition("?")[2]
    more = [f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in words]
    whole = "&".join(part for part in (said, *more, query) if part)
    plain = plain.partition("?")[0] + (f"?{whole}" if whole else "")
    parse(plain)  # the query may repeat what was compressed
    return plain


@cache
def sequences() -> dict[str, tuple[str, ...]]:
    """Return the identifiers that one byte stands for, by its two hexadecimal digits."""
    text = resources.files(__package__).joinpath("compression_sequences.toml").read_text("utf-8")
    return {byte: tuple(ais.split()) for byte, ais in loads(text)["sequence"].items()}


Order = Callable[[tuple[str, ...]], tuple[str, ...]]


class _Reader:
    """Reads a compressed segment once, from its first bit to its last."""

    def __init__(self, packed: str, order: Order) -> None:
        if not _COMPRESSED.fullmatch(packed):
            message = f"not a compressed link: {packed[:60]!r}"
            raise InvalidInput(message, "link")
        self._bits = "".join(f"{ALPHABET.index(sign):06b}" for sign in packed)
        self._at = 0
        self._order = order

    def read(self) -> tuple[list[Element], list[tuple[str, str]]]:
        """Return the elements, and the words that are none of GS1's."""
        elements: list[Element] = []
        words: list[tuple[str, str]] = []
        while len(self._bits) - self._at >= _LEAST_BITS:
            first, second = self._hex(), self._hex()
            if first == _WORD:
                self._at -= 4
                words.append(self._word())
            else:
                elements += [(ai, self._value(ai)) for ai in self._ais(first + second)]
        if "1" in self._bits[self._at :]:
            message = "a compressed link ends in something else than filling zeros"
            raise InvalidInput(message, "link")
        return elements, words

    def _ais(self, byte: str) -> tuple[str, ...]:
        if byte in sequences():
            return self._order(sequences()[byte])
        ai = byte
        while byte in prefixes() and len(ai) < prefixes()[byte]:
            ai += self._hex()
        if ai not in identifiers():
            message = f"a compressed link names ({ai}), which is no GS1 Application Identifier"
            raise InvalidInput(message, "link")
        return (ai,)

    def _value(self, ai: str) -> str:
        return "".join(self._stretch(stretch) for stretch in layout(ai))

    def _stretch(self, stretch: Stretch) -> str:
        encoding = DIGITS if stretch.numeric else self._number(3)
        length = self._number(stretch.length_bits) if stretch.variable else stretch.length
        return self._signs(encoding, length)

    def _word(self) -> tuple[str, str]:
        """Read a key of the base64 alphabet and its value, each with seven bits of length."""
        length = self._number(7)
        key = "".join(ALPHABET[self._number(6)] for _ in range(length))
        encoding, length = self._number(3), self._number(7)
        if not key or key.isdecimal():
            message = f"a compressed link has a word that is none: {key[:40]!r}"
            raise InvalidInput(message, "link")
        return key, self._signs(encoding, length)

    def _signs(self, encoding: int, length: int) -> str:
        if encoding == DIGITS:
            digits = str(self._number(digit_bits(length))).zfill(length) if length else ""
            if len(digits) > length:
                message = "a compressed link has a number with too many digits"
                raise InvalidInput(message, "link")
            return digits
        if encoding not in ALPHABETS:
            message = f"a compressed link has a value in encoding {encoding}, which is none"
            raise InvalidInput(message, "link")
        width = sign_bits(encoding)
        return "".join(ALPHABETS[encoding][self._number(width)] for _ in range(length))

    def _hex(self) -> str:
        return f"{self._number(4):X}"

    def _number(self, bits: int) -> int:
        piece = self._bits[self._at : self._at + bits]
        if len(piece) < bits or not bits:
            message = "a compressed link ends too early"
            raise InvalidInput(message, "link")
        self._at += bits
        return int(piece, 2)
