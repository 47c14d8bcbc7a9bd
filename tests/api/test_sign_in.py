"""Signing in: where it leads, what it keeps, and what a flood of it may cost."""

import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from api import auth
from api.rates import Tries
from domain.errors import TooMany
from tests.api.conftest import PIN, Site
from tests.traceability.world import HARVESTED

GOOD = {"login": "grower", "secret": PIN}


def hidden(page: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(word) for name, word in fields}


def test_it_leads_where_the_visitor_was_going(site: Site) -> None:
    browser = site.browser()
    form = browser.get("/r/ruong-1?xem=24h")
    assert hidden(form.text) == {"next": "/r/ruong-1?xem=24h"}
    there = browser.post("/dang-nhap", data=GOOD | hidden(form.text), follow_redirects=False)
    assert (there.status_code, there.headers["location"]) == (303, "/r/ruong-1?xem=24h")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/r", "//evil.example", "/r//evil.example", "/\\evil", "/01/x", "/r/a b", "/r\r\nX: y", "/rx"]
)  # fmt: skip
def test_it_leads_nowhere_else(site: Site, wanted: str) -> None:
    browser = site.browser()
    assert hidden(browser.get(f"/dang-nhap?next={quote(wanted)}").text) == {}
    there = browser.post("/dang-nhap", data=GOOD | {"next": wanted}, follow_redirects=False)
    assert there.headers["location"] == "/r"


def test_what_was_written_while_signed_out_is_not_lost(site: Site) -> None:
    browser = site.browser()
    note = 'Cỏ "tranh" <mọc> lại'
    entry = {"id": "het-phien", "work": "weeding", "day": HARVESTED.isoformat(), "note": note}
    asked = browser.post("/r/ruong-1/ghi", data=entry)
    assert asked.status_code == 401
    assert "Phiên đăng nhập đã hết" in html.unescape(asked.text)
    kept = hidden(asked.text)
    assert kept == {"next": "/r/ruong-1/ghi", "again": "1", **entry}
    wrong = browser.post("/dang-nhap", data=kept | {"login": "grower", "secret": "0"})
    assert hidden(wrong.text) == kept, "a wrong PIN must not lose it either"
    assert 'name="login" autocomplete="username" value="grower"' in wrong.text
    done = browser.post("/dang-nhap", data=kept | GOOD)
    assert done.status_code == 200
    assert note in html.unescape(done.text)


def test_a_flood_of_sign_ins_is_told_to_come_back_and_hashes_two_at_a_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, let_go = [0], [0], threading.Event()
    lock = threading.Lock()

    def slow(*_: object) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        let_go.wait(10)
        with lock:
            running[0] -= 1
        return False

    monkeypatch.setattr(auth, "_matches", slow)

    def guess(number: int) -> int:
        body = {"login": f"x{number}", "secret": "1"}
        return site.client().post("/v1/sessions", json=body).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(guess, n) for n in range(20)]
        while sum(a.done() for a in answers) < 12:
            threading.Event().wait(0.01)
        let_go.set()
    told = [a.result() for a in answers]
    assert guess(99) == 401, "every place is free again"
    assert (told.count(429), told.count(401)) == (12, 8)
    assert most == [2]


def test_tries_are_counted_by_key_and_forgiven_after_a_while() -> None:
    now = [0]
    tries = Tries(2, 1_000, lambda: now[0])
    tries.count("a")
    tries.count("a")
    with pytest.raises(TooMany):
        tries.count("a")
    tries.count("b")
    now[0] = 1_000
    tries.count("a")
    with pytest.raises(TooMany):
        tries.count("a")
    now[0] += 16 * 60_000
    tries.count("a")
    tries.count("a")
    tries.forgive("a", 1)
    tries.count("a")


def test_a_flood_of_names_does_not_forgive_the_one_being_guessed() -> None:
    tries = Tries(1, 1_000, lambda: 0)
    for number in range(9_999):
        tries.count(f"other-{number}")
    tries.count("victim")
    for number in range(9_000):
        tries.count(f"new-{number}")
    with pytest.raises(TooMany):
        tries.count("victim")
