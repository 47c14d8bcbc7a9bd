"""Reading a Digital Link, strictly: what another reader might take otherwise is refused.

GS1 Digital Link URI syntax 1.4 and later: GTINs of 14 digits, numeric identifiers only, no
identifier twice. Where the standard is silent we do as GS1's own reader (the Barcode Syntax
Engine) does: the key is the rightmost one, so that anything may stand before it; a host is
held to its characters alone; fragments and words in the query are left to others.
"""

import re
from collections.abc import Iterator

from domain.errors import InvalidInput
from traceability.digital_link.identifiers import identifiers
from traceability.digital_link.link import Element, Link
from traceability.digital_link.percent import decode, decode_query, require_escapes

# More than any symbol holds: ISO/IEC 18004, version 40-L, has 7,089 digits.
MAX_LENGTH = 7_089
_SCHEMES = ("https://", "http://", "HTTPS://", "HTTP://")
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_HOST = re.compile(r"[A-Za-z0-9\-.:\[\]]+")


def parse(text: str) -> Link:
    """Return what a link names and says; raises `InvalidInput` saying what is wrong."""
    rest = _without_scheme(text)
    rest, _, _ = rest.partition("#")
    rest, _, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    if not _HOST.fullmatch(host):
        message = f"no host, or signs in it that hosts do not have: {text[:120]!r}"
        raise InvalidInput(message, "link")
    return Link(_path(path.split("/") if slash else []), tuple(_attributes(query)))


def _without_scheme(text: str) -> str:
    if len(text) > MAX_LENGTH:
        message = f"a link has at most {MAX_LENGTH} characters, not {len(text)}"
        raise InvalidInput(message, "link")
    if not _CHARACTERS.fullmatch(text):
        message = f"signs that no address has: {text[:120]!r}"
        raise InvalidInput(message, "link")
    require_escapes(text)
    for scheme in _SCHEMES:
        if text.startswith(scheme):
            return text.removeprefix(scheme)
    message = f"a Digital Link is an http or https address: {text[:120]!r}"
    raise InvalidInput(message, "link")


def _path(segments: list[str]) -> tuple[Element, ...]:
    """Return key and qualifiers: pairs from the right, until one begins with a key."""
    found: list[Element] = []
    for at in range(len(segments) - 2, -1, -2):
        ai, value = segments[at], segments[at + 1]
        known = identifiers().get(ai)
        if known is None:
            break
        found.insert(0, (ai, decode(value)))
        if known.qualifiers is not None:
            return tuple(found)
    message = "no GS1 key is where a path has one, or what follows it is not in pairs"
    raise InvalidInput(message, "link")


def _attributes(query: str) -> Iterator[Element]:
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        # A key spelt %31%30 is 10 to whoever decodes it, and a word to whoever does not.
        if not equals or not decode(key).isdecimal():
            continue
        if not key.isdecimal():
            message = f"an Application Identifier is written in plain digits: {key[:60]!r}"
            raise InvalidInput(message, "link")
        yield key, decode_query(value)
