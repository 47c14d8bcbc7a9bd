"""Whether credentials still hold: W3C Bitstring Status List 1.0, a bit a credential.

A credential's place is the number of its passport's entry in the log: given once, never
another's, and nothing more has to be kept. That the order of the log is public anyway is why
the places are not drawn at random, as the standard would rather have it. ``revocation`` is for
lots that were recalled, which nobody takes back; ``suspension`` for those in doubt.
"""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from domain.errors import InvalidInput, VerificationFailed
from domain.window import MINUTE_MS, print_instant

REVOCATION, SUSPENSION = "revocation", "suspension"
SIZE = 131_072
"""Places in a list: 16 KiB, the least that the standard lets a list have."""

CONTEXT = "https://www.w3.org/ns/credentials/v2"
_LASTS_MS, _REFRESH_MS = 5 * MINUTE_MS, MINUTE_MS
_NAME = re.compile(rf"({REVOCATION}|{SUSPENSION})-(0|[1-9][0-9]{{0,9}})")


def parse_name(name: str) -> tuple[str, int]:
    """Return (purpose, number) of a list, ``revocation-0``; raises `InvalidInput`."""
    found = _NAME.fullmatch(name)
    if found is None:
        message = f"a list is called {REVOCATION}-0 or {SUSPENSION}-0, not {name[:40]!r}"
        raise InvalidInput(message, "list")
    return found[1], int(found[2])


def list_url(address: str, purpose: str, number: int) -> str:
    """Return where a list is to be had."""
    return f"{address}/v1/status/{purpose}-{number}"


def entries(address: str, place: int) -> list[dict[str, Any]]:
    """Return the ``credentialStatus`` of the credential at a place."""
    number, index = divmod(place, SIZE)
    return [
        {
            "id": f"{list_url(address, purpose, number)}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(index),
            "statusListCredential": list_url(address, purpose, number),
        }
        for purpose in (REVOCATION, SUSPENSION)
    ]


def status_credential(
    address: str, did: str, name: str, places: Iterable[int], now_ms: int
) -> dict[str, Any]:
    """Return a list as a credential; of ``places`` those in its range are set.

    It is to be asked for again after a minute and worth nothing after five, so that a recall
    cannot be hidden behind an old one. Raises `InvalidInput` on the name.
    """
    purpose, number = parse_name(name)
    url = list_url(address, purpose, number)
    from_ms = now_ms - now_ms % MINUTE_MS
    first = number * SIZE
    return {
        "@context": [CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": did,
        "validFrom": print_instant(from_ms),
        "validUntil": print_instant(from_ms + _LASTS_MS),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encode(p - first for p in places if first <= p < first + SIZE),
            "ttl": _REFRESH_MS,
        },
    }


def encode(places: Iterable[int]) -> str:
    """Return a list with these places set: multibase base64url over GZIP, first bit leftmost."""
    bits = bytearray(SIZE // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def is_set(subject: Mapping[str, Any], place: int) -> bool:
    """Whether a place of a list is set; raises `VerificationFailed`, step ``status``."""
    text = str(subject.get("encodedList"))
    try:
        packed = base64.b64decode(
            text[1:] + "=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True
        )
        unpacking = zlib.decompressobj(wbits=31)
        bits = unpacking.decompress(packed, SIZE)  # never more, whatever it would grow to
    except (binascii.Error, ValueError, zlib.error) as error:
        raise VerificationFailed("status", "a list, compressed", str(error)[:80]) from error
    if text[:1] != "u" or len(bits) < SIZE // 8:
        raise VerificationFailed("status", f"a list of {SIZE} places or more", f"{8 * len(bits)}")
    if not 0 <= place < 8 * len(bits):
        raise VerificationFailed("status", f"one of {8 * len(bits)} places", f"{place}")
    return bool(bits[place >> 3] & 0x80 >> (place & 7))
