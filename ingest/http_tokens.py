"""Whose token it is: asked of the records, and remembered for a few seconds.

A revoked token opens nothing once what is remembered of it is over. What opens nothing is
remembered too, so that a device with a wrong token does not keep the database busy.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from domain.ids import DeviceId
from domain.token import digest

KEPT_S = 5.0
_MOST = 10_000


class _Known(NamedTuple):
    device: DeviceId | None
    until_s: float


class Tokens:
    """Used on the event loop alone; ``find`` may block and gets a thread of its own."""

    def __init__(self, find: Callable[[str], DeviceId | None]) -> None:
        self._find = find
        self._known: dict[str, _Known] = {}

    async def device(self, secret: str) -> DeviceId | None:
        """Return whose token it is, None when it opens nothing.

        Raises `StoreUnavailable` when nobody can say.
        """
        key, now_s = digest(secret), time.monotonic()
        known = self._known.get(key)
        if known is None or known.until_s <= now_s:
            known = _Known(await asyncio.to_thread(self._find, key), now_s + KEPT_S)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = known
        return known.device
