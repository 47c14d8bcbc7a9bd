"""What a request asks a resolver for: a kind of link, a kind of document, a language.

RFC 9110, section 12.5 (Accept, Accept-Language). A type that is named counts as wanted; one
that only a wildcard covers as tolerated, or every program would be sent a page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from api.qualities import qualities

LINKSET, JSON, HTML = "application/linkset+json", "application/json", "text/html"
VOCABULARY = "https://ref.gs1.org/voc/"
# GS1's vocabulary has moved; links and programs of every age name it.
_NAMESPACE = re.compile(r"gs1:|https?://(?:(?:www|ref)\.)?gs1\.org/voc/")
# `all` is what `linkset` was called before version 1.0 of the standard.
_SETS = frozenset({"linkset", "all"})


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that decide between answers; qualities from 0 to 1."""

    link_type: str | None
    media: Mapping[str, float]
    languages: Mapping[str, float]

    @classmethod
    def of(cls, request: Request) -> "Asked":
        """Return what a request asks for. ``linkType`` is read in any case, GS1's is camel."""
        given = (v for k, v in request.query_params.multi_items() if k.lower() == "linktype")
        return cls(
            link_type=next(given, None),
            media=qualities(request.headers.get("accept", "")),
            languages=qualities(request.headers.get("accept-language", "")),
        )

    @property
    def kind(self) -> str | None:
        """The kind of link in GS1's vocabulary, None for the default; others stay as given."""
        return None if self.link_type is None else _NAMESPACE.sub("", self.link_type, count=1)

    @property
    def set_as(self) -> str | None:
        """The media type to send the whole set of links in, None when a single one is wanted."""
        if self.link_type in _SETS:
            return LINKSET
        if self.link_type is not None:
            return None
        named = max((LINKSET, JSON), key=lambda media: self.media.get(media, 0.0))
        quality = self.media.get(named, 0.0)
        return named if quality > self.media.get(HTML, 0.0) else None

    @property
    def page(self) -> bool:
        """Whether a person's browser asks, and for nothing in particular."""
        return self.link_type is None and self.set_as is None and self.media.get(HTML, 0.0) > 0

    def quality(self, media: str) -> float:
        """Return how much a media type is wanted; everything, when nothing was said."""
        if not self.media:
            return 1.0
        ranges = (media, media.partition("/")[0] + "/*", "*/*")
        return next((self.media[r] for r in ranges if r in self.media), 0.0)

    def language_quality(self, languages: tuple[str, ...]) -> float:
        """Return how much the best of some languages is wanted; 1 for none in particular."""
        if not self.languages or not languages:
            return 1.0
        spoken = {tag.partition("-")[0]: quality for tag, quality in self.languages.items()}
        return max(spoken.get(language, spoken.get("*", 0.0)) for language in languages)
