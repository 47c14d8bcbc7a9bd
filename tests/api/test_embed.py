"""A lot in somebody else's page: oEmbed finds the card, and a recall shows on it at once."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.hot import LIFE_MS
from tests.api.conftest import ADDRESS, Site, standing_site
from tests.traceability.world import GTIN, NOON
from traceability.dossier import link_of, require_lot
from traceability.short_code import print_code
from traceability.standing import Ground, call_back

CARD = f"/nhung/{GTIN}/LO-1"
LINK = f"{ADDRESS}/01/{GTIN}/10/LO-1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, LIFE_MS)
    yield site
    site.world.close()


def test_the_page_leads_to_oembed_and_that_to_the_card(site: Site) -> None:
    page = site.browser().get(LINK).text
    found = re.search(r'application/json\+oembed" href="([^"]+)"', page)
    assert found is not None
    answer = site.client().get(unescape(found[1]))
    told = answer.json()
    assert (told["version"], told["type"], told["cache_age"]) == ("1.0", "rich", 60)
    assert answer.headers["access-control-allow-origin"] == "*"
    source = re.search(r'src="([^"]+)"', told["html"])
    assert source is not None
    card = site.browser().get(unescape(source[1]))
    assert card.status_code == 200
    assert "frame-ancestors *" in card.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in site.browser().get(LINK).headers["content-security-policy"]
    assert 'data-state="valid"' in card.text
    assert "<script" not in card.text


@pytest.mark.parametrize("kind", ["link", "canonical", "page", "short", "labelled"])
def test_every_way_to_name_a_lot_is_known(site: Site, kind: str) -> None:
    with site.world.records.reading() as transaction:
        lot = require_lot(transaction, GTIN, transaction.lots.lots()[0].number)
        link, code = link_of(transaction, lot), print_code(transaction.lots.short_number(lot))
    url = {
        "link": LINK, "canonical": link.canonical(), "page": f"{ADDRESS}/lo/{GTIN}/LO-1",
        "short": f"{ADDRESS}/T/{code}", "labelled": link.mint(ADDRESS),
    }[kind]  # fmt: skip
    told = site.client().get("/oembed", params={"url": url}).json()
    assert f"{ADDRESS}{CARD}" in told["html"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"url": "https://elsewhere.example/01/09520001000010/10/LO-1"}, 404),
        ({"url": f"{ADDRESS}/01/{GTIN}/10/LO-9"}, 404),
        ({"url": f"{ADDRESS}/01/09520001000011/10/LO-1"}, 400),
        ({"url": f"{ADDRESS}/T/AAAAAAAA"}, 400),
        ({"url": ""}, 404),
        ({"url": "http://["}, 400),
        ({"url": LINK + "?" + "9" * 600}, 400),
        ({"url": LINK, "maxwidth": "0"}, 400),
        ({"url": LINK, "maxwidth": "wide"}, 400),
        ({"url": LINK, "format": "xml"}, 501),
        ({}, 400),
    ],
)
def test_what_is_no_link_of_ours_is_refused(site: Site, asked: dict[str, str], status: int) -> None:
    assert site.client().get("/oembed", params=asked).status_code == status


def test_a_shop_may_ask_for_less_room_and_another_language(site: Site) -> None:
    asked = {
        "url": f"{ADDRESS}/01/{GTIN}/10/LO-1/21/ABC",
        "maxwidth": "150",
        "maxheight": "120",
        "lang": "en",
    }
    told = site.client().get("/oembed", params=asked).json()
    assert (told["width"], told["height"]) == (150, 120)
    assert "?lang=en" in told["html"]
    assert told["title"] == "Cucumber · LO-1"


def test_a_recall_is_on_the_card_at_once_and_a_card_is_no_scan(site: Site) -> None:
    before = site.browser().get(CARD)
    assert before.headers["cache-control"] == "public, max-age=60"
    assert "Accept-Language" in before.headers["vary"]
    with site.world.records.transaction() as transaction:
        lot = require_lot(transaction, GTIN, transaction.lots.lots()[0].number)
        call_back(transaction, lot, "dư lượng <thuốc>", "office", NOON + 1, Ground(1))
    card = site.browser().get(CARD).text
    assert 'data-state="recalled"' in card
    assert "dư lượng &lt;thuốc&gt;" in card
    site.scans.sync()
    site.scans.fold()
    with site.world.records.reading() as transaction:
        assert transaction.scans.total(lot.gtin, lot.number) is None


def test_an_unknown_lot_has_a_card_that_says_so(site: Site) -> None:
    for name in ("LO-9", "%22%3E%3Cscript%3E"):
        answer = site.browser().get(f"/nhung/{GTIN}/{name}")
        assert answer.status_code == 404
        assert 'data-state="unknown"' in answer.text
        assert "<script" not in answer.text
    assert urlsplit(LINK).netloc == "nguon.example"
