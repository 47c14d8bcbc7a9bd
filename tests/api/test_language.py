"""Which language a page comes in, and that it stays so over every link, form and redirect."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.conftest import PIN, Site
from tests.traceability.world import GTIN

LOT = f"/01/{GTIN}/10/LO-1"
SPEAKERS = [
    ("en", "en"), ("en-US,en;q=0.9,vi;q=0.8", "en"), ("EN-gb", "en"), ("fr,en;q=0.5", "en"),
    ("vi-VN,vi;q=0.9,en;q=0.8", "vi"), ("vi;q=0.5,en;q=0.6", "en"), ("vi,en", "vi"),
    ("", "vi"), ("*", "vi"), ("en;q=0", "vi"), ("fr-FR,fr", "vi"), ("en;q=0.5,*", "vi"),
    ("tlh,,;q=,\x7f;;q=9", "vi"), ("x" * 5_000 + ",en", "vi"),
]  # fmt: skip


def spoken(page: str) -> str:
    return page.split('<html lang="')[1][:2]


@pytest.mark.parametrize(("header", "language"), SPEAKERS)
def test_a_first_visitor_is_spoken_to_in_their_language(
    site: Site, header: str, language: str
) -> None:
    browser = site.browser()
    for path in ("/", LOT, "/nowhere", "/r"):
        assert spoken(browser.get(path, headers={"Accept-Language": header}).text) == language


def test_what_is_asked_for_counts_more_than_what_the_browser_says(site: Site) -> None:
    english = {"Accept-Language": "en"}
    assert spoken(site.browser().get(LOT + "?lang=vi", headers=english).text) == "vi"
    assert spoken(site.browser().get(LOT + "?lang=xx", headers=english).text) == "en"


@pytest.mark.parametrize("path", [LOT, f"/lo/{GTIN}/LO-1", f"/sp/{GTIN}"])
def test_caches_are_told_that_the_language_was_asked_for(site: Site, path: str) -> None:
    answer = site.browser().get(path)
    assert "public" in answer.headers["cache-control"]
    assert "Accept-Language" in answer.headers["vary"]


WALKS = [("", "/"), ("grower", "/r"), ("office", "/qt"), ("", "/kiem-chung"), ("", LOT)]


@pytest.mark.parametrize(("login", "first"), WALKS)
def test_english_stays_english_wherever_a_page_leads(site: Site, login: str, first: str) -> None:
    """Every link and form of every page that can be reached; none is followed twice."""
    browser = site.browser(login)
    waiting, seen = [first + "?lang=en"], set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = browser.get(path)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = answer.text
        assert spoken(page) == "en", path
        for kind, found in re.findall(r'\b(href|action)="(/[^"]*|\?[^"]*)"', page):
            target = unescape(found)
            if target.startswith(("/v1/", "/log/", "/.well-known/")):
                continue
            asked = parse_qs(urlsplit(target).query)["lang"]
            assert asked in (["en"], ["vi"]), f"{path}: {target}"
            whole = urlsplit(path).path + target if target.startswith("?") else target
            whole = whole.partition("#")[0]
            if kind == "href" and asked == ["en"] and whole not in seen | set(waiting):
                waiting.append(whole)
    assert len(seen) > 1


def test_redirects_keep_the_language(site: Site) -> None:
    browser = site.browser()
    away = browser.get("/r/ruong-1?xem=24h&lang=en", follow_redirects=False)
    assert parse_qs(urlsplit(away.headers["location"]).query)["lang"] == ["en"]
    form = browser.get(away.headers["location"]).text
    assert spoken(form) == "en"
    action = unescape(re.findall(r'<form method="post" action="([^"]+)"', form)[0])
    wanted = unescape(re.findall(r'name="next" value="([^"]+)"', form)[0])
    typed = {"login": "grower", "secret": PIN, "next": wanted}
    there = browser.post(action, data=typed, follow_redirects=False).headers["location"]
    assert there == "/r/ruong-1?xem=24h&lang=en"
    note = {"id": "co", "work": "weeding", "day": "2026-11-20", "note": "x"}
    done = browser.post("/r/ruong-1/ghi?lang=en", data=note, follow_redirects=False)
    assert done.headers["location"] == "/r/ruong-1?lang=en#nhat-ky"
    plain = browser.post("/r/ruong-1/ghi", data=note, follow_redirects=False)
    assert plain.headers["location"] == "/r/ruong-1#nhat-ky"
