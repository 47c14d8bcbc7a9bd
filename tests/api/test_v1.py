"""JSON for machines."""

import html
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.auth import hash_secret
from domain.ids import DeviceId
from domain.reading import Delivery, Frame, Refusal
from domain.window import print_instant
from store.records.accounts import Account
from tests.api.conftest import PIN, Site
from tests.builders import delivery, reading
from tests.traceability.world import FAIL, NOON
from traceability.digital_link import LotLink, parse
from traceability.trust import parse_trust
from traceability.verify import verify

LOT = "/v1/lots/09520001000010/LO-1"


def test_the_openapi_document_is_accepted_by_a_client_generator(site: Site, tmp_path: Path) -> None:
    document = site.client().get("/v1/openapi.json").json()
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    result = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(tmp_path / "openapi.json"),
         "--output-path", str(tmp_path / "client"), "--meta", "none", "--fail-on-warning"],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    subprocess.run([sys.executable, "-W", "error", "-c", "import client.api.lots.get_passport, client.api.plots.list_readings"],
                   cwd=tmp_path, check=True)  # fmt: skip


def test_a_growers_plots_and_nobody_elses(site: Site) -> None:
    assert [p["id"] for p in site.client("grower").get("/v1/plots").json()] == ["ruong-1"]
    assert [p["id"] for p in site.client("other").get("/v1/plots").json()] == ["ruong-2"]
    assert len(site.client("office").get("/v1/plots").json()) == 2


def test_readings_come_whole_page_by_page(site: Site) -> None:
    client = site.client("grower")
    start, end = "2026-11-16T00:00:00Z", "2026-11-20T17:00:00Z"
    base = f"/v1/plots/ruong-1/series/1/readings?end={end}"
    whole = client.get(f"{base}&start={start}").json()["readings"]
    pages, next_start = [], start
    while next_start:
        page = client.get(f"{base}&start={next_start}&limit=100").json()
        pages += page["readings"]
        next_start = page["next"]
    assert pages == whole
    assert len(whole) > 300
    flags = {r["flag"] for r in whole}
    assert flags == {1, 3, 4}, "failed readings are shown, flagged, and never hidden"
    # The world has a silence of six hours; what comes after it says so.
    assert {tuple(r["failed_tests"]) for r in whole if r["flag"] == 3} == {("gap",)}
    assert [r["failed_tests"] for r in whole if r["flag"] == 4] == [["sentinel"]]


def test_a_newest_value_that_failed_says_so(site: Site) -> None:
    row = (reading(2, NOON, -9999.0, FAIL),)
    site.world.series.append([delivery(Frame(None, None, row))], NOON)
    values = site.client("grower").get("/v1/plots/ruong-1").json()["values"]
    told = next(v for v in values if v["property"] == "air_temperature")
    assert (told["state"], told["flag"], told["failed_tests"]) == ("faulty", 4, ["sentinel"])
    page = site.browser("grower").get("/r/ruong-1").text
    assert "9999" not in page
    assert "9.999" not in page
    assert "Cảm biến lỗi" in html.unescape(page)
    cards = site.browser("grower").get("/r").text
    assert "9.999" not in cards
    assert "1 cảm biến lỗi" in html.unescape(cards)
    (device,) = site.client("office").get("/v1/devices").json()
    assert device["faulty"] == 1


def test_roll_ups_per_local_day(site: Site) -> None:
    start, end = "2026-11-15T17:00:00Z", "2026-11-20T17:00:00Z"
    rows = (
        site.client("grower")
        .get(f"/v1/plots/ruong-1/series/1/rollups?start={start}&end={end}&size=day")
        .json()
    )
    assert [row["expected"] for row in rows] == [96] * 5
    assert sum(row["n"] for row in rows) == 455


def test_a_repeated_diary_post_changes_nothing(site: Site) -> None:
    client = site.client("grower")
    body = {"id": "ghi-1", "work": "weeding", "day": "2026-11-20", "note": "cỏ tranh"}
    assert client.post("/v1/plots/ruong-1/diary", json=body).status_code == 201
    again = client.post("/v1/plots/ruong-1/diary", json=body)
    assert again.status_code == 200
    assert again.json()["author"] == "grower"
    kept = [e for e in client.get("/v1/plots/ruong-1/diary").json() if e["id"] == "ghi-1"]
    assert len(kept) == 1


def test_a_lot_its_label_and_its_passport(site: Site) -> None:
    client = site.client()
    lot = client.get(LOT).json()
    link = LotLink.of(parse(lot["digital_link"]))
    assert (link.lot, link.gln, lot["state"]) == ("LO-1", "9520001001017", "valid")
    raw = client.get(LOT + "/passport")
    assert raw.content == site.passport.envelope
    trusted = parse_trust(client.get("/.well-known/nguon-keys.json").text).keys
    assert verify(raw.content, trusted).document["lot"]["number"] == "LO-1"


def test_the_office_sees_devices_and_quarantine(site: Site) -> None:
    refused = Delivery(
        "nguon/v1/x/up", b"\xff", NOON, DeviceId("x"), (), (Refusal("undecodable", "why"),)
    )
    site.world.series.append([refused], NOON)
    client = site.client("office")
    (row,) = client.get("/v1/quarantine").json()
    assert (row["payload"], row["reason"], row["first"]) == (
        "/w==",
        "undecodable",
        print_instant(NOON),
    )
    (device,) = client.get("/v1/devices").json()
    assert (device["id"], device["cycles_missing"]) == ("dat-01", 24)


def test_a_token_ends_when_signed_out_and_a_cookie_is_no_token(site: Site) -> None:
    client = site.client("grower")
    assert client.get("/v1/plots").status_code == 200
    assert client.delete("/v1/sessions/current").status_code == 204
    assert client.get("/v1/plots").status_code == 401
    page = site.browser("grower")
    assert page.get("/v1/plots").status_code == 401


def sign_in(client: TestClient, secret: str) -> int:
    return client.post("/v1/sessions", json={"login": "other", "secret": secret}).status_code


def test_wrong_tries_make_the_next_ones_wait_and_lock_nobody_out(site: Site) -> None:
    client = site.client()
    assert [sign_in(client, "000000") for _ in range(6)] == [401] * 5 + [429]
    told = client.post("/v1/sessions", json={"login": "other", "secret": "0"})
    assert told.headers["retry-after"] == "30"
    assert sign_in(client, PIN) == 429
    site.clock.now_ms += 31_000
    assert sign_in(client, PIN) == 201
    site.clock.now_ms = NOON


def test_an_unknown_login_and_a_wrong_pin_look_the_same(site: Site) -> None:
    client = site.client()
    answers = [
        client.post("/v1/sessions", json={"login": login, "secret": "000000"})
        for login in ("nobody", "grower")
    ]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("login", ["grower' OR 1=1 --", "x" * 200, "\u0000", "ngườitrồng"])
def test_hostile_logins_are_just_wrong(site: Site, login: str) -> None:
    answer = site.client().post("/v1/sessions", json={"login": login, "secret": "1"})
    assert answer.status_code in (400, 401)


def test_pages_end_even_where_one_instant_has_many_values(site: Site) -> None:
    row = tuple(reading(2, NOON - 86_400_000, value) for value in (1.5, 2.5, 3.5))
    site.world.series.append([delivery(Frame(None, None, row))], NOON)
    client = site.client("grower")
    base = "/v1/plots/ruong-1/series/2/readings?end=2026-11-20T06:00:00Z&limit=1"
    start, seen = "2026-11-20T03:30:00Z", list[float]()
    while start:
        page = client.get(f"{base}&start={start}").json()
        seen += [r["value"] for r in page["readings"]]
        start = page["next"]
    assert {1.5, 2.5, 3.5} <= set(seen)
    assert len(seen) < 20


def test_a_grower_of_no_producer_sees_nobodys_plots(site: Site) -> None:
    account = Account("nobodys", "x", "grower", None, hash_secret(PIN))
    with site.world.records.transaction() as transaction:
        transaction.accounts.add(account)
    client = site.client("nobodys")
    for path in ("/v1/plots", "/v1/lots"):
        assert client.get(path).status_code == 403


def test_many_wrong_tries_at_once_are_many_tries(site: Site) -> None:
    def guess(n: int) -> int:
        return (
            site.client()
            .post("/v1/sessions", json={"login": "victim", "secret": f"{n:06d}"})
            .status_code
        )

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(guess, range(20)))
    assert answers.count(401) == 5
    assert answers.count(429) == 15


def test_what_a_lot_still_lacks_is_told_to_its_grower_and_the_office(site: Site) -> None:
    for login in ("grower", "office"):
        answer = site.client(login).get(f"{LOT}/completeness").json()
        assert (answer["regime"], answer["complete"]) == ("tt02", False)
        found = {item["name"]: item for item in answer["items"]}
        assert len(found) == 10
        assert found["product-name"]["evidence"][0]["shown"] == "Dưa leo"
        assert found["product-name"]["mend_vi"] is None
        assert found["product-image"]["status"] == "missing"
        assert found["product-image"]["mend_vi"].startswith("Chụp sản phẩm thật")
        assert found["best-before"]["status"] == "present"
    assert site.client("other").get(f"{LOT}/completeness").status_code == 403
    assert site.client().get(f"{LOT}/completeness").status_code == 401
    unknown = site.client("grower").get(f"{LOT}/completeness?regime=vietgap")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not-found")
    assert "there is tt02" in unknown.json()["message"]
