"""A whole answer as bytes, to be sent more than once: plain, and packed where that is wanted."""

import gzip
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SMALL, _LEVEL = 500, 6
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """Status, headers without length, body; both as an application gave them, not packed."""

    status: int
    headers: Headers
    body: bytes

    @classmethod
    async def of(cls, app: ASGIApp, scope: Scope, receive: Receive) -> Self:
        """Return what an application answers; it must not be an endless one."""
        status, headers, parts = 500, Headers(), list[bytes]()

        async def keep(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await app(scope, receive, keep)
        return cls(status, [h for h in headers if h[0] != b"content-length"], b"".join(parts))

    async def send(self, scope: Scope, send: Send, age_s: int | None = None) -> None:
        """Send it; ``age_s`` is for how long it has lain here, None when it is new."""
        packs = b"gzip" in header_of(scope, b"accept-encoding")
        headers, body = self._packed if packs else self._plain
        if age_s is not None:
            headers = [*headers, (b"age", b"%d" % age_s)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @cached_property
    def _plain(self) -> tuple[Headers, bytes]:
        return self._finished(self.body)

    @cached_property
    def _packed(self) -> tuple[Headers, bytes]:
        if len(self.body) < _SMALL:
            return self._plain
        # No time in it: the same page gives the same bytes.
        packed = gzip.compress(self.body, _LEVEL, mtime=0)
        headers, _ = self._finished(packed)
        return [*headers, (b"content-encoding", b"gzip")], packed

    def _finished(self, body: bytes) -> tuple[Headers, bytes]:
        # The application has said by Vary that it may come packed.
        return [*self.headers, (b"content-length", b"%d" % len(body))], body


def header_of(scope: Scope, name: bytes) -> bytes:
    """Return the first header of a name (lower case), empty when there is none."""
    return next((value for found, value in scope["headers"] if found == name), b"")
