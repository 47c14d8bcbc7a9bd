"""The pages of parties and devices: what is public of them, in both languages, and no more."""

from urllib.parse import quote

import pytest
import sqlalchemy as sa

from domain.device import Placement
from domain.gs1 import Giai, Gln
from domain.ids import PlotId, ProducerId
from tests.api.conftest import GIAI, ISSUER, PARTY, Site
from tests.builders import DEVICE, GTIN, NOON, PLOT
from traceability.log.publish import publish
from traceability.log.tiles import unbundle


def test_a_party_is_its_name_its_places_and_its_products(site: Site) -> None:
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("UPDATE producer SET phone = '0912 345 678'"))
    page = site.browser().get(f"/417/{PARTY}")
    assert page.status_code == 200
    for told in ("Hộ mẫu 1", "Xã mẫu", PARTY, 'href="/414/9520001001017"', f'href="/01/{GTIN}"'):
        assert told in page.text
    assert "9520001001024" not in page.text, "another's place"
    assert "0912" not in page.text
    assert "Nơi trồng của đơn vị" in page.text
    assert "Where they grow" in site.browser(language="en").get(f"/417/{PARTY}").text
    assert site.browser().get(f"/don-vi/{PARTY}").text.count("Hộ mẫu 1") == page.text.count(
        "Hộ mẫu 1"
    )


def test_whoever_issues_is_a_party_too(site: Site) -> None:
    page = site.browser().get(f"/417/{ISSUER}")
    assert page.status_code == 200
    assert "Kiểm thử" in page.text
    assert "Hộ mẫu" not in page.text
    with site.world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-2"), ISSUER, NOON)
    both = site.browser().get(f"/417/{ISSUER}").text
    assert "Hộ mẫu 2" in both
    assert "do Kiểm thử cấp" in both


def test_a_party_that_got_another_number_is_found_under_both(site: Site) -> None:
    newer = Gln.parse("9520001002021")
    with site.world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-1"), newer, NOON + 2)
    for number in (PARTY, newer):
        assert "Hộ mẫu 1" in site.browser().get(f"/417/{number}").text
    assert f'href="/417/{newer}"' in site.browser().get("/414/9520001001017").text


def test_a_device_is_what_it_measures_where_it_stood_and_how_far_it_is(site: Site) -> None:
    with site.world.records.transaction() as transaction:
        transaction.devices.place(Placement(DEVICE, PlotId("ruong-2"), NOON - 10**9, NOON))
    publish(site.world.records, site.world.files, site.world.log_key)
    page = site.browser().get(f"/8004/{GIAI}")
    assert page.status_code == 200
    for told in ("Độ ẩm đất (thể tích), 20 cm, mỗi 15 phút một lần", "Nhiệt độ không khí", "Lượng mưa",
                 'href="/414/9520001001017"', 'href="/414/9520001001024"', "từ ngày 09/11/2026",
                 "đến ngày 21/11/2026", "23:45 20/11/2026", "Đã ghi sổ đến ngày"):  # fmt: skip
        assert told in page.text
    assert "Cảm biến đất" not in page.text, "what people call it may name them"
    path = page.text.partition('href="/log/')[2].partition('"')[0]
    answer = site.client().get(f"/log/{path}")
    assert answer.status_code == 200
    with site.world.records.reading() as transaction:
        last = transaction.days.last(DEVICE)
    assert last is not None
    assert b"nguon/device-day/1" in unbundle(answer.content)[last.number]
    english = site.browser(language="en").get(f"/8004/{GIAI}").text
    assert "Soil moisture (VWC), 20 cm, every 15 minutes" in english


def test_a_device_may_have_any_sign_in_its_number(site: Site) -> None:
    odd = Giai.parse("9520001/a%b?c&d")
    with site.world.records.transaction() as transaction:
        transaction.gs1.give_giai(DEVICE, odd, NOON + 2)
    path = f"/8004/{quote(odd, safe='')}"
    assert site.browser().get(path).status_code == 200
    moved = site.client().get(path, follow_redirects=False)
    assert moved.status_code == 307
    assert "9520001/a%b?c&amp;d" in site.browser().get(moved.headers["location"]).text
    lot = site.browser().get(f"/01/{GTIN}/10/LO-1").text
    assert f'href="{path}"' in lot, "the passport's page leads to the device"


@pytest.mark.parametrize("path", ["/don-vi/9520001001017", "/thiet-bi/9520B", "/don-vi/x", "/thiet-bi/x"])  # fmt: skip
def test_nobody_and_nothing_has_a_page(site: Site, path: str) -> None:
    assert site.client().get(path).status_code in (404, 422, 400)
    assert PLOT not in site.browser().get(path).text
