"""The door for InfluxDB's clients: who it is, what they bring, and what they are answered.

Answers have InfluxDB's shape, because its clients act on them: 204 is kept, 400 is not to
be sent again, 413 is to be sent in parts, 503 is to be sent again later.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.errors import InvalidInput, NguonError, NotSignedIn, NotYet, OperatorError, TooLarge
from domain.ids import DeviceId
from domain.line_cycles import Precision, head
from domain.reading import Refusal
from domain.topics import Leaf, Topic
from ingest.http_body import read_body, too_large
from ingest.http_room import Answer, Place, Room
from ingest.http_tokens import Tokens

HandIn: TypeAlias = Callable[[Place, str, bytes], None]
_log = logging.getLogger(__name__)
_RETRY_AFTER_S = 5
_TOLD = 1_000  # characters of an answer
_DRAINED, _DRAINED_S = 8_000_000, 2.0
_ANSWERS: tuple[tuple[type[NguonError], int, str], ...] = (
    (NotSignedIn, 401, "unauthorized"),
    (TooLarge, 413, "request too large"),
    (InvalidInput, 400, "invalid"),
    (OperatorError, 503, "unavailable"),
)
_HTTP_CODES = {404: "not found", 405: "method not allowed"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body and of all that wait; seconds for a body, for an answer, for stopping.

    Clients give up after five seconds (Telegraf, the ESP32 library) or ten: an answer has
    to come before, or they would never hear when to come again.
    """

    body: int = 1_000_000
    room: int = 64_000_000
    body_s: float = 20.0
    answer_s: float = 4.0
    stop_s: float = 2.0


class Door:
    """What happens at one address; ``hand_in`` must not block."""

    def __init__(self, tokens: Tokens, room: Room, limits: Limits, hand_in: HandIn) -> None:
        self._tokens, self._room, self._limits = tokens, room, limits
        self._hand_in = hand_in

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/api/v2/write", self._write, methods=["POST"]),
                Route("/health", self._health),
                Route("/ping", _ping),
            ],
            exception_handlers={HTTPException: _on_http, Exception: _on_fault},
        )

    async def _write(self, request: Request) -> Response:
        chunks = request.stream()
        try:
            refusals = await self._take(request, chunks)
        except NguonError as error:
            await _drain(chunks)
            return _refused(error)
        return _told(refusals) if refusals else Response(status_code=204)

    async def _take(self, request: Request, chunks: AsyncIterator[bytes]) -> Sequence[Refusal]:
        """Return what was refused of a request that is committed."""
        device = await self._device(request)
        precision = _precision(request.query_params)
        place = self._room.enter(self._size(request))
        try:
            body = await self._body(request, chunks)
            topic, payload = str(Topic(device, Leaf.LINES)), head(precision) + body
            self._room.offered(place, len(payload))
            self._hand_in(place, topic, payload)
        except BaseException:
            self._room.leave(place)
            raise
        return await self._answer(place)

    async def _device(self, request: Request) -> DeviceId:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not secret.strip():
            message = "a device's token is needed: Authorization: Token …"
            raise NotSignedIn(message)
        device = await self._tokens.device(secret.strip())
        if device is None:
            message = "this token opens nothing: it is unknown or was revoked"
            raise NotSignedIn(message)
        return device

    def _size(self, request: Request) -> int:
        """Return how many bytes a body will have at most."""
        length = int(request.headers.get("content-length", self._limits.body))
        if length > self._limits.body:
            raise too_large(self._limits.body)
        return self._limits.body if "content-encoding" in request.headers else length

    async def _body(self, request: Request, chunks: AsyncIterator[bytes]) -> bytes:
        encoding = request.headers.get("content-encoding", "")
        try:
            async with asyncio.timeout(self._limits.body_s):
                body = await read_body(chunks, encoding, self._limits.body)
        except TimeoutError as error:
            message = f"the body did not come within {self._limits.body_s:g} s"
            raise NotYet(message) from error
        except ClientDisconnect as error:
            message = "the body was cut off"
            raise InvalidInput(message, "body") from error
        if not body:
            message = "the body is empty: it should be line protocol"
            raise InvalidInput(message, "body")
        return body

    async def _answer(self, place: Place) -> Sequence[Refusal]:
        answer: Answer = None
        with contextlib.suppress(TimeoutError):
            answer = await asyncio.wait_for(place.answer, self._limits.answer_s)
        if answer is None:
            message = "not known to be kept yet; sent again it is not kept twice"
            raise NotYet(message)
        return answer

    async def _health(self, _request: Request) -> Response:
        stuck = self._room.longest_s() > self._limits.answer_s
        said = "what was sent is not being kept at present" if stuck else "ready for writes"
        status = "fail" if stuck else "pass"
        content = {"name": "nguon", "message": said, "status": status, "checks": []}
        return JSONResponse(content, 503 if stuck else 200)


async def _ping(_request: Request) -> Response:
    return Response(status_code=204)


def _precision(asked: QueryParams) -> Precision:
    told = asked.get("precision") or Precision.NS
    try:
        return Precision(told)
    except ValueError as error:
        message = f"precision is one of {', '.join(Precision)}, not {told[:20]!r}"
        raise InvalidInput(message, "precision") from error


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read on, within reason: a client that is cut off while it sends reads no answer."""
    came = 0
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_DRAINED_S):
            async for chunk in chunks:
                came += len(chunk)
                if came > _DRAINED:
                    return


def _told(refusals: Sequence[Refusal]) -> Response:
    reasons = "; ".join(f"{refusal.reason}: {refusal.detail}" for refusal in refusals)
    message = f"{reasons[:_TOLD]} (it is kept in quarantine; do not send it again)"
    return _shaped(400, "invalid", message)


def _refused(error: NguonError) -> Response:
    found = ((s, code) for kind, s, code in _ANSWERS if isinstance(error, kind))
    status, code = next(found, (500, "internal error"))
    answer = _shaped(status, code, str(error)[:_TOLD])
    if status == 503:
        _log.warning("a client has to come again: %s", error)
        answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
    elif status == 401:
        answer.headers["WWW-Authenticate"] = "Token"
    return answer


async def _on_http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _shaped(status, _HTTP_CODES.get(status, "invalid"), str(getattr(error, "detail", error)))


async def _on_fault(request: Request, error: Exception) -> Response:
    _log.error("%s %s", request.method, request.url.path, exc_info=error)
    return _shaped(500, "internal error", "the fault is ours; please try again in a few minutes")


def _shaped(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)
