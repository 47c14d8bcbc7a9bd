"""Pages: how many, from where, and the link to the next.

``nextPageToken`` holds where the last page ended, and which question it belongs to; the
server remembers nothing. It is not signed: whoever forges one reads what anyone may read.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from fastapi import Request

from domain.errors import InvalidInput
from domain.window import HOUR_MS, print_instant
from store.records.events import Place

OF_PAGING = ("perPage", "nextPageToken")
PER_PAGE, MOST_PER_PAGE = 30, 500
TOKEN_MS = 24 * HOUR_MS
_BIGGEST = 2**62


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for: at most ``limit``, from behind ``after``.

    ``after`` is what :func:`next_headers` was given for the page before, None on the first.
    """

    limit: int
    after: Mapping[str, str | int] | None

    def place(self) -> Place | None:
        """Return where the page before ended, among events."""
        if self.after is None:
            return None
        return Place(self._number("key"), self._number("number"))

    def told(self) -> int:
        """Return how many events the pages before have told."""
        return 0 if self.after is None else self._number("told")

    def name(self) -> str:
        """Return the last name of the page before, empty on the first."""
        value = "" if self.after is None else self.after.get("name")
        if not isinstance(value, str) or not (value.isascii() and (value.isprintable())):
            raise _bad()
        return value

    def _number(self, name: str) -> int:
        value = (self.after or {}).get(name)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _BIGGEST:
            raise _bad()
        return value


def paging(request: Request, now_ms: int) -> Paging:
    """Return which page a request asks for; raises `InvalidInput`."""
    asked = request.query_params
    per_page = asked.get("perPage", str(PER_PAGE))
    if not (per_page.isascii() and per_page.isdigit() and len(per_page) < 10 and int(per_page)):
        message = "perPage is a whole number from 1"
        raise InvalidInput(message, "perPage")
    token = asked.get("nextPageToken")
    after = None if token is None else _read(token, _question(request), now_ms)
    return Paging(min(int(per_page), MOST_PER_PAGE), after)


def require_known(request: Request, *known: str) -> None:
    """Raise `InvalidInput` on a query parameter that a resource does not have.

    One that is ignored would be taken for a condition that holds.
    """
    for name in request.query_params:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "there are none"
            message = f"there is no such query parameter here; {there}"
            raise InvalidInput(message, name[:80])


def next_headers(
    request: Request, after: Mapping[str, str | int] | None, now_ms: int
) -> dict[str, str]:
    """Return the headers that lead to the next page; none when there is none."""
    if after is None:
        return {}
    expires_ms = now_ms + TOKEN_MS
    content = {**after, "of": _question(request), "until": expires_ms}
    token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    asked = [(k, v) for k, v in request.query_params.multi_items() if k != "nextPageToken"]
    address = f"{request.url.path}?{urlencode([*asked, ('nextPageToken', token)])}"
    return {
        "Link": f'<{address}>; rel="next"',
        "GS1-Next-Page-Token-Expires": print_instant(expires_ms),
    }


def _question(request: Request) -> str:
    """Return a digest of path and parameters, without those of paging."""
    asked = sorted((k, v) for k, v in request.query_params.multi_items() if k not in OF_PAGING)
    return sha256(json.dumps([request.url.path, asked]).encode()).hexdigest()[:16]


def _read(token: str, question: str, now_ms: int) -> dict[str, str | int]:
    try:
        padded = token + "=" * (-len(token) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        until = content["until"]
        valid = content["of"] == question and isinstance(until, int)
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _bad() from error
    if not valid:
        raise _bad()
    if until <= now_ms:
        message = "nextPageToken has expired; begin again without it"
        raise InvalidInput(message, "nextPageToken")
    return {k: v for k, v in content.items() if isinstance(v, str | int)}


def _bad() -> InvalidInput:
    message = "nextPageToken is not one that this question was answered with"
    return InvalidInput(message, "nextPageToken")
