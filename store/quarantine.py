"""How a refused message is kept: once, however often it comes, in texts any store can hold."""

import hashlib

from domain.reading import Delivery, Refusal


def digest(delivery: Delivery, refusal: Refusal) -> bytes:
    """Return 32 bytes that are equal exactly when topic, bytes, reason and part are."""
    texts = (delivery.topic, refusal.reason, refusal.part or "")
    parts = [delivery.payload, *(text.encode("utf-8", "surrogatepass") for text in texts)]
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(framed).digest()


def storable(text: str) -> str:
    """Return ``text`` without what databases refuse: NUL and lone surrogates.

    Nothing is lost by it: the raw bytes are kept beside.
    """
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
