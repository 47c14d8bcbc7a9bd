"""The buyer's page from memory: the same as made anew, never older than a minute, never a lie."""

import asyncio
import gzip
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from api.hot import LIFE_MS, HotPages
from api.scans.opened import KEY, Opened
from domain.gs1 import LotNumber
from domain.lot import Recall
from domain.window import SECOND_MS
from store.records import tables as t
from tests.api.conftest import Site, standing_site
from tests.traceability.world import GTIN, HARVESTED, NOON

LOT = f"/01/{GTIN}/10/LO-1"
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, LIFE_MS)
    yield site
    site.world.close()


def recall_behind(site: Site) -> None:
    """Another process recalls the lot: this one is told nothing."""
    with site.world.records.transaction() as transaction:
        transaction.lots.add_recall(Recall(GTIN, LotNumber("LO-1"), "thử", "office", NOON))


def state(site: Site, path: str = LOT) -> str:
    return site.browser().get(path).text.split('data-state="')[1].split('"')[0]


def test_a_page_from_memory_is_the_page_with_its_headers_and_its_age(site: Site) -> None:
    browser = site.browser()
    first = browser.get(LOT)
    site.clock.now_ms += 17 * SECOND_MS
    again = browser.get(LOT)
    assert again.content == first.content
    assert "age" not in first.headers
    assert again.headers["age"] == "17"
    assert {k: v for k, v in again.headers.items() if k != "age"} == dict(first.headers)
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "link"):
        assert again.headers[name]
    assert again.headers["cache-control"] == "public, max-age=60"
    assert again.headers["vary"].split(", ") == ["Accept", "Accept-Language", "Accept-Encoding"]


def test_it_comes_packed_to_those_who_unpack(site: Site) -> None:
    client = site.client()
    for _ in range(2):
        with client.stream("GET", LOT, headers=BROWSER) as packed:
            raw = b"".join(packed.iter_raw())
        plain = client.get(LOT, headers={"Accept": "text/html", "Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(raw) == plain.content
        assert int(packed.headers["content-length"]) == len(raw)


def test_however_it_is_cached_a_recall_shows_within_a_minute(site: Site) -> None:
    """Its age here and what a browser may keep it for are together never above sixty seconds."""
    assert state(site) == "valid"
    recall_behind(site)
    for passed_s in (0, 30, 59):
        site.clock.now_ms = NOON + passed_s * SECOND_MS
        answer = site.browser().get(LOT)
        kept_s = 60 - int(answer.headers.get("age", 0))
        assert passed_s + kept_s <= 60
        assert 'data-state="valid"' in answer.text
    site.clock.now_ms = NOON + 60 * SECOND_MS
    assert state(site) == "recalled"


def test_a_clock_that_is_set_back_keeps_nothing_alive(site: Site) -> None:
    assert state(site) == "valid"
    recall_behind(site)
    site.clock.now_ms = NOON - 1
    assert state(site) == "recalled"


def test_what_this_process_changes_shows_at_once(site: Site) -> None:
    assert state(site) == "valid"
    office = site.client("office")
    answer = office.post(f"/v1/lots/{GTIN}/LO-1/recall", json={"reason": "thử"})
    assert answer.status_code == 201
    assert state(site) == "recalled"
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.recall.delete())


def test_a_spraying_in_the_diary_shows_at_once(site: Site) -> None:
    assert state(site) == "valid"
    entry = {"id": "phun", "work": "spraying", "day": HARVESTED.isoformat(), "product": "sample-a"}
    answer = site.client("grower").post("/v1/plots/ruong-1/diary", json=entry)
    assert answer.status_code == 201
    assert state(site) == "doubted"


def test_strangers_cannot_empty_the_memory(site: Site) -> None:
    browser = site.browser()
    browser.get(LOT)
    site.clock.now_ms += SECOND_MS
    browser.post("/phan-hoi", data={"code": "x", "kind": "problem", "note": "x"})
    browser.post("/dang-nhap", data={"login": "grower", "secret": "0"})
    browser.post(f"/v1/lots/{GTIN}/LO-1/recall", json={"reason": "x"})
    assert browser.get(LOT).headers["age"] == "1"


def test_pages_of_other_words_are_other_pages(site: Site) -> None:
    browser = site.browser()
    vietnamese = unescape(browser.get(LOT).text)
    assert "This label is in the system" in browser.get(LOT + "?lang=en").text
    assert "Có thể là tem sao chép" not in vietnamese
    assert "Có thể là tem sao chép" in unescape(browser.get(LOT + "?7007=261119").text)
    assert unescape(browser.get(LOT).text) == vietnamese


def test_a_program_is_never_given_a_persons_page(site: Site) -> None:
    client = site.client()
    for accept in ("text/html", "application/linkset+json", "*/*", "text/html", "application/json"):
        answer = client.get(LOT, headers={"Accept": accept}, follow_redirects=False)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        assert is_page is (accept == "text/html"), accept
    two = [("Accept", "application/linkset+json"), ("Accept", "text/html")]
    assert "html" not in client.get(LOT, headers=two).headers["content-type"]
    assert "html" in client.get(LOT, headers=two[::-1]).headers["content-type"]
    assert "html" not in client.get(LOT, headers=two).headers["content-type"]


def test_what_is_unknown_is_asked_anew(site: Site) -> None:
    new = f"/01/{GTIN}/10/LO-2"
    assert state(site, new) == "unknown"
    with site.world.records.transaction() as transaction:
        site.world.open(transaction, 1.0, "LO-2")
    assert state(site, new) == "valid"


def test_memory_is_bounded(site: Site) -> None:
    browser = site.browser()
    for number in range(3):
        browser.get(f"{LOT}?x={number}")
    layer = site.app.middleware_stack
    while not isinstance(layer, HotPages):
        layer = layer.app  # type: ignore[union-attr]
    assert len(layer._kept) == 3
    browser.get(LOT + "?x=" + "9" * 2_000)
    browser.get(LOT, headers={"Accept": "text/html," + "a/b," * 200})
    assert len(layer._kept) == 3


def scope_of(path: str) -> dict[str, Any]:
    raw = path.encode()
    headers = [(b"accept", b"text/html")]
    return {"type": "http", "method": "GET", "path": path, "raw_path": raw, "query_string": b"",
            "headers": headers, "client": ("10.0.0.1", 1)}  # fmt: skip


class Slow:
    """An application whose page takes a moment, and may be overtaken by a change."""

    def __init__(self, site: Site) -> None:
        self.made, self.site = 0, site
        self.pages = HotPages(self, site.app.state.deps)
        self.meanwhile: Any = None

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["method"] == "GET":
            self.made += 1
            await asyncio.sleep(0.01)
            if self.meanwhile:
                await self.meanwhile()
            with self.site.world.records.reading() as transaction:
                (lot,) = transaction.lots.lots()
            scope[KEY].append(Opened(lot.gtin, lot.number, ""))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page %d" % self.made})

    async def ask(self, method: str = "GET") -> bytes:
        parts: list[bytes] = []

        async def send(message: Any) -> None:
            parts.append(message.get("body", b""))

        async def receive() -> Any:
            return {"type": "http.request"}

        await self.pages({**scope_of(LOT), "method": method}, receive, send)
        return b"".join(parts)


def test_many_at_once_have_it_made_once(site: Site) -> None:
    slow = Slow(site)

    async def crowd() -> list[bytes]:
        return await asyncio.gather(*(slow.ask() for _ in range(50)))

    assert asyncio.run(crowd()) == [b"page 1"] * 50
    assert slow.made == 1


def test_a_page_overtaken_by_a_change_is_not_kept(site: Site) -> None:
    slow = Slow(site)

    async def story() -> list[bytes]:
        async def change() -> None:
            slow.meanwhile = None
            await slow.ask("POST")

        slow.meanwhile = change
        return [await slow.ask() for _ in range(3)]

    assert asyncio.run(story()) == [b"page 1", b"page 2", b"page 2"]


def test_one_that_fails_leaves_nobody_waiting(site: Site) -> None:
    slow = Slow(site)

    async def broken() -> None:
        raise RuntimeError

    async def story() -> list[object]:
        slow.meanwhile = broken
        first = asyncio.gather(*(slow.ask() for _ in range(3)), return_exceptions=True)
        return list(await asyncio.wait_for(first, 5))

    assert [type(e) for e in asyncio.run(story())] == [RuntimeError] * 3


def test_each_is_shown_the_page_in_their_language_from_memory(site: Site) -> None:
    browser = site.browser()
    for header, words in (("en-GB", "This label is in the system"), ("vi", "Tem có trong hệ thống"),
                          ("en", "This label is in the system"), ("de", "Tem có trong hệ thống")):  # fmt: skip
        answer = browser.get(LOT, headers={"Accept-Language": header})
        assert words in unescape(answer.text)
    assert "age" in answer.headers, "German and Vietnamese are shown one page"
