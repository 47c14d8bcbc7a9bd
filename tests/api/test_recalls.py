"""Recalls and denials through every door, and how soon whoever scans knows of them."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from api.auth import hash_secret
from api.hot import LIFE_MS
from domain.gs1 import LotNumber, SerialNumber
from domain.ids import StepId
from domain.lineage import StepKind
from domain.lot import Recall
from domain.scan import Scan
from domain.window import SECOND_MS
from store.records.accounts import Account
from store.records.lineage_tables import step
from tests.api.conftest import PIN, Site, standing_site
from tests.traceability.lineage.orchard import BUYER, receive, ship, some, take
from tests.traceability.world import GTIN, NOON
from traceability.dossier import require_lot
from traceability.lineage.asked import Asked, Party
from traceability.units import draw, note_printed, spend
from traceability.voiding import Why, void

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


def shipped(site: Site) -> list[SerialNumber]:
    """Labels of both kinds, scans, one void; some sold by name, some by number, part arrived."""
    serials = list(draw(60))
    asked = [
        Asked(StepId("s"), StepKind.SPLIT, (some("LO-1", 100.0),), (some("B", 100.0),)),
        ship("x-1", some("B", 60.0), Party(name="Bà Nguyễn Thị Năm")),
        receive("r-1", some("B", 59.5), "x-1"),
        ship("x-2", some("LO-1", 30.0), Party(gln=BUYER)),
    ]
    with site.world.records.transaction() as transaction:
        for at, one in enumerate(asked):
            take(transaction, one, NOON + at)
        child = require_lot(transaction, GTIN, LotNumber("B"))
        note_printed(transaction, child, 42, NOON)
        spend(transaction, child, serials, 0.5, NOON)
        void(transaction, child, serials[1:2], Why.parse("lost", ""), "office", NOON)
        scans = [Scan(GTIN, "B", serials[0], "", "", NOON, 3), Scan(GTIN, "B", "", "", "", NOON, 2)]
        transaction.scans.fold("a", scans, NOON)
    return serials


def test_the_office_sees_labels_scans_and_who_took_it(site: Site) -> None:
    serials = shipped(site)
    told = site.client("office").get(f"{MACHINE}/recall").json()["impact"]
    assert (told["labels"], told["unit_labels"], told["scans"]) == (42, 60, 5)
    assert told["units"][0] == {
        "gtin": GTIN, "lot": "B", "serial": serials[0], "kilograms": 0.5, "scans": 3, "void": None,
    }  # fmt: skip
    assert {one["serial"] for one in told["units"] if one["void"] == "lost"} == {serials[1]}
    by_name, by_number = told["shipments"]
    assert (by_name["lot"], by_name["kilograms"], by_name["arrived"]) == ("B", 60.0, 59.5)
    assert (by_name["name"], by_name["gln"]) == ("Bà Nguyễn Thị Năm", None)
    assert (by_number["lot"], by_number["name"], by_number["gln"]) == ("LO-1", None, BUYER)
    assert by_number["arrived"] == 0.0
    page = unescape(site.browser("office").get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    for words in ("42 tem giống nhau, 60 tem có số sê-ri", "Bà Nguyễn Thị Năm", "59,5 kg",
                  f"GLN {BUYER}", "chưa báo nhận", "50 tem được quét nhiều nhất trong 60 tem",
                  serials[0]):  # fmt: skip
        assert words in page
    rows = site.browser("office").get(f"/qt/thu-hoi/{GTIN}/LO-1/tem.csv").text.splitlines()
    assert len(rows) == 61, "the page shows fifty, the file all"
    assert rows[1].startswith(f"{GTIN},B,{serials[0]},0.5,")


def test_who_took_it_is_told_to_nobody_else(site: Site) -> None:
    shipped(site)
    for who in (site.client(), site.client("grower")):
        answer = who.get(f"{MACHINE}/recall")
        assert answer.status_code in (401, 403)
        assert "Năm" not in answer.text
    assert site.browser("grower").get(f"/qt/thu-hoi/{GTIN}/LO-1/tem.csv").status_code == 403
    assert "Năm" not in site.client().get("/v1/recalls").text


def test_an_erased_name_leaves_the_shipment(site: Site) -> None:
    shipped(site)
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(step.update().values(party_name=None))
    told = site.client("office").get(f"{MACHINE}/recall").json()["impact"]["shipments"]
    assert [(one["name"], one["gln"]) for one in told] == [(None, None), (None, BUYER)]
    page = unescape(site.browser("office").get(f"/qt/thu-hoi/{GTIN}/LO-1").text)
    assert "tên đã xóa" in page
