"""Percent-encoding as Digital Links need it: strict when read, one spelling when written.

RFC 3986, sections 2.1 to 2.3. ``urllib`` is not used to read: it lets a stray ``%`` pass,
and guesses what bytes that are not UTF-8 might mean.
"""

import re
from urllib.parse import quote

from domain.errors import InvalidInput

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def require_escapes(text: str) -> None:
    """Raise `InvalidInput` where a % is not followed by two hexadecimal digits."""
    if _STRAY.search(text):
        message = f"a % that is not followed by two hexadecimal digits: {text[:120]!r}"
        raise InvalidInput(message, "link")


def decode(text: str) -> str:
    """Return ``text`` with its escapes undone, a character a byte.

    No Application Identifier has letters beyond ASCII: what is made of such bytes is refused
    by the character set it is then held to.
    """
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def decode_query(text: str) -> str:
    """Return a value of a query decoded, where a plus sign is a space."""
    return decode(text.replace("+", " "))


def encode(text: str) -> str:
    """Return ``text`` with everything escaped that is not unreserved, in upper case."""
    return quote(text, safe="")
