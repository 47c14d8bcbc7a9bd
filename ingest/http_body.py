"""The body of a request, inflated where it is gzip, and never more of it than is taken.

A bomb is a few bytes that stand for very many: it is inflated up to the limit and one byte
more, which is enough to refuse it.
"""

import zlib
from collections.abc import AsyncIterable

from domain.errors import InvalidInput, TooLarge

_GZIP = 31  # zlib's number for a window of 32 KiB inside gzip's frame


async def read_body(chunks: AsyncIterable[bytes], encoding: str, most: int) -> bytes:
    """Return a body of at most ``most`` bytes, on the line as well as inflated.

    Raises `TooLarge`, and `InvalidInput` for an encoding that is unknown or broken.
    """
    inflater = _inflater(encoding)
    body, came = bytearray(), 0
    async for chunk in chunks:
        came += len(chunk)
        body += chunk if inflater is None else inflater.feed(chunk, most - len(body))
        if max(came, len(body)) > most:
            raise too_large(most)
    if inflater is not None and came:
        inflater.finish()
    return bytes(body)


def too_large(most: int) -> TooLarge:
    """Return the error for a body of more bytes than are taken."""
    return TooLarge(f"a body has at most {most} bytes, inflated; send it in parts")


def _inflater(encoding: str) -> "_Inflater | None":
    if encoding.strip().lower() in ("", "identity"):
        return None
    if encoding.strip().lower() != "gzip":
        message = f"a body is plain or gzip, not {encoding[:20]!r}"
        raise InvalidInput(message, "Content-Encoding")
    return _Inflater()


class _Inflater:
    """Gzip, piece by piece; it may have several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes, room: int) -> bytes:
        """Return what a piece stands for, one byte more than there is room for at most."""
        found = bytearray()
        while chunk and len(found) <= room:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                found += self._member.decompress(chunk, room + 1 - len(found))
            except zlib.error as error:
                message = f"the body is not gzip: {error}"
                raise InvalidInput(message, "body") from error
            chunk = self._member.unused_data or self._member.unconsumed_tail
        return bytes(found)

    def finish(self) -> None:
        """Raise `InvalidInput` when the end is missing."""
        if not self._member.eof:
            message = "the body is gzip that was cut short"
            raise InvalidInput(message, "body")
