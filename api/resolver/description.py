"""``/.well-known/gs1resolver``: what this resolver does, for other resolvers and tests.

The fields are those of https://ref.gs1.org/standards/resolver/description-file-schema.
"""

from typing import Any

from api.i18n import LANGUAGES, translations
from api.resolver.asked import VOCABULARY
from api.resolver.links import ROWS

KEYS = ("00", "01", "414", "417", "8004")


def description(address: str, issuer: str) -> dict[str, Any]:
    """Return the resolver description of the service at an address."""
    return {
        "name": f"Nguồn: {issuer}",
        "resolverRoot": address,
        "supportedPrimaryKeys": list(KEYS),
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "activeLinkTypes": {language: _kinds(language) for language in LANGUAGES},
        "linkTypeDefaultCanBeLinkset": False,
        "contact": {"fn": issuer},
    }


def _kinds(language: str) -> dict[str, dict[str, str]]:
    """Return each kind with the title of its first row."""
    titles = {row.kind: row.title for row in reversed(ROWS)}
    say = translations(language).gettext
    return {
        f"gs1:{kind}": {"title": say(title), "url": VOCABULARY + kind}
        for kind, title in sorted(titles.items())
    }
