"""The three doors in a real browser: small screen, large, no script, axe without a finding."""

import json
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from api.grower.steps import FORMS
from domain.gs1 import LotNumber, Sscc
from domain.lot import Recall
from store.records import tables as t
from tests.api.conftest import GIAI, PARTY, PIN, Site
from tests.browser.chromium import context, sign_in
from tests.traceability.lineage.orchard import pack, some, take
from tests.traceability.world import GTIN, NOON

BUYER = "/01/09520001000010/10/LO-1"
CRATE = Sscc.mint("9520001", 0)
PAGES = (
    ("", "/"), ("", "/dang-nhap"), ("", "/kiem-chung"), ("", BUYER), ("", BUYER + "?lang=en"),
    ("", "/01/09520001000010/10/NOPE"), ("", "/nowhere"), ("", f"/417/{PARTY}"),
    ("", f"/8004/{GIAI}"), ("", f"/8004/{GIAI}?lang=en"),
    ("grower", "/r"), ("grower", "/r/ruong-1?xem=vu"), ("grower", "/r/ruong-1/ghi"),
    ("grower", "/r/ruong-1/ghi?viec=spraying"), ("grower", "/r/ruong-1/lo"),
    ("grower", "/r/ruong-1/tem/09520001000010/LO-1"), ("office", "/qt"),
    ("office", "/qt/thu-hoi/09520001000010/LO-1"), ("", f"/00/{CRATE}"), ("office", "/qt/lo/09520001000010/LO-1"),
    ("grower", "/r/lo/09520001000010/LO-1"), ("office", "/qt/tem/09520001000010/LO-1"),
    *(("grower", f"/r/lo/09520001000010/LO-1/{work}") for work in FORMS),
)  # fmt: skip
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module", autouse=True)
def packed(site: Site) -> None:
    with site.world.records.transaction() as transaction:
        take(transaction, pack("p-1", [some("LO-1", 12.5)], CRATE))


def opened(
    browser: Browser, address: str, width: int, login: str, path: str, **options: Any
) -> Page:
    page = context(browser, width, **options).new_page()
    if login:
        sign_in(page, address, login, PIN)
    page.goto(address + path)
    return page


def sideways(page: Page) -> int:
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_data_in_a_page_is_neither_run_nor_blocked(browser: Browser, address: str) -> None:
    page = context(browser, 360).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address + BUYER)
    text = page.evaluate("document.querySelector('script[type=\"application/ld+json\"]').text")
    assert json.loads(text)["gtin14"] == GTIN
    assert said == [], "the Content-Security-Policy has nothing to say about data"
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("login", "path"), PAGES)
def test_axe_finds_nothing(
    browser: Browser, address: str, width: int, login: str, path: str
) -> None:
    page = opened(browser, address, width, login, path)
    for details in page.query_selector_all("details"):
        details.evaluate("node => node.open = true")
    page.evaluate(AXE)
    result = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")
    found = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in result["violations"]]
    page.context.close()
    assert found == []
    assert len(result["passes"]) > 10


@pytest.mark.parametrize(("login", "path"), PAGES)
def test_320_pixels_and_large_text_need_no_sideways_scroll(
    browser: Browser, address: str, login: str, path: str
) -> None:
    page = opened(browser, address, 320, login, path)
    assert sideways(page) <= 0
    page.evaluate("document.documentElement.style.fontSize = '34px'")
    assert sideways(page) <= 0
    page.context.close()


def test_dark_pages_keep_their_contrast(browser: Browser, address: str) -> None:
    for path in (BUYER, "/", "/01/09520001000010/10/NOPE"):
        page = opened(browser, address, 360, "", path, color_scheme="dark")
        page.evaluate(AXE)
        result = page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")
        page.context.close()
        assert result["violations"] == [], path


def test_the_buyers_page_is_one_request_of_at_most_30_kilobytes_without_script(
    browser: Browser, address: str
) -> None:
    page = context(browser, 360, java_script_enabled=False).new_page()
    requests: list[str] = []
    sizes: list[int] = []
    page.on("request", lambda request: requests.append(request.url))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address + BUYER, wait_until="networkidle")
    assert requests == [address + BUYER]
    assert 0 < sum(sizes) <= 30_000
    assert page.is_visible("text=Tem có trong hệ thống")
    box = page.locator(".status").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 400, "the verdict stands above the fold"
    page.context.close()


def test_without_a_script_a_grower_writes_and_a_buyer_reports(
    browser: Browser, address: str
) -> None:
    page = context(browser, 360, java_script_enabled=False).new_page()
    sign_in(page, address, "grower", PIN)
    page.click("text=Ghi nhật ký")
    page.click("text=Làm cỏ")
    page.fill("#day", "2026-11-20")
    page.fill("#note", "Cỏ tranh ở bờ")
    page.click("text=Lưu")
    page.wait_for_load_state()
    assert page.is_visible("text=Cỏ tranh ở bờ")
    page.goto(address + BUYER)
    page.check("#k-fine")
    page.click("text=Gửi")
    page.wait_for_load_state()
    assert page.is_visible("text=Số biên nhận")
    page.context.close()


def test_a_keyboard_reaches_everything_and_sees_where_it_is(browser: Browser, address: str) -> None:
    page = opened(browser, address, 1280, "", "/dang-nhap")
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
        if page.evaluate("document.activeElement === document.body"):
            break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    assert seen[0] == "Tới nội dung chính"
    assert {"login", "secret", "Đăng nhập"} <= set(seen)
    page.context.close()


def test_a_recalled_lot_offers_nothing_to_buy(browser: Browser, address: str, site: Site) -> None:
    with site.world.records.transaction() as transaction:
        recall = Recall(GTIN, LotNumber("LO-1"), "Dư lượng thuốc bảo vệ thực vật", "office", NOON)
        transaction.lots.add_recall(recall)
    page = opened(browser, address, 360, "", BUYER)
    assert page.is_visible("text=THU HỒI")
    assert page.is_visible("text=Dư lượng thuốc bảo vệ thực vật")
    assert not page.is_visible('text="Mua"')
    page.context.close()
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.recall.delete())


def test_touch_targets_are_large_enough(browser: Browser, address: str) -> None:
    page = opened(browser, address, 360, "grower", "/r/ruong-1/ghi?viec=harvest")
    for element in page.query_selector_all(
        "button, input:not([type=hidden]):not([type=checkbox]), select, a.button, a.tile"
    ):
        box = element.bounding_box()
        if box:
            assert box["height"] >= 32, element.inner_text()
    page.context.close()
