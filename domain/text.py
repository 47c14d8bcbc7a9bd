"""What people typed, in the one form in which it is kept.

A keyboard may send letters and their marks apart (NFD), a form may carry control
characters, and a mark that turns the direction of writing can make a text read as
another one: the first is put right, the others are refused.
"""

import unicodedata

from domain.errors import InvalidInput

# Embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9).
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# Fillers that Unicode calls letters or symbols although nothing is drawn for them.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _is_invisible(sign: str) -> bool:
    if sign.isspace() or sign in _FILLERS:
        return True
    return unicodedata.category(sign) == "Cf" and sign not in _TURNING


def plain(text: str, field: str, limit: int, *, lines: bool = False) -> str:
    """Return ``text`` composed (NFC), nothing invisible at its ends; ``lines`` may be several.

    Raises `InvalidInput` naming ``field`` for more than ``limit`` characters, for
    control characters, and for what no database keeps.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    shown = [i for i, sign in enumerate(composed) if not _is_invisible(sign)]
    composed = composed[shown[0] : shown[-1] + 1] if shown else ""
    kept = "\n\t" if lines else ""
    for sign in composed:
        if sign in _TURNING or (unicodedata.category(sign) in ("Cc", "Cs") and sign not in kept):
            message = f"a text has no control characters: U+{ord(sign):04X}"
            raise InvalidInput(message, field)
    if len(composed) > limit:
        message = f"at most {limit} characters, these are {len(composed)}"
        raise InvalidInput(message, field)
    return composed


def one_line(text: object) -> str:
    """Return a text in which nothing can pass for another line, or move what stands beside it."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))
