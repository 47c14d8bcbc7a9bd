"""``/.well-known/gs1resolver``: what this resolver does, for other resolvers and tests.

The fields are those of https://ref.gs1.org/standards/resolver/description-file-schema.
"""

from typing import Any

from api.resolver.asked import VOCABULARY
from api.resolver.links import DEFAULT, ROWS

KEYS = ("01", "414", "417", "8004")


def description(address: str, issuer: str) -> dict[str, Any]:
    """Return the resolver description of the service at an address."""
    return {
        "name": f"Nguồn: {issuer}",
        "resolverRoot": address,
        "supportedPrimaryKeys": list(KEYS),
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "activeLinkTypes": sorted({f"gs1:{row.kind}" for row in ROWS} | {f"gs1:{DEFAULT}"}),
        "linkTypeDefaultCanBeLinkset": False,
        "contact": {"fn": issuer},
    }
