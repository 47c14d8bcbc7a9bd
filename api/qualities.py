"""Weighted lists of what a client would rather have: Accept, Accept-Language (RFC 9110, 12.4.2)."""

import re

_QUALITY = re.compile(r";\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def qualities(header: str) -> dict[str, float]:
    """Return names in lower case with their weights, 0 to 1, in the order given."""
    found = {}
    for part in header.split(","):
        name, _, _ = part.partition(";")
        quality = _QUALITY.search(part)
        if name.strip():
            found[name.strip().lower()] = float(quality[1]) if quality else 1.0
    return found
