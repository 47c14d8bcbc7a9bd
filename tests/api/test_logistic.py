"""Logistic units over HTTP: packed, looked up by anybody, shipped, and found by their link."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.gs1 import Gtin, LotNumber, Sscc
from domain.ids import ProducerId
from domain.lot import Product
from tests.api.conftest import ADDRESS, Site, made
from tests.api.test_epcis import events_in
from tests.api.test_resolver import BROWSER, LINKSET, VOC, get, linkset
from tests.traceability.lineage.orchard import opened, plant, printed
from tests.traceability.world import GTIN, NOON
from traceability.dossier import require_lot
from traceability.standing import Ground, call_back

FIRST = Sscc.mint("9520001", 0)
OTHERS = Gtin.parse("09520001000065")
GIVEN = "123456789012345675"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from made(tmp_path)


@pytest.fixture
def grower(site: Site) -> TestClient:
    plant(site.world)
    opened(site.world, 100.0, "A")
    opened(site.world, 50.0, "B")
    return site.client("grower")


def post(client: TestClient, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def pack(client: TestClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    return post(client, f"lots/{GTIN}/A/pack", {"id": "p-1", "kilograms": 40.0, **fields}, status)


def unit(site: Site, sscc: str = FIRST) -> dict[str, Any]:
    told: dict[str, Any] = site.client().get(f"/v1/logistic-units/{sscc}").json()
    return told


def recall(site: Site, number: str) -> None:
    with site.world.records.transaction() as transaction:
        lot = require_lot(transaction, GTIN, LotNumber(number))
        call_back(transaction, lot, "Dư lượng thuốc", "office", NOON, Ground(2))


def test_a_pallet_from_packing_to_market(site: Site, grower: TestClient) -> None:
    others = [{"gtin": GTIN, "number": "B", "kilograms": 10.5}]
    step = pack(grower, others=others)
    assert (step["kind"], step["ssccs"]) == ("pack", [FIRST])
    assert pack(grower, 200, others=others) == step
    assert pack(grower, 409)["error"] == "clash"
    told = unit(site)
    assert (told["state"], told["whereabouts"]) == ("valid", "here")
    assert [(one["number"], one["kilograms"], one["state"]) for one in told["contents"]] == [
        ("A", 40.0, "valid"), ("B", 10.5, "valid"),
    ]  # fmt: skip
    lots = site.client().get(f"/v1/lots/{GTIN}/A/lineage").json()["lots"]
    assert [(lot["left"], lot["packed"]) for lot in lots] == [(100.0, 40.0)]
    post(grower, f"logistic-units/{FIRST}/unpack", {"id": "u-1", "parts": others})
    sent = {"id": "x-1", "to": {"name": "Bà Năm"}}
    shipped = post(grower, f"logistic-units/{FIRST}/ship", sent)
    assert [(one["number"], one["kilograms"]) for one in shipped["inputs"]] == [("A", 40.0)]
    assert unit(site)["whereabouts"] == "under-way"
    again = {**sent, "id": "x-2"}
    assert post(grower, f"logistic-units/{FIRST}/ship", again, 422)["rule"] == "packing"
    arrived = {"id": "r-1", "shipment": "x-1", "place": "9520001001031"}
    post(grower, f"logistic-units/{FIRST}/receive", arrived)
    post(grower, f"logistic-units/{FIRST}/unpack", {"id": "u-2"})
    last = unit(site)
    assert (last["state"], last["whereabouts"], last["contents"]) == (None, "arrived", [])
    assert [one["kind"] for one in last["steps"]] == ["pack", "unpack", "ship", "receive", "unpack"]
    assert "Năm" not in str(last)


def test_its_events_are_asked_for_by_its_number(site: Site, grower: TestClient) -> None:
    (bag,) = printed(site.world, "A", 1, 2.5)
    pack(grower, serials=[{"gtin": bag[0], "serial": bag[1]}])
    assert unit(site)["serials"] == unit(site)["steps"][0]["serials"] == 1
    # Whoever could read them off a pallet's page could print labels that were issued.
    assert bag[1] not in str(unit(site)) + site.browser().get(f"/00/{FIRST}").text
    post(grower, f"logistic-units/{FIRST}/ship", {"id": "x-1", "to": {"gln": "9520001001031"}})
    epc, anyone, office = f"https://id.gs1.org/00/{FIRST}", site.client(), site.client("office")
    path = f"/epcis/v2/epcs/{quote(epc, safe='')}/events"
    packed, sent = events_in(office.get(path))
    assert (packed["parentID"], packed["childEPCs"]) == (
        epc,
        [f"https://id.gs1.org/01/{GTIN}/21/{bag[1]}"],
    )
    assert [one["quantity"] for one in packed["childQuantityList"]] == [37.5]
    assert (sent["epcList"], sent["quantityList"][0]["quantity"]) == ([epc], 40.0)
    asked = {"MATCH_parentID": epc, "EQ_bizStep": "packing"}
    assert events_in(office.get("/epcis/v2/events", params=asked)) == [packed]
    # The office alone reads serials: in no answer to anybody else does one stand.
    for client in (anyone, grower):
        assert events_in(client.get(path)) == [sent]
        assert events_in(client.get("/epcis/v2/events", params=asked)) == []
        assert client.get(f"/epcis/v2/events/{packed['eventID']}").status_code == 404
        assert client.get("/epcis/v2/epcs").json()["member"] == [epc]
        serial = quote(packed["childEPCs"][0], safe="")
        assert client.get(f"/epcis/v2/epcs/{serial}").status_code == 404
        assert bag[1] not in client.get("/epcis/v2/events").text
    assert office.get(f"/epcis/v2/events/{packed['eventID']}").status_code == 200
    assert packed["childEPCs"][0] in office.get("/epcis/v2/epcs").json()["member"]
    of_lot = anyone.get(f"/v1/lots/{GTIN}/A/events").json()["epcisBody"]["eventList"]
    assert {"packing", "shipping"} <= {each["bizStep"] for each in of_lot}


def test_a_recall_shows_on_the_unit(site: Site, grower: TestClient) -> None:
    pack(grower, sscc=GIVEN)
    recall(site, "A")
    assert (unit(site, GIVEN)["state"], unit(site, GIVEN)["contents"][0]["state"]) == (
        "recalled",
    ) * 2
    page = site.browser().get(f"/00/{GIVEN}")
    assert page.status_code == 200
    assert 'data-state="recalled"' in page.text
    assert "THU HỒI" in page.text
    impact = site.client("office").get(f"/v1/lots/{GTIN}/A/recall").json()["impact"]
    assert impact["ssccs"] == [GIVEN]
    office = site.browser("office").get(f"/qt/thu-hoi/{GTIN}/A").text
    assert f'href="/00/{GIVEN}"' in office


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_in_every_state(site: Site, grower: TestClient, language: str) -> None:
    def page() -> str:
        answer = site.browser(language=language).get(f"/00/{FIRST}")
        assert answer.status_code == 200
        return answer.text

    (bag,) = printed(site.world, "A", 1, 2.5)
    pack(grower, serials=[{"gtin": bag[0], "serial": bag[1]}])
    assert ("Kiện chưa được gửi đi." if language == "vi" else "has not been shipped") in page()
    assert f"/01/{GTIN}/10/A" in page()
    assert ("1 gói hàng trong kiện" if language == "vi" else "1 of the units in it") in page()
    post(grower, f"logistic-units/{FIRST}/ship", {"id": "x-1", "to": {"name": "Chợ"}})
    assert ("chưa ai báo" if language == "vi" else "nobody has said yet") in page()
    arrived = {"id": "r-1", "shipment": "x-1", "place": "9520001001031"}
    post(grower, f"logistic-units/{FIRST}/receive", arrived)
    post(grower, f"logistic-units/{FIRST}/unpack", {"id": "u-1"})
    assert ("Kiện này không còn hàng" if language == "vi" else "Nothing is in this unit") in page()
    lineage = site.browser("office", language).get(f"/qt/lo/{GTIN}/A").text
    assert FIRST in lineage
    assert ("Đóng kiện" if language == "vi" else "Packed") in lineage


def test_its_link_is_resolved_as_every_other(site: Site, grower: TestClient) -> None:
    pack(grower)
    path = f"/00/{FIRST}"
    (context,) = linkset(site, path)
    assert context["anchor"] == ADDRESS + path
    assert context[VOC + "defaultLink"][0]["href"] == f"{ADDRESS}/kien/{FIRST}"
    for kind in (key for key in context if key.startswith(VOC)):
        for link in context[kind]:
            answer = get(site, link["href"].removeprefix(ADDRESS), link.get("type", "text/html"))
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].startswith(link.get("type", "text/html"))
    answer = get(site, path)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{ADDRESS}/kien/{FIRST}")
    assert (
        get(site, f"{path}?linkType=gs1:epcis")
        .headers["location"]
        .startswith(f"{ADDRESS}/epcis/v2/epcs/")
    )
    wrong = f"/00/{FIRST[:-1]}{(int(FIRST[-1]) + 1) % 10}"
    for accept in (BROWSER, LINKSET, "*/*"):
        assert get(site, wrong, accept).status_code == 400
        assert get(site, f"/00/{GIVEN}", accept).status_code == 404


def test_what_is_refused_says_why(site: Site, grower: TestClient) -> None:
    for fields, status, field in (
        ({"sscc": "123456789012345674"}, 400, "sscc"), ({"sscc": "1"}, 400, "sscc"), ({"kilograms": "40"}, 400, "kilograms"), ({"kilograms": -1.0}, 400, "kilograms"),
        ({"serials": [{"gtin": GTIN, "serial": "Đ"}]}, 400, "serial"), ({"others": [{"gtin": GTIN, "number": "A", "kilograms": 1.0}]}, 400, "number"), ({"id": ""}, 400, "step id"),
        ({"others": [{"gtin": GTIN, "number": "NOPE", "kilograms": 1.0}]}, 404, None), ({"place": "1"}, 400, "gln"), ({"kilograms": 100.5}, 422, None),
    ):  # fmt: skip
        told = pack(grower, status, **fields)
        assert told["message"]
        assert told.get("field") == field, fields
    assert site.client().get(f"/v1/logistic-units/{FIRST}").status_code == 404
    assert site.client().get("/v1/logistic-units/1").status_code == 400
    assert (
        post(grower, f"logistic-units/{GIVEN}/unpack", {"id": "u-1"}, 404)["error"] == "not-found"
    )
    pack(grower)
    post(grower, f"logistic-units/{FIRST}/receive", {"id": "r-1", "shipment": "x-9"}, 400)


def test_a_unit_is_touched_by_whose_lots_were_in_it(site: Site, grower: TestClient) -> None:
    pack(grower)
    path, body = f"logistic-units/{FIRST}/unpack", {"id": "u-1"}
    assert site.client().post(f"/v1/{path}", json=body).status_code == 401
    other = site.client("other")
    assert post(other, path, body, 403)["error"] == "not-allowed"
    post(other, f"logistic-units/{FIRST}/ship", {"id": "x-1", "to": {"name": "Chợ"}}, 403)
    post(grower, path, body)
    # Empty now, and its number is still theirs who packed it.
    assert post(other, path, {"id": "u-2"}, 403)["error"] == "not-allowed"
    pack(site.client("office"), id="p-2", sscc=FIRST)
    assert post(site.client("office"), path, {"id": "u-3"})["ssccs"] == [FIRST]


def test_two_may_not_share_a_unit(site: Site, grower: TestClient) -> None:
    product = Product(OTHERS, "cucumber", ProducerId("ho-2"), "Dưa khác", "Other", 5)
    with site.world.records.transaction() as transaction:
        transaction.lots.add_product(product)
    makes = [{"gtin": OTHERS, "number": "Z", "kilograms": 10.0}]
    bought = {"id": "t-1", "process": "packing", "kilograms": 10.0, "makes": makes}
    post(site.client("office"), f"lots/{GTIN}/A/transform", bought)
    pack(grower, sscc=GIVEN)
    body = {"id": "z-1", "kilograms": 1.0, "sscc": GIVEN}
    refused = post(site.client("other"), f"lots/{OTHERS}/Z/pack", body, 403)
    assert refused["error"] == "not-allowed"
    post(site.client("other"), f"lots/{OTHERS}/Z/pack", {**body, "sscc": None})


def test_without_a_company_prefix_the_number_is_given(site: Site, grower: TestClient) -> None:
    bare = create_app(replace(site.app.state.deps, company_prefix=""))
    client = TestClient(bare, ADDRESS, headers=dict(grower.headers))
    assert pack(client, 400)["field"] == "sscc"
    assert pack(client, sscc=GIVEN)["ssccs"] == [GIVEN]
