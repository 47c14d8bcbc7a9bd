"""Where a scan came from, as coarsely as a trusted proxy tells, and no other way.

No database of addresses: it would be out of date and pretend to know. A content network or
the district's own proxy may add a header with a code, ISO 3166: a country (VN) or one of its
subdivisions (VN-58); ``NGUON_PLACE_HEADER`` names it. Accept-Language tells what people speak,
not where they are, and is not used.
"""

import re

# ISO 3166-1 alpha-2, ISO 3166-2: up to three letters or digits after the hyphen.
_CODE = re.compile(rb"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?")
# What content networks say when they do not know, or of Tor.
_NOWHERE = frozenset({"XX", "T1"})


def place_of(told: bytes) -> str:
    """Return a place's code in capitals, empty when none was told or it is none."""
    if not _CODE.fullmatch(told):
        return ""
    code = told.decode().upper()
    return "" if code in _NOWHERE else code
