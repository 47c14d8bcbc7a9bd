"""What a GS1-conformant resolver does: the statements of the standard, one test each.

GS1-Conformant Resolver standard 1.2; the order is that of its conformance statements. That it
answers over TLS is the matter of the proxy in front (docs/operator.md).
"""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.resolver.links import ROWS
from tests.api.conftest import ADDRESS, GIAI, PARTY, Site
from traceability.digital_link import parse
from traceability.digital_link.compress import compress

GTIN = "09520001000010"
LOT = f"/01/{GTIN}/10/LO-1"
PAGE = f"{ADDRESS}/lo/{GTIN}/LO-1"
VOC = "https://ref.gs1.org/voc/"
PATHS = [LOT, f"/01/{GTIN}", "/414/9520001001017", f"/417/{PARTY}", f"/8004/{GIAI}"]
LINKSET = "application/linkset+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def get(site: Site, path: str, accept: str = "*/*", method: str = "GET") -> Response:
    client: TestClient = site.client()
    return client.request(method, path, headers={"Accept": accept}, follow_redirects=False)


def linkset(site: Site, path: str) -> list[dict[str, Any]]:
    answer = get(site, path, LINKSET)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["linkset"]
    return found


@pytest.mark.parametrize(
    "path", [*PATHS, "/T/00000000", "/417/9520001001017", "/8004/9520A", "/.well-known/gs1resolver"]
)
def test_get_head_and_options_are_answered_and_declared_to_other_sites(
    site: Site, path: str
) -> None:
    told = get(site, path, method="OPTIONS")
    assert told.status_code == 204
    assert told.headers["allow"] == "GET, HEAD, OPTIONS"
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = get(site, path, method=method)
        assert answer.status_code != 405
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        assert answer.status_code == get(site, path).status_code or method == "OPTIONS"


@pytest.mark.parametrize("path", [LOT, f"/01/{GTIN}/10/LO-1/21/5", f"/01/{GTIN}"])
def test_a_compressed_link_is_decompressed_and_says_so(site: Site, path: str) -> None:
    packed = compress(parse(ADDRESS + path), "")
    answer = get(site, packed + "?a=b")
    assert answer.status_code == 307
    assert answer.headers["location"] == get(site, path + "?a=b").headers["location"]
    assert f'<{ADDRESS}{path}?a=b>; rel="owl:sameAs"' in answer.headers["link"]
    told = linkset(site, packed)
    assert told == linkset(site, path)
    assert packed not in json.dumps(told)


def test_only_the_rest_may_be_compressed(site: Site) -> None:
    answer = get(site, "/01/09520123456788/EEarwSMXP8AQ")
    assert answer.status_code == 404  # read, and not known here


@pytest.mark.parametrize(
    "path", [LOT + "/foo", f"/01/{GTIN}/foo", "/01/09520001000011", "/01/", "/01/1/2/3", f"/01/{GTIN}/21/5/10/LO-1", "/414/9520001001018",
             "/417/x", "/8004/a", LOT + "?416=x", LOT + "?999=1", LOT + "?7007=261399", LOT + "?a=%zz", LOT + "?10=LO-1", "/T/x", "/01/%2F"],
)  # fmt: skip
@pytest.mark.parametrize("accept", ["*/*", LINKSET, BROWSER])
def test_an_invalid_link_is_400_and_never_200(site: Site, path: str, accept: str) -> None:
    answer = get(site, path, accept)
    assert answer.status_code == 400
    if accept != BROWSER:
        assert answer.json()["error"] == "invalid-input"
    assert (
        get(
            site,
            path.replace("?", "?linkType=gs1:pip&") if "?" in path else path + "?linkType=gs1:pip",
            accept,
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    "path",
    [
        "/01/09520123456788",
        "/01/09520123456788/10/X",
        "/414/9520123456788",
        "/417/9520001001017",
        "/8004/9520A",
        "/00/095200010000000010",
        "/T/00000000",
    ],
)
def test_what_is_not_known_is_404_and_never_200(site: Site, path: str) -> None:
    assert get(site, path).json()["error"] == "not-found"
    for accept in ("*/*", LINKSET, BROWSER):
        assert get(site, path, accept).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_all_links_are_given_as_a_set(site: Site, path: str) -> None:
    first = get(site, path, LINKSET)
    assert (first.status_code, first.headers["content-type"]) == (200, LINKSET)
    for asked, accept in (
        ("?linkType=linkset", "*/*"),
        ("?linkType=linkset", BROWSER),
        ("?linkType=all", "*/*"),
        ("?linktype=linkset", "*/*"),
    ):
        again = get(site, path + asked, accept)
        assert (again.status_code, again.headers["content-type"]) == (200, LINKSET)
        assert again.json() == first.json()
    plain = get(site, path, "application/json")
    assert plain.headers["content-type"] == "application/json"
    assert plain.json() == first.json()
    context = '<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    assert context in first.headers["link"]


@pytest.mark.parametrize("below", ["", "/21/5"])
def test_each_level_up_to_the_key_is_in_the_set(site: Site, below: str) -> None:
    anchors = [context["anchor"] for context in linkset(site, LOT + below)]
    assert anchors == [ADDRESS + LOT, f"{ADDRESS}/01/{GTIN}"]
    unknown = linkset(site, f"/01/{GTIN}/10/NOPE")
    assert [context["anchor"] for context in unknown] == [f"{ADDRESS}/01/{GTIN}"]


@pytest.mark.parametrize("path", PATHS)
def test_the_set_is_pointed_at_from_every_answer(site: Site, path: str) -> None:
    pointer = f'<{ADDRESS}{path}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'
    assert get(site, path, method="OPTIONS").headers["link"] == pointer
    for asked, accept in (("", "*/*"), ("", BROWSER), ("", LINKSET), ("?linkType=gs1:pip", "*/*")):
        answer = get(site, path + asked, accept)
        if answer.status_code == 404:  # a place has no product page
            continue
        link = answer.headers["link"]
        assert pointer in link
        assert 'rel="gs1:' not in link  # all links in the header were given up in 1.0


@pytest.mark.parametrize("path", PATHS)
def test_there_is_one_default_and_it_has_a_title_and_nothing_else(site: Site, path: str) -> None:
    for context in linkset(site, path):
        (default,) = context[VOC + "defaultLink"]
        assert set(default) == {"href", "title"}
    (nearest,) = linkset(site, path)[0][VOC + "defaultLink"]
    assert get(site, path).headers["location"] == nearest["href"]
    assert (
        get(site, path + "?linkType=gs1:defaultLink")
        .headers["location"]
        .startswith(nearest["href"])
    )


@pytest.mark.parametrize("path", PATHS)
def test_every_link_has_target_type_and_title_and_leads_to_something(site: Site, path: str) -> None:
    for context in linkset(site, path):
        assert re.fullmatch(r"https?://[a-zA-Z0-9./-]+", str(context["anchor"]))
        kinds = [key for key in context if key.startswith("https://")]
        assert kinds
        for kind in kinds:
            for link in context[kind]:
                assert link["title"]
                media = link.get("type", "text/html")
                answer = get(site, link["href"].removeprefix(ADDRESS), media)
                assert answer.status_code == 200, link
                assert answer.headers["content-type"].startswith(media)


@pytest.mark.parametrize(
    ("path", "target"), [(LOT, PAGE), (f"/01/{GTIN}", f"{ADDRESS}/sp/{GTIN}"), ("/414/9520001001017", f"{ADDRESS}/noi-trong/9520001001017"),
                         ("/414/9520001001017/254/x", f"{ADDRESS}/noi-trong/9520001001017"), (f"/417/{PARTY}", f"{ADDRESS}/don-vi/{PARTY}"), (f"/417/{PARTY}/7040/1ABC", f"{ADDRESS}/don-vi/{PARTY}"),
                         (f"/8004/{GIAI}", f"{ADDRESS}/thiet-bi/{GIAI}"), (f"/8004/{GIAI}/7040/1ABC", f"{ADDRESS}/thiet-bi/{GIAI}"), (f"/01/{GTIN}/22/A/10/LO-1/21/7", PAGE),
                         (f"/01/{GTIN}/10/NOPE", f"{ADDRESS}/sp/{GTIN}"), (f"/01/{GTIN}/21/9", f"{ADDRESS}/sp/{GTIN}")],
)  # fmt: skip
def test_the_default_is_redirected_to_walking_up_where_needed(
    site: Site, path: str, target: str
) -> None:
    answer = get(site, path)
    assert (answer.status_code, answer.headers["location"]) == (307, target)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    "kind",
    [
        "gs1:{}",
        VOC + "{}",
        "https://gs1.org/voc/{}",
        "https://www.gs1.org/voc/{}",
        "http://gs1.org/voc/{}",
        "{}",
    ],
)
def test_a_kind_of_link_is_redirected_to_by_each_of_its_names(site: Site, kind: str) -> None:
    answer = get(site, f"{LOT}?linkType={kind.format('pip')}", BROWSER)
    assert answer.status_code == 307
    assert answer.headers["location"].partition("?")[0] == PAGE


@pytest.mark.parametrize(
    "kind", ["gs1:nosuchlt", "", "https://schema.org/url", "\u00e9", "x" * 4000]
)
def test_a_kind_that_is_not_there_is_404(site: Site, kind: str) -> None:
    client = site.client()
    answer = client.get(LOT, params={"linkType": kind}, follow_redirects=False)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not-found"


def test_the_type_that_is_wanted_decides_and_several_equal_ones_are_offered(site: Site) -> None:
    asked = f"{LOT}?linkType=gs1:recallStatus"
    assert get(site, asked, BROWSER).headers["location"].startswith(PAGE)
    assert "/v1/lots/" in get(site, asked, "application/json").headers["location"]
    several = get(site, asked)
    assert several.status_code == 300
    (context,) = several.json()["linkset"]
    assert set(context) == {"anchor", VOC + "recallStatus"}
    assert [link["type"] for link in context[VOC + "recallStatus"]] == [
        "text/html",
        "application/json",
    ]
    assert get(site, asked, "image/png").status_code == 300
    page = get(site, asked, "text/html;q=0.5, application/json;q=0.5")
    assert page.status_code == 300
    assert "Hãy chọn một" in page.text


def test_the_query_is_passed_on(site: Site) -> None:
    assert get(site, LOT + "?foo=bar&a=%20b&x").headers["location"] == PAGE + "?foo=bar&a=%20b&x"
    answer = get(site, f"{LOT}?linkType=gs1:pip&416=9520001001017&foo=bar")
    assert answer.headers["location"] == f"{PAGE}?linkType=gs1:pip&416=9520001001017&foo=bar"


def test_the_resolver_describes_itself(site: Site) -> None:
    answer = get(site, "/.well-known/gs1resolver")
    told = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert told["resolverRoot"] == ADDRESS
    assert told["supportedPrimaryKeys"] == ["00", "01", "414", "417", "8004"]
    assert told["supportedLinkType"] == [{"namespace": VOC, "prefix": "gs1:"}]
    assert told["name"] and told["contact"]["fn"]
    assert told["activeLinkTypes"]["vi"]["gs1:pip"]["title"] == "Thông tin về lô hàng này"


def test_kinds_are_of_the_gs1_vocabulary(site: Site) -> None:
    assert {row.kind for row in ROWS} <= {
        "pip", "traceability", "recallStatus", "dpp", "verificationService", "locationInfo", "certificationInfo", "epcis", "masterData",
    }  # fmt: skip


@pytest.mark.parametrize("path", [*PATHS, f"/01/{GTIN}/10/NOPE", "/T/00000000", LOT + "/21/1"])
@pytest.mark.parametrize("accept", ["*/*", BROWSER, LINKSET])
def test_a_slash_at_the_end_changes_nothing(site: Site, path: str, accept: str) -> None:
    with_slash, without = get(site, path + "/", accept), get(site, path, accept)
    assert with_slash.status_code == without.status_code
    assert with_slash.headers.get("location") == without.headers.get("location")
    assert with_slash.headers.get("link") == without.headers.get("link")
