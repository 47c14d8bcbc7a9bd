r"""GS1 element strings: what barcodes without an address carry, and links can become.

GS1 General Specifications, section 7.8: ``^`` stands for FNC1, which ends an element whose
identifier has no fixed length. People read ``(01)…(10)…``, with ``\(`` for a bracket that
belongs to a value.
"""

import re
from collections.abc import Iterable

from domain.errors import InvalidInput
from traceability.digital_link.identifiers import Identifier, identifier, identifiers
from traceability.digital_link.link import Element, Link
from traceability.digital_link.parse import MAX_LENGTH

_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:[^(\\]|\\[(\\])+)")
# How readers hand over FNC1 inside of a symbol: ASCII group separator.
_GROUP_SEPARATOR = "\x1d"


def print_elements(link: Link) -> str:
    """Return a link as an element string with ``^`` for FNC1."""
    parts, ended = [], False
    for ai, value in (*link.path, *link.attributes):
        parts.append(f"{'' if ended else '^'}{ai}{value}")
        ended = identifier(ai).fixed
    return "".join(parts)


def parse_elements(text: str) -> Link:
    """Return the link that an element string can become; raises `InvalidInput`.

    The first key in it leads, qualified by the longest list of qualifiers that is there;
    the rest are attributes, those of fixed length first, as GS1's own writer has them.
    """
    if len(text) > MAX_LENGTH:
        message = f"an element string has at most {MAX_LENGTH} characters, not {len(text)}"
        raise InvalidInput(message, "elements")
    marked = text.replace(_GROUP_SEPARATOR, "^")
    return link_from(_plain(marked) if marked.startswith("^") else _bracketed(text))


def link_from(elements: Iterable[Element]) -> Link:
    """Return the link that elements in any order make; raises `InvalidInput`."""
    values = _once(elements)
    path = _path(values)
    rest = [element for element in values.items() if element not in path]
    return Link(path, tuple(sorted(rest, key=lambda element: not identifier(element[0]).fixed)))


def _bracketed(text: str) -> Iterable[Element]:
    at, found = 0, []
    while at < len(text):
        part = _BRACKETED.match(text, at)
        if part is None:
            message = f"not a list of (identifier)value: {text[at : at + 40]!r}"
            raise InvalidInput(message, "elements")
        found.append((part[1], re.sub(r"\\([(\\])", r"\1", part[2])))
        at = part.end()
    return found


def _plain(text: str) -> Iterable[Element]:
    found = []
    for piece in text.removeprefix("^").removesuffix("^").split("^"):
        rest = piece
        while rest:
            known = _leading(rest)
            length = sum(part.longest for part in known.components) if known.fixed else len(rest)
            start = len(known.ai)
            found.append((known.ai, rest[start : start + length]))
            rest = rest[start + length :]
    return found


def _leading(text: str) -> Identifier:
    for length in (2, 3, 4):
        if text[:length] in identifiers():
            return identifier(text[:length])
    message = f"no GS1 Application Identifier is at {text[:20]!r}"
    raise InvalidInput(message, "elements")


def _once(elements: Iterable[Element]) -> dict[str, str]:
    """Return values by identifier; the same said twice is said once."""
    found: dict[str, str] = {}
    for ai, value in elements:
        if found.setdefault(ai, value) != value:
            message = f"({ai}) is said twice, and not the same"
            raise InvalidInput(message, "elements")
    if not found:
        message = "an element string has no elements"
        raise InvalidInput(message, "elements")
    return found


def _path(elements: dict[str, str]) -> tuple[Element, ...]:
    for ai in elements:
        alternatives = identifier(ai).qualifiers
        if alternatives is not None:
            held = [tuple(q for q in whole if q in elements) for whole in alternatives]
            qualifiers = max(held, key=len, default=())
            return tuple((name, elements[name]) for name in (ai, *qualifiers))
    message = "no key is among the elements, and a link needs one"
    raise InvalidInput(message, "elements")
