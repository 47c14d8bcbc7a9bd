"""Steps between lots over HTTP, and the page on which a lineage is drawn."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient

from api.office.tree import in_rows
from domain.gs1 import LotNumber
from domain.lineage import Step
from tests.api.conftest import Site, made
from tests.traceability.lineage.orchard import DRY, LATEX, PACKED, opened, plant
from tests.traceability.world import GTIN, NOON
from traceability.dossier import require_lot
from traceability.lineage.reading import seen


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from made(tmp_path)


@pytest.fixture
def grower(site: Site) -> TestClient:
    plant(site.world)
    opened(site.world, 100.0, "A")
    opened(site.world, 50.0, "MU-1", LATEX)
    return site.client("grower")


def post(client: TestClient, verb: str, body: dict[str, Any], lot: str = "A", gtin: str = GTIN,
         status: int = 201) -> dict[str, Any]:  # fmt: skip
    answer = client.post(f"/v1/lots/{gtin}/{lot}/{verb}", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


SPLIT = {"id": "s-1", "parts": [{"number": "B", "kilograms": 40.1}, {"number": "C", "kilograms": 20.2}]}  # fmt: skip


def walked(site: Site, client: TestClient) -> None:
    """One step of each kind, a second between them."""
    post(client, "split", SPLIT)
    others = [{"gtin": GTIN, "number": "C", "kilograms": 20.2}]
    site.clock.now_ms += 1000
    post(client, "merge", {"id": "m-1", "kilograms": 40.1, "others": others, "into": "M"}, "B")
    makes = [{"gtin": PACKED, "number": "P", "kilograms": 58.0}]
    packing = {"id": "t-1", "process": "packing", "kilograms": 60.3, "makes": makes}
    post(client, "transform", packing, "M")
    to = {"name": "Bà Nguyễn Thị Năm"}
    site.clock.now_ms += 1000
    post(client, "ship", {"id": "x-1", "kilograms": 50.0, "to": to}, "P", PACKED)
    arrived = {"id": "r-1", "kilograms": 49.5, "shipment": "x-1", "place": "9520001001031"}
    post(client, "receive", arrived, "P", PACKED)
    site.clock.now_ms += 1000
    post(client, "destroy", {"id": "d-1", "kilograms": 8.0}, "P", PACKED)


def test_a_lot_is_followed_from_harvest_to_market(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    told = site.client().get(f"/v1/lots/{GTIN}/M/lineage").json()
    assert [lot["number"] for lot in told["lots"]] == ["A", "B", "C", "M", "P"]
    assert [step["kind"] for step in told["steps"]] == [
        "split", "merge", "transform", "ship", "receive", "destroy",
    ]  # fmt: skip
    assert (told["back"], told["forward"], told["whole"]) == (["m-1"], ["t-1"], True)
    assert {lot["number"]: lot["left"] for lot in told["lots"]} == {
        "A": 39.7, "B": 0.0, "C": 0.0, "M": 0.0, "P": 0.0,
    }  # fmt: skip
    assert "Năm" not in str(told)
    assert len(told["steps"][3]["party"]) == 64
    events = (
        site.client()
        .get("/epcis/v2/events")
        .json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    )
    steps = {event["bizStep"] for event in events}
    assert {
        "commissioning",
        "creating_class_instance",
        "shipping",
        "receiving",
        "destroying",
    } <= steps
    assert "Năm" not in str(events)


def test_a_lots_own_events_are_those_that_are_kept(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    kept = site.client().get("/epcis/v2/events").json()
    known = {e["eventID"] for e in kept["epcisBody"]["queryResults"]["resultsBody"]["eventList"]}
    for gtin, lot, steps in ((GTIN, "A", ["commissioning", "creating_class_instance"]),
                             (GTIN, "M", ["creating_class_instance", "commissioning"]),
                             (PACKED, "P", ["commissioning", "shipping", "receiving", "destroying"])):  # fmt: skip
        told = site.client().get(f"/v1/lots/{gtin}/{lot}/events").json()["epcisBody"]["eventList"]
        assert [event["bizStep"] for event in told] == steps
        assert {event["eventID"] for event in told} <= known


def test_the_same_post_again_changes_nothing(grower: TestClient) -> None:
    first = post(grower, "split", SPLIT)
    assert post(grower, "split", SPLIT, status=200) == first
    other = {**SPLIT, "parts": [{"number": "B", "kilograms": 60.3}]}
    assert post(grower, "split", other, status=409)["error"] == "clash"


def test_latex_is_weighed_by_its_dry_rubber(grower: TestClient) -> None:
    makes = [{"gtin": DRY, "number": "K", "kilograms": 17.501}]
    body = {"id": "t-1", "process": "latex-to-dry", "kilograms": 50.0, "dry_rubber": 0.35}
    refused = post(grower, "transform", {**body, "makes": makes}, "MU-1", LATEX, 422)
    assert refused["rule"] == "yield"
    assert "17.5 kg" in refused["message"]
    assert "ISO 126" in refused["message"]
    makes[0]["kilograms"] = 17.5
    post(grower, "transform", {**body, "makes": makes}, "MU-1", LATEX)


@pytest.mark.parametrize(
    ("verb", "body", "status", "said"),
    [
        ("destroy", {"id": "d-1", "kilograms": 100.001}, 422, "mass-balance"),
        ("destroy", {"id": "d-1", "kilograms": 0.0005}, 400, "kilograms"),
        ("destroy", {"id": "d-1", "kilograms": "5"}, 400, "kilograms"),
        ("destroy", {"id": "D 1", "kilograms": 5}, 400, "step id"),
        ("destroy", {"id": "d-1", "kilograms": 5, "place": "12"}, 400, "gln"),
        ("split", {"id": "s-1", "parts": []}, 400, "kilograms"),
        ("split", {"id": "s-1", "parts": [{"number": "x/y", "kilograms": 1.0}]}, 400, "number"),
        ("split", {"id": "s-1", "parts": [{"number": "x", "kilograms": 1.0}] * 201}, 400, "parts"),
        ("split", {"id": "s-1", "parts": [{"number": "A", "kilograms": 1.0}]}, 400, "number"),
        ("ship", {"id": "x-1", "kilograms": 1.0, "to": {}}, 400, "party"),
        ("ship", {"id": "x-1", "kilograms": 1.0, "to": {"gln": "1", "name": "x"}}, 400, "gln"),
        ("receive", {"id": "r-1", "kilograms": 1.0, "shipment": "x-9"}, 400, "place"),
        ("receive", {"id": "r-1", "kilograms": 1.0, "shipment": "x-9", "place": "9520001001031"}, 404, None),
        ("merge", {"id": "m-1", "kilograms": 1.0, "others": [], "into": "M"}, 400, "inputs"),
        ("transform", {"id": "t-1", "kilograms": 1.0, "process": "magic", "makes": [{"gtin": PACKED, "number": "P", "kilograms": 1.0}]}, 400, "process"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(
    grower: TestClient, verb: str, body: dict[str, Any], status: int, said: str | None
) -> None:
    told = post(grower, verb, body, status=status)
    assert said is None or said in (told.get("rule"), told.get("field")) or said in str(told)
    assert told["message"]


@pytest.mark.parametrize("raw", [b'{"id":"d-1","kilograms":NaN}', b'{"id":"d-1","kilograms":1e999}',
                                 b'{"id":"d-1","kilograms":1.0,"place":"\\ud800"}', b"[" * 5000, b"", b"{}"])  # fmt: skip
def test_what_is_hostile_is_refused(grower: TestClient, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = grower.post(f"/v1/lots/{GTIN}/A/destroy", content=raw, headers=headers)
    assert answer.status_code == 400, answer.text


def test_only_whose_product_it_is_takes_steps(site: Site, grower: TestClient) -> None:
    body = {"id": "d-1", "kilograms": 1.0}
    assert post(site.client("other"), "destroy", body, status=403)["error"] == "not-allowed"
    assert site.client().post(f"/v1/lots/{GTIN}/A/destroy", json=body).status_code == 401
    assert post(site.client("office"), "destroy", body)["kind"] == "destroy"
    assert site.client().get(f"/v1/lots/{GTIN}/Z/lineage").status_code == 404


def test_a_recall_reaches_what_was_made_of_it(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    site.client("office").post(f"/v1/lots/{GTIN}/C/recall", json={"reason": "dư lượng thuốc"})
    states = {n: grower.get(f"/v1/lots/{g}/{n}").json()["state"]
              for g, n in ((GTIN, "A"), (GTIN, "B"), (GTIN, "C"), (GTIN, "M"), (PACKED, "P"))}  # fmt: skip
    assert states == {"A": "valid", "B": "valid", "C": "recalled", "M": "recalled", "P": "recalled"}
    page = site.browser().get(f"/01/{PACKED}/10/P").text
    assert 'data-state="recalled"' in page
    assert "dư lượng thuốc" in page


def test_a_buyer_reads_what_a_lot_was_made_of(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    page = site.browser().get(f"/01/{PACKED}/10/P").text
    assert "Được làm từ các lô thu hoạch" in page
    assert f'href="/01/{GTIN}/10/A"' in page
    assert "Được làm từ" not in site.browser().get(f"/01/{GTIN}/10/A").text


def test_the_lineage_is_drawn_and_told_in_words(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    page = site.browser("office").get(f"/qt/lo/{GTIN}/M")
    assert page.status_code == 200
    (drawn,) = re.findall(r"<svg[^>]*tree.*?</svg>", page.text, re.DOTALL)
    picture = ET.fromstring(drawn)
    texts = [
        "".join(found.itertext()) for found in picture.iter("{http://www.w3.org/2000/svg}text")
    ]
    assert [t for t in texts if len(t) == 1] == ["A", "B", "C", "M", "P"]
    words = page.text.replace(drawn, "")
    for said in ("Chia lô", "Gộp lô", "Chế biến", "(Đóng gói)", "Xuất hàng", "Đã nhận hàng",
                 "Tiêu hủy", "→ Bà Nguyễn Thị Năm", "Một bước trước", "còn 39,7 kg"):  # fmt: skip
        assert said in words, said
    assert 'class="here"' in drawn
    assert "Split" in site.browser("office", "en").get(f"/qt/lo/{GTIN}/M").text
    assert site.browser("grower").get(f"/qt/lo/{GTIN}/M").status_code == 200
    assert site.browser("other").get(f"/qt/lo/{GTIN}/M").status_code == 403
    assert f"/qt/lo/{GTIN}/M" in site.browser("office").get("/qt").text


def test_names_in_the_picture_are_text(site: Site, grower: TestClient) -> None:
    to = {"name": "<script>alert(1)</script>"}
    post(grower, "ship", {"id": "x-1", "kilograms": 50.0, "to": to})
    page = site.browser("office").get(f"/qt/lo/{GTIN}/A").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_lot_stands_above_what_takes_of_it(site: Site, grower: TestClient) -> None:
    walked(site, grower)
    with site.world.records.reading() as transaction:
        told = seen(transaction, require_lot(transaction, GTIN, LotNumber("M")), NOON)
    rows = [e.id if isinstance(e, Step) else e.lot.number for e in in_rows(told)]
    assert rows == ["A", "s-1", "B", "C", "m-1", "M", "t-1", "P", "x-1", "r-1", "d-1"]


def test_a_long_lineage_stays_within_the_picture(site: Site, grower: TestClient) -> None:
    for i in range(30):
        part = {"number": f"LO-CON-RAT-DAI-{i:04}", "kilograms": 1.0}
        post(grower, "split", {"id": f"s-{i}", "parts": [part]})
    page = site.browser("office").get(f"/qt/lo/{GTIN}/A").text
    (drawn,) = re.findall(r"<svg[^>]*tree.*?</svg>", page, re.DOTALL)
    assert max(float(x) for x in re.findall(r'cx="([\d.]+)"', drawn)) < 130
    assert "LO-CON-RAT-DAI-0029" in drawn
