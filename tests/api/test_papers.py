"""Certificates and pictures through every door."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.api.conftest import Site, standing_site
from tests.traceability.world import GTIN, HARVESTED, NOON
from traceability.dossier import require_lot
from traceability.log.publish import publish
from traceability.passport import issue

UNTIL = str(HARVESTED + timedelta(days=30))
BODY = {
    "id": "vg-1", "producer": "ho-1", "standard": "vietgap", "number": "VG-2026-0417",
    "certifier": "Trung tâm Chứng nhận mẫu", "valid_from": "2026-01-15", "valid_to": UNTIL,
}  # fmt: skip
FORM = {
    "name": "vg-2", "producer": "ho-1", "of": "organic", "number": "HC-1", "certifier": "Tổ chức mẫu",
    "valid_from": "2026-01-15", "valid_to": "2027-01-14", "plot": "",
}  # fmt: skip
PAGE = "/qt/giay-chung-nhan"
SCAN = b"%PDF-1.7 scan"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, 0)
    yield site
    site.world.close()


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (300, 200), "green").save(out, "JPEG")
    return out.getvalue()


def issued_again(site: Site) -> str:
    """Issue LO-1 anew and return its page."""
    site.clock.now_ms += 1000
    with site.world.records.reading() as transaction:
        lot = require_lot(transaction, GTIN, transaction.lots.lots()[0].number)
    issue(site.world.issuer, lot, site.clock.now_ms)
    publish(site.world.records, site.world.files, site.world.log_key)
    return site.browser().get(f"/01/{GTIN}/10/LO-1").text


def test_machines_write_one_down_and_buyers_read_it(site: Site) -> None:
    office = site.client("office")
    digest = office.post("/v1/papers", content=SCAN).json()["digest"]
    first = office.post("/v1/certificates", json={**BODY, "paper": digest})
    assert (first.status_code, first.json()["paper"]) == (201, digest)
    assert office.post("/v1/certificates", json={**BODY, "paper": digest}).status_code == 200
    assert office.post("/v1/certificates", json={**BODY, "number": "x"}).status_code == 409
    assert "VG-2026-0417" not in site.browser().get(f"/01/{GTIN}/10/LO-1").text
    page = issued_again(site)
    assert "VG-2026-0417" in page
    assert '"@type": "Certification"' in page.replace('"@type":"', '"@type": "')
    links = site.client().get(f"/01/{GTIN}/10/LO-1", params={"linkType": "linkset"}).json()
    told = links["linkset"][0]["https://ref.gs1.org/voc/certificationInfo"]
    assert told[0]["href"].endswith("#chung-nhan")
    since = {"since": str(HARVESTED + timedelta(days=1)), "reason": "đánh giá không đạt"}
    gone = office.post("/v1/certificates/vg-1/withdrawal", json=since)
    assert gone.json()["withdrawn_since"] == since["since"]
    page = site.browser().get(f"/01/{GTIN}/10/LO-1").text
    assert "VG-2026-0417" in page, "it was in force on the day of harvest"
    assert "đã thu hồi từ" in page
    assert "hasCertification" not in page


def test_the_circular_is_complete_with_picture_and_certificate(site: Site) -> None:
    office, path = site.client("office"), f"/v1/lots/{GTIN}/LO-1/completeness"
    before = {row["name"]: row["status"] for row in office.get(path).json()["items"]}
    office.post("/v1/certificates", json=BODY)
    assert office.put(f"/v1/products/{GTIN}/picture", content=picture()).status_code == 200
    after = {row["name"]: row["status"] for row in office.get(path).json()["items"]}
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"product-image", "standards"}
    assert {after[name] for name in changed} == {"present"}


def test_a_picture_is_for_everybody_and_a_scan_is_not(site: Site) -> None:
    office = site.client("office")
    scan = office.post("/v1/papers", content=SCAN).json()["digest"]
    shown = office.put(f"/v1/products/{GTIN}/picture", content=picture()).json()["digest"]
    answer = site.client().get(f"/hinh/{shown}.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in answer.headers["cache-control"]
    assert f"/hinh/{shown}.jpg" in site.browser().get(f"/01/{GTIN}/10/LO-1").text
    assert f"/hinh/{shown}.jpg" in site.browser().get(f"/01/{GTIN}").text
    assert site.client().get(f"/hinh/{scan}.jpg").status_code == 404
    assert site.client().get(f"/v1/papers/{scan}").status_code == 401
    assert site.client("grower").get(f"/v1/papers/{scan}").status_code == 403
    assert office.get(f"/v1/papers/{scan}").content == SCAN


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"id": "Not An Id"}, 400),
        ({"standard": "iso"}, 400),
        ({"producer": "nobody"}, 404),
        ({"valid_to": "2025-01-01"}, 400),
        ({"valid_to": "hôm qua"}, 400),
        ({"number": ""}, 400),
        ({"number": "   "}, 400),
        ({"plots": ["nowhere"]}, 404),
        ({"paper": "0" * 64}, 404),
        ({"plots": ["a"] * 201}, 400),
    ],
)
def test_what_is_no_certificate(site: Site, change: dict[str, Any], status: int) -> None:
    answer = site.client("office").post("/v1/certificates", json={**BODY, **change})
    assert answer.status_code == status, answer.text
    assert site.client("office").get("/v1/certificates").json() == []


def test_whose_it_is_to_do(site: Site) -> None:
    grower, office = site.client("grower"), site.client("office")
    assert grower.post("/v1/certificates", json=BODY).status_code == 403
    assert grower.post("/v1/papers", content=SCAN).status_code == 403
    assert grower.put(f"/v1/products/{GTIN}/picture", content=picture()).status_code == 200
    office.post("/v1/certificates", json=BODY)
    assert [one["id"] for one in grower.get("/v1/certificates").json()] == ["vg-1"]
    assert office.post("/v1/papers", content=b"%PDF-" + bytes(5_000_000)).status_code == 413
    assert office.post("/v1/papers", content=bytes(6_000_000)).status_code in (400, 413)


def test_the_office_writes_one_down_on_its_page(site: Site) -> None:
    office = site.browser("office")
    scan = {"paper": ("scan.pdf", SCAN, "application/pdf")}
    done = office.post(PAGE, data=FORM, files=scan, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert office.post(PAGE, data=FORM, files=scan, follow_redirects=False).status_code == 303
    page = office.get(PAGE).text
    assert page.count("HC-1") == 1, "sent twice, written once"
    scanned = office.get(f"/qt/giay/{page.split('/qt/giay/')[1].split(chr(34))[0]}")
    assert (scanned.content, scanned.headers["content-disposition"]) == (SCAN, "attachment")


def test_a_form_that_is_wrong_keeps_what_was_typed(site: Site) -> None:
    office = site.browser("office")
    wrong = office.post(PAGE, data={**FORM, "valid_to": "2025-01-01"})
    assert wrong.status_code == 400
    assert 'value="HC-1"' in wrong.text
    assert 'value="vg-2"' in wrong.text
    assert "hai mươi năm" in wrong.text
    odd = {"paper": ("x.html", b"<script>", "text/html")}
    refused = office.post(PAGE, data=FORM, files=odd)
    assert refused.status_code == 400
    assert "HC-1" not in office.get(PAGE).text
    bad = {"picture": ("x.jpg", b"x", "image/jpeg")}
    assert office.post("/qt/hinh-anh", data={"gtin": GTIN}, files=bad).status_code == 400
    assert office.post("/qt/hinh-anh", data={"gtin": GTIN}).status_code == 400


def test_withdrawing_on_the_page_needs_a_day_and_a_reason(site: Site) -> None:
    office = site.browser("office")
    office.post(PAGE, data=FORM)
    asked = {"name": "vg-2", "since": "2020-01-01", "reason": "x"}
    wrong = office.post(f"{PAGE}/thu-hoi", data=asked)
    assert wrong.status_code == 400
    assert "<details open>" in wrong.text
    done = {**asked, "since": "2026-11-01"}
    assert office.post(f"{PAGE}/thu-hoi", data=done, follow_redirects=False).status_code == 303
    assert "Đã thu hồi" in office.get(PAGE).text


def test_the_page_is_the_offices(site: Site) -> None:
    grower = site.browser("grower")
    assert grower.get(PAGE).status_code == 403
    for path in (PAGE, f"{PAGE}/thu-hoi", "/qt/hinh-anh"):
        assert grower.post(path, data=FORM).status_code == 403, path
    assert site.client("office").get("/v1/certificates").json() == []


def test_the_office_is_told_what_ends_soon(site: Site) -> None:
    tile = 'href="/qt/giay-chung-nhan"'
    assert f"<b>0</b><a {tile}" in site.browser("office").get("/qt").text
    site.client("office").post("/v1/certificates", json=BODY)
    assert f"<b>1</b><a {tile}" in site.browser("office").get("/qt").text
    assert NOON
