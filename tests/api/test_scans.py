"""Links as people meet them, and what else may be sent to a resolver."""

import pytest

from api.resolver.asked import Asked
from api.resolver.choose import choose
from api.resolver.levels import Level
from api.resolver.links import Target
from tests.api.conftest import ADDRESS, Site
from tests.api.test_resolver import BROWSER, GTIN, LINKSET, LOT, PAGE, VOC, get, linkset
from traceability.digital_link import Link, parse
from traceability.labels.content import label_of, unit_of
from traceability.short_code import print_code
from traceability.units import draw


def test_titles_are_in_the_language_of_the_request(site: Site) -> None:
    assert "Thông tin về lô hàng này" in get(site, LOT, LINKSET).text
    english = get(site, LOT + "?lang=en", LINKSET).text
    assert "What is known of this lot" in english
    assert "Cucumber, lot LO-1" in english


def test_a_browser_is_shown_the_page_at_once_where_it_asked(site: Site) -> None:
    """A scan in a market does not cost a second round trip (decision 18)."""
    answer = get(site, LOT, BROWSER)
    assert answer.status_code == 200
    assert 'data-state="valid"' in answer.text
    assert "max-age=60" in answer.headers["cache-control"]
    assert f'<{PAGE}>; rel="{VOC}defaultLink"' in answer.headers["link"]
    assert 'data-state="valid"' in get(site, PAGE.removeprefix(ADDRESS), BROWSER).text


def test_a_browser_never_sees_the_product_for_a_lot_that_is_not_known(site: Site) -> None:
    assert get(site, f"/01/{GTIN}", BROWSER).status_code == 200
    unknown = get(site, f"/01/{GTIN}/10/NOPE", BROWSER)
    assert unknown.status_code == 404
    assert 'action="/phan-hoi"' in unknown.text


def test_a_browser_is_shown_known_goods_though_the_query_is_wrong(site: Site) -> None:
    answer = get(site, LOT + "?416=x", BROWSER)
    assert answer.status_code == 400
    assert 'data-state="valid"' in answer.text


def test_a_short_gtin_of_older_labels_leads_to_the_long_one(site: Site) -> None:
    answer = get(site, f"/01/{GTIN[1:]}/10/LO-1/?a=b")
    assert (answer.status_code, answer.headers["location"]) == (307, LOT + "?a=b")
    assert get(site, "/01/9520001000011/10/LO-1").status_code == 400


def test_a_short_code_is_the_link_of_its_lot(site: Site) -> None:
    with site.world.records.reading() as transaction:
        (lot,) = transaction.lots.lots()
        code = print_code(transaction.lots.short_number(lot))
    for typed in (f"/T/{code}", f"/t/{code.lower()}", f"/T/{code[:4]}-{code[4:]}"):
        answer = get(site, typed + "?a=b")
        assert (answer.status_code, answer.headers["location"]) == (307, PAGE + "?a=b")
        assert linkset(site, typed) == linkset(site, LOT)
        assert 'data-state="valid"' in get(site, typed, BROWSER).text
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert get(site, f"/T/{wrong}").status_code == 400
    address = site.client().get(f"/v1/lots/{GTIN}/LO-1").json()["short_link"]
    assert address == f"{ADDRESS}/T/{code}"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/favicon.ico", "/A" * 30, "/" + "A" * 5000, "/%00", "/ARFRJydbKA"]
)
def test_what_is_no_compressed_link_is_as_unknown_as_before(site: Site, path: str) -> None:
    answer = get(site, path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not-found"


@pytest.mark.parametrize(
    "header",
    ["", ",,;q=", "text/html;q=NaN", "*/*;q=2", ";", "a" * 10_000, "text/html;q=0.5;q=0.1"],
)
def test_no_accept_header_is_a_fault(site: Site, header: str) -> None:
    client = site.client()
    for path in (LOT, LOT + "?linkType=gs1:recallStatus"):
        answer = client.get(
            path, headers={"Accept": header, "Accept-Language": header}, follow_redirects=False
        )
        assert answer.status_code in (200, 300, 307)


def test_a_language_decides_between_equal_types() -> None:
    two = tuple(Target("pip", f"/{tag}", "x", "text/html", (tag,)) for tag in ("vi", "en"))
    level = Level(Link((("01", GTIN),)), None, "", "", two)  # type: ignore[arg-type]
    chosen = choose([level], Asked("gs1:pip", {}, {"en-gb": 1.0, "vi": 0.5}))
    assert [target.href for target in chosen] == ["/en"]
    assert len(choose([level], Asked("gs1:pip", {}, {"fr": 1.0}))) == 2


def test_whatever_a_printed_label_says_leads_to_its_lot(site: Site) -> None:
    with site.world.records.reading() as transaction:
        (lot,) = transaction.lots.lots()
        label = label_of(transaction, lot, ADDRESS)
    unit = unit_of(label, draw(1)[0])
    typed = next(line.text for line in label.lines if "/T/" in line.text)
    for link in (label.link, unit.link, f"https://{typed}"):
        assert 'data-state="valid"' in get(site, link.removeprefix(ADDRESS), BROWSER).text
    assert parse(unit.link).value("21") is not None
