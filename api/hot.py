"""The buyer's page from memory: what every scan opens is made once a minute, not once a scan.

The outermost layer of the application. An answer about a lot is kept as it left, headers
included, so a page from memory carries what the layers within put on it, and none of them
runs. It lives for a minute at most, ``Age`` says how much of that is gone (RFC 9111, section
5.1), so nothing, however it is cached on its way, is shown for longer than that; and whatever
this process is told to change drops all of it at once. Which pages a change shows on is not
looked into: it would be forgotten for the next kind of change.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers import Answer, header_of
from api.deps import Deps
from api.i18n import language_of
from api.scans.devices import Devices
from api.scans.opened import KEY as OPENED
from api.scans.opened import Opened
from api.scans.places import place_of
from domain.scan import Scan
from domain.window import SECOND_MS

LIFE_MS = 60 * SECOND_MS
# Where labels lead; links that came packed are rare.
_PLACES = ("/01/", "/lo/", "/T/", "/t/")
_MOST, _LONGEST = 500, 400
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What strangers may send, or it would be theirs to keep the memory empty.
_CHANGES_NO_PAGE = frozenset({"/phan-hoi", "/dang-nhap", "/dang-xuat", "/v1/sessions"})

_Key = tuple[bytes, bytes, bytes, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    opened: list[Opened]
    made_ms: int


class HotPages:
    """Answers from memory where it can, counts what was opened, forgets on every change."""

    def __init__(self, app: ASGIApp, given: Deps) -> None:
        self._app, self._given = app, given
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._making: dict[_Key, asyncio.Event] = {}
        self._changes = 0
        self._devices = Devices()
        self._place_header = given.place_header.lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            await self._get(scope, receive, send)
        elif scope["method"] in _SAFE or scope["path"] in _CHANGES_NO_PAGE:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, self._dropping(send))

    async def _get(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope)
        if key is None:
            opened: list[Opened] = []
            await self._app({**scope, OPENED: opened}, receive, send)
            self._count(scope, opened)
            return
        kept = self._fresh(key)
        if kept is None and (making := self._making.get(key)) is not None:
            # A label that many scan at once is made once.
            await making.wait()
            kept = self._fresh(key)
        if kept is not None:
            self._count(scope, kept.opened)
            await kept.answer.send(scope, send, self._age_s(kept))
            return
        made = self._making.setdefault(key, asyncio.Event())
        try:
            answer, opened = await self._make(scope, receive, key)
        finally:
            self._making.pop(key, None)
            made.set()
        self._count(scope, opened)
        await answer.send(scope, send)

    async def _make(self, scope: Scope, receive: Receive, key: _Key) -> tuple[Answer, list[Opened]]:
        opened: list[Opened] = []
        began_ms, changes = self._given.clock(), self._changes
        # Not packed within: what is kept is both, packed and not.
        headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        answer = await Answer.of(self._app, {**scope, "headers": headers, OPENED: opened}, receive)
        # What was changed while the page was made may not be on it.
        if opened and answer.status == 200 and changes == self._changes:
            self._kept[key] = _Kept(answer, opened, began_ms)
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return answer, opened

    def _fresh(self, key: _Key) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if 0 <= self._given.clock() - kept.made_ms < self._given.page_life_ms:
            return kept
        del self._kept[key]
        return None

    def _age_s(self, kept: _Kept) -> int:
        return (self._given.clock() - kept.made_ms) // SECOND_MS

    def _count(self, scope: Scope, opened: list[Opened]) -> None:
        # A browser that looks ahead has not been asked to by anybody.
        if not opened or b"prefetch" in header_of(scope, b"sec-purpose"):
            return
        now_ms, client = self._given.clock(), scope.get("client")
        agent = header_of(scope, b"user-agent")
        device = self._devices.digest(client[0] if client else "", agent, now_ms)
        place = place_of(header_of(scope, self._place_header)) if self._place_header else ""
        for one in opened:
            scan = Scan(one.gtin, one.number, one.serial, place, device, now_ms)
            self._given.scans.note(scan)

    def _dropping(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._changes += 1
                self._kept.clear()
            await send(message)

        return sent


def _key_of(scope: Scope) -> _Key | None:
    """Return what tells pages apart, None for what is not kept: the rest is made each time."""
    accept = header_of(scope, b"accept")
    if not scope["path"].startswith(_PLACES) or len(accept) > _LONGEST:
        return None
    # By the language, not by the header that asks for it: browsers spell that in hundreds of ways.
    language = language_of(Request(scope))
    key = (scope.get("raw_path") or b"", scope["query_string"], accept, language)
    return key if key[0] and len(key[0]) + len(key[1]) <= _LONGEST else None
