"""Recalls and denials through every door, and how soon whoever scans knows of them."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from api.auth import hash_secret
from api.hot import LIFE_MS
from domain.gs1 import LotNumber
from domain.lot import Recall
from domain.window import SECOND_MS
from store.records.accounts import Account
from tests.api.conftest import PIN, Site, standing_site
from tests.traceability.world import GTIN, NOON

LOT, MACHINE = f"/01/{GTIN}/10/LO-1", f"/v1/lots/{GTIN}/LO-1"
FORM = {"gtin": GTIN, "number": "LO-1", "reason": "Dư lượng thuốc"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, LIFE_MS)
    with site.world.records.transaction() as transaction:
        account = Account("second", "Cán bộ hai", "office", None, hash_secret(PIN))
        transaction.accounts.add(account)
    yield site
    site.world.close()


def state(site: Site) -> str:
    return site.browser().get(LOT).text.split('data-state="')[1].split('"')[0]


def test_machines_propose_and_confirm(site: Site) -> None:
    first, second = site.client("office"), site.client("second")
    assert first.get(f"{MACHINE}/recall").json()["state"] == "none"
    why = {"reason": "Dư lượng thuốc"}
    proposed = first.post(f"{MACHINE}/recall", json=why)
    assert (proposed.status_code, proposed.json()["state"]) == (202, "proposed")
    assert proposed.json()["impact"]["lots"] == [f"{GTIN}/LO-1"]
    assert proposed.json()["impact"]["kilograms"] == 400
    assert state(site) == "valid"
    own = first.post(f"{MACHINE}/recall/confirmation", json=why)
    assert (own.status_code, own.json()["rule"]) == (422, "two-officers")
    assert second.post(f"{MACHINE}/recall/confirmation", json={"reason": "x"}).status_code == 409
    done = second.post(f"{MACHINE}/recall/confirmation", json=why)
    assert (done.status_code, done.json()["state"]) == (201, "recalled")
    assert state(site) == "recalled", "at once where it was confirmed"
    assert site.client().get(MACHINE).json()["state"] == "recalled"
    assert second.post(f"{MACHINE}/recall/withdrawal").status_code == 404
    (item,) = site.client().get("/v1/recalls").json()["items"]
    assert item["content_text"] == "Dư lượng thuốc"
    assert item["url"].endswith(LOT)


def test_the_feed_is_one_and_is_never_older_than_a_minute(site: Site) -> None:
    answer = site.client().get("/v1/recalls")
    assert answer.headers["content-type"].startswith("application/feed+json")
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["items"] == []


def test_a_recall_elsewhere_shows_within_a_minute_through_every_door(site: Site) -> None:
    """Another process recalls; each answer's age and what it may be kept for make sixty seconds."""
    doors = (LOT, f"/lo/{GTIN}/LO-1", LOT + "?lang=en", LOT + "/21/A7")
    browser = site.browser()
    for door in doors:
        assert 'data-state="valid"' in browser.get(door).text
    with site.world.records.transaction() as transaction:
        transaction.lots.add_recall(Recall(GTIN, LotNumber("LO-1"), "thử", "office", NOON))
    site.clock.now_ms = NOON + 60 * SECOND_MS
    for door in doors:
        assert 'data-state="recalled"' in browser.get(door).text, door
    assert site.client().get("/v1/recalls").json()["items"]


def test_people_propose_look_and_confirm(site: Site) -> None:
    first, second = site.browser("office"), site.browser("second")
    page = unescape(first.get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    assert "Người mua sẽ thấy sau khi một cán bộ khác xác nhận" in page
    assert "400 kg" in page
    form = FORM | {"decision": "recall"}
    assert first.post("/qt/quyet-dinh", data=form, follow_redirects=False).status_code == 303
    assert "office đề nghị thu hồi: xem và quyết định" in unescape(second.get("/qt").text)
    own = unescape(first.get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    assert "Cần một cán bộ khác xác nhận" in own
    assert "Xác nhận thu hồi" not in own
    again = first.post("/qt/quyet-dinh", data=FORM | {"decision": "confirm"})
    assert again.status_code == 422
    assert "Cần một cán bộ khác xác nhận" in unescape(again.text)
    assert "Xác nhận thu hồi" in unescape(second.get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    done = second.post(
        "/qt/quyet-dinh", data=FORM | {"decision": "confirm"}, follow_redirects=False
    )
    assert done.status_code == 303
    assert state(site) == "recalled"
    assert "Đã thu hồi từ" in unescape(first.get(f"/qt/thu-hoi/{GTIN}/LO-1").text)


def test_a_proposal_can_be_withdrawn_and_nonsense_is_refused(site: Site) -> None:
    first, second = site.browser("office"), site.browser("second")
    first.post("/qt/quyet-dinh", data=FORM | {"decision": "recall"})
    gone = second.post(
        "/qt/quyet-dinh", data=FORM | {"decision": "withdraw"}, follow_redirects=False
    )
    assert gone.status_code == 303
    assert second.post("/qt/quyet-dinh", data=FORM | {"decision": "confirm"}).status_code == 404
    assert second.post("/qt/quyet-dinh", data=FORM | {"decision": "dance"}).status_code == 400
    assert state(site) == "valid"
    for path in (f"/qt/thu-hoi/{GTIN}/NOPE", "/qt/thu-hoi/123/LO-1"):
        assert second.get(path).status_code in (400, 404)
    assert site.browser("grower").get(f"/qt/thu-hoi/{GTIN}/LO-1").status_code == 403


def test_a_grower_says_that_a_lot_is_not_theirs(site: Site) -> None:
    grower = site.browser("grower")
    assert "Không phải lô của tôi" in unescape(grower.get("/r/ruong-1").text)
    form = {"gtin": GTIN, "number": "LO-1", "reason": "Tôi không bán lô này"}
    assert site.browser("other").post("/r/ruong-1/khong-phai", data=form).status_code == 403
    assert grower.post("/r/ruong-1/khong-phai", data=form | {"reason": ""}).status_code == 400
    assert state(site) == "valid"
    done = grower.post("/r/ruong-1/khong-phai", data=form, follow_redirects=False)
    assert done.status_code == 303
    page = unescape(site.browser().get(LOT).text)
    assert 'data-state="doubted"' in page
    assert "nông dân đứng tên lô hàng này nói rằng lô hàng không phải của mình" in page
    assert "Tôi không bán lô này" not in page
    office = site.browser("office")
    assert "Tôi không bán lô này" in unescape(office.get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    site.clock.now_ms += 1
    settled = office.post(
        "/qt/quyet-dinh", data=FORM | {"decision": "settle"}, follow_redirects=False
    )
    assert settled.status_code == 303
    assert state(site) == "valid"
