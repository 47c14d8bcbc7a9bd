"""What programs read on a lot's page: true, complete while the lot is well, and no script."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from store.records import tables as t
from tests.api.conftest import ADDRESS, Site
from tests.traceability.world import GTIN, HARVESTED, NOON
from traceability.digital_link import LotLink, parse

BUYER = "/01/09520001000010/10/LO-1"
NAME = "</script><script>alert('Dưa & leo')</script>\u2028"


class Data(HTMLParser):
    """Collects what stands in script elements, as a browser parses them."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.kinds: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.inside = True
            self.kinds.append(dict(attrs).get("type"))

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - one kind of element is opened
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts.append(data)


def told(site: Site, language: str = "vi") -> dict[str, Any]:
    answer = site.browser(language=language).get(BUYER)
    reader = Data()
    reader.feed(answer.text)
    assert reader.kinds == ["application/ld+json"]
    found: dict[str, Any] = json.loads("".join(reader.texts))
    return found


def properties(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in found["additionalProperty"]}


def test_a_lot_that_is_well_says_what_it_is_and_what_was_measured(site: Site) -> None:
    found = told(site)
    assert found["@context"] == "https://schema.org"
    assert "Product" in found["@type"]
    assert (found["name"], found["gtin14"]) == ("Dưa leo", GTIN)
    assert found["productionDate"] == HARVESTED.isoformat()
    assert found["countryOfOrigin"] == {"@type": "Country", "identifier": "VN", "name": "Việt Nam"}
    link = found["hasGS1DigitalLink"]
    assert link.startswith(ADDRESS + BUYER)
    assert LotLink.of(parse(link)).lot == "LO-1"
    assert properties(found)["state"]["value"] == "valid"
    assert properties(found)["lot"]["value"] == "LO-1"
    moisture = next(p for name, p in properties(found).items() if name.startswith("Độ ẩm đất"))
    assert (moisture["minValue"], moisture["maxValue"]) == (20.0, 36.0)
    assert moisture["minValue"] < moisture["value"] < moisture["maxValue"]
    assert moisture["description"] == "455 / 480"


def test_it_speaks_the_languages_of_the_page_and_names_nobody(site: Site) -> None:
    found = told(site, "en")
    assert found["name"] == "Cucumber"
    assert found["countryOfOrigin"]["name"] == "Viet Nam"
    assert "Hộ mẫu" not in json.dumps(found, ensure_ascii=False)


def test_no_name_breaks_out_of_it(site: Site) -> None:
    with site.world.records.transaction() as transaction:
        connection = transaction.lots._connection
        connection.execute(t.product.update().values(name_vi=NAME))
    page = site.browser().get(BUYER)
    assert len(re.findall(r"<script", page.text)) == 1
    assert told(site)["name"] == NAME
    with site.world.records.transaction() as transaction:
        transaction.lots._connection.execute(t.product.update().values(name_vi="Dưa leo"))


def only_identified(found: dict[str, Any], state: str) -> None:
    assert set(found) == {
        "@context", "@type", "@id", "name", "gtin14", "hasGS1DigitalLink", "additionalProperty",
    }  # fmt: skip
    assert set(properties(found)) == {"lot", "state"}
    assert properties(found)["state"]["value"] == state


def test_past_its_date_it_says_so_and_stays_true(site: Site) -> None:
    site.clock.now_ms = NOON + 30 * 86_400_000
    found = told(site)
    assert properties(found)["state"]["value"] == "expired"
    assert found["productionDate"] == HARVESTED.isoformat()
    site.clock.now_ms = NOON


def test_in_doubt_or_recalled_it_claims_nothing(site: Site) -> None:
    """The last, for neither is taken back."""
    site.world.spray(HARVESTED)
    only_identified(told(site), "doubted")
    answer = site.client("office").post(
        "/v1/lots/09520001000010/LO-1/recall", json={"reason": "dư lượng"}
    )
    assert answer.status_code == 201
    only_identified(told(site), "recalled")
