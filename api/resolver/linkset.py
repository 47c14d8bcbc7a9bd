"""Links written down: as a set in JSON (RFC 9264) and in HTTP's Link header (RFC 8288).

The header names the set and the default only. That all links stand in it was given up in
version 1.0 of the resolver standard: a header has no room for them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from api.resolver.asked import LINKSET, VOCABULARY
from api.resolver.levels import Level
from api.resolver.links import DEFAULT, Target
from traceability.digital_link import Link

# Makes JSON-LD of the set: https://ref.gs1.org/standards/resolver/artefacts.
_CONTEXT = "https://ref.gs1.org/standards/resolver/linkset-context"
CONTEXT_LINK = (
    f'<{_CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
)

Title = Callable[[str], str]


def document(
    levels: Sequence[Level], address: str, language: str, title: Title
) -> dict[str, list[dict[str, Any]]]:
    """Return the whole set: an anchor a level, its links by kind, one of them the default."""
    return {"linkset": [_context(level, address, language, title) for level in levels]}


def choices(
    found: Sequence[Target], level: Level, address: str, title: Title
) -> dict[str, list[dict[str, Any]]]:
    """Return a set of equal links, for the status that says there are several."""
    anchor = address + level.link.path_text()
    return {"linkset": [{"anchor": anchor, **_by_kind(found, address, title)}]}


def header(levels: Sequence[Level], asked: Link, address: str) -> str:
    """Return the Link header that every answer about known things bears."""
    page = f"{address}{levels[0].page.href}"
    return f'{pointer(asked, address)}, <{page}>; rel="{VOCABULARY}{DEFAULT}"'


def pointer(asked: Link, address: str) -> str:
    """Return the link to the set of links of what was asked for."""
    return f'<{address}{asked.path_text()}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'


def same_as(plain: str) -> str:
    """Return the link that says what a compressed link stands for."""
    return f'<{plain}>; rel="owl:sameAs"'


def _context(level: Level, address: str, language: str, title: Title) -> dict[str, Any]:
    page = level.page
    return {
        "anchor": address + level.link.path_text(),
        "description": level.name_vi if language == "vi" else level.name_en,
        **_by_kind(level.targets, address, title),
        # The default has a title and nothing else, or a resolver could not tell it apart.
        VOCABULARY + DEFAULT: [{"href": address + page.href, "title": title(page.title)}],
    }


def _by_kind(found: Iterable[Target], address: str, title: Title) -> dict[str, Any]:
    links: dict[str, list[dict[str, Any]]] = {}
    for target in found:
        told = {"href": address + target.href, "title": title(target.title), "type": target.media}
        spoken = {"hreflang": list(target.languages)} if target.languages else {}
        links.setdefault(VOCABULARY + target.kind, []).append({**told, **spoken})
    return links
