"""A request's address read as a Digital Link, whichever way it is written.

People come from labels that may be misprinted: where the path names a thing and only the
query is wrong, both are kept apart, so that the page can still be shown.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi import Request

from domain.errors import InvalidInput
from traceability.digital_link import Link, parse
from traceability.digital_link.decompress import decompress

# Until syntax 1.4 a GTIN could be as short as on the product; such labels lead on.
_SHORT_GTIN = re.compile(r"/01/([0-9]{8}|[0-9]{12}|[0-9]{13})(/.*)?")


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names: the link of its path, its query, and what is wrong with that.

    ``plain`` is the link that a compressed one stands for.
    """

    link: Link
    query: str
    problem: InvalidInput | None = None
    plain: str | None = None


def read(address: str, path: str, query: str) -> Named:
    """Return what path and query under an address name; raises `InvalidInput`.

    A slash at the end is tolerated, as the resolver standard asks.
    """
    end = f"?{query}" if query else ""
    whole = address + path.removesuffix("/")
    try:
        link = parse(whole)
    except InvalidInput:
        plain = _decompressed(whole + end)
        if plain is None:
            raise
        before, _, inner = plain.partition("?")
        return replace(read("", before, inner), plain=plain)
    try:
        parse(whole + end)
    except InvalidInput as problem:
        return Named(link, query, problem)
    return Named(link, query)


def longer(path: str) -> str | None:
    """Return a path with a short GTIN brought to 14 digits, None when it has none."""
    written = _SHORT_GTIN.fullmatch(path.removesuffix("/"))
    return written and f"/01/{written[1].zfill(14)}{written[2] or ''}"


def raw_path(request: Request) -> str:
    """Return the path as it was sent: decoded, %2F and / would be the same."""
    raw: bytes | None = request.scope.get("raw_path")
    if raw is None:
        return quote(request.url.path, safe="/")
    return raw.partition(b"?")[0].decode("latin-1")


def _decompressed(text: str) -> str | None:
    try:
        return decompress(text)
    except InvalidInput:
        return None
