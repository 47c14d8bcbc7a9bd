"""A lot made of several harvests over HTTP, and what a buyer reads of it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import Site, made
from tests.traceability.composition.mixture import found, mixed
from tests.traceability.lineage.orchard import (
    DRY,
    EARLIER,
    FAR_GROVE,
    GLNS,
    GROVE,
    LATEX,
    PACKED,
    merge,
    opened,
    some,
    take,
    transform,
)
from tests.traceability.world import GTIN, HARVESTED, NOON, STARTED
from traceability.standing import Ground, call_back
from traceability.verify_bundle import verify_bundle

DATA, PAGE = f"/v1/lots/{PACKED}/P", f"/01/{PACKED}/10/P"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from made(tmp_path)


@pytest.fixture
def grower(site: Site) -> TestClient:
    mixed(site.world)
    return site.client("grower")


def test_it_is_issued_proven_and_told(site: Site, grower: TestClient) -> None:
    assert site.client().get(f"{DATA}/made-of").status_code == 404
    assert grower.post(f"{DATA}/passport").status_code == 201
    told = site.client().get(f"{DATA}/made-of").json()
    assert (told["number"], told["kilograms"]) == ("P", 28.0)
    rows = [(r["number"], r["weighed"], r["kilograms"], r["harvested"]) for r in told["made_of"]]
    assert rows == [("B", 50.0, 20.0, str(EARLIER)), ("A", 100.0, 10.0, str(HARVESTED))]
    a = told["made_of"][1]
    assert (a["plot"], a["place"], a["started"]) == ("Ruộng 1", "9520001001017", str(STARTED))
    # As the passport of A says: 480 slots of three channels, six hours and a sentinel lost.
    assert (a["filled"], a["expected"], a["state"]) == (1367, 1440, "valid")
    assert [step["id"] for step in told["steps"]] == ["s-1", "m-1", "t-1"]
    assert all(step["event"].startswith("ni:///sha-256;") for step in told["steps"])
    proof = site.client().get(f"{DATA}/proof").content
    assert len(verify_bundle(proof, site.world.trust()).origins) == 2
    assert site.client().get(f"{DATA}/passport").headers["x-payload-type"].endswith("version=3")
    assert site.client().get(f"{DATA}/events").status_code == 200
    assert site.client().get(f"{DATA}/credential").status_code == 200
    assert grower.get(f"{DATA}/completeness").status_code == 200
    assert site.client().get(f"/v1/lots/{GTIN}/A/made-of").status_code == 404
    assert site.client().get(f"/v1/lots/{GTIN}/NONE/made-of").status_code == 404


def test_only_whose_product_it_is_issues_it(site: Site, grower: TestClient) -> None:
    assert site.client("other").post(f"{DATA}/passport").status_code == 403
    assert site.client().post(f"{DATA}/passport").status_code == 401
    assert site.client("office").post(f"{DATA}/passport").status_code == 201
    assert grower.post(f"{DATA}/passport").status_code == 201


def test_a_spraying_behind_it_is_told_by_its_rule(site: Site, grower: TestClient) -> None:
    site.world.spray(EARLIER)
    refused = grower.post(f"{DATA}/passport")
    assert (refused.status_code, refused.json()["rule"]) == (422, "pre-harvest-interval")


def test_a_buyer_reads_where_each_part_grew(site: Site, grower: TestClient) -> None:
    page = site.browser().get(PAGE).text
    assert "Được làm từ các lô thu hoạch" in page
    grower.post(f"{DATA}/passport")
    page = site.browser().get(PAGE).text
    assert 'data-state="valid"' in page
    assert "Lô này làm từ 2 lô thu hoạch." in page
    cards = re.findall(r'<div class="card" data-lot="(\w)">(.*?)</div>', page, re.DOTALL)
    assert [lot for lot, _ in cards] == ["B", "A"]  # most of it first
    first, second = (re.sub(r"<[^>]+>|\s+", " ", text) for _, text in cards)
    assert "Ruộng 1" in first
    assert "Hộ mẫu 1" in first
    assert re.search(r"20\s+kg \(66,7 %\)", re.sub(r" +", " ", first))
    assert "trồng từ 16/11/2026, thu hoạch ngày 18/11/2026" in first
    assert re.search(r"1\.367 .*1\.440", second)
    assert f'href="/01/{GTIN}/10/B' in page
    assert f'href="{DATA}/proof"' in page
    english = site.browser(language="en").get(PAGE).text
    assert "This lot was made of 2 harvested lots." in english
    assert "grown from 16 Nov 2026, harvested on 18 Nov 2026" in english
    about = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert about is not None
    assert json.loads(about[1])["productionDate"] == str(EARLIER)


def test_a_recall_of_a_part_is_seen_on_the_whole(site: Site, grower: TestClient) -> None:
    grower.post(f"{DATA}/passport")
    with site.world.records.transaction() as transaction:
        call_back(transaction, found(transaction, "A"), "dư lượng", "office", NOON + 1, Ground(1))
    assert 'data-state="recalled"' in site.browser().get(PAGE).text
    states = [row["state"] for row in site.client().get(f"{DATA}/made-of").json()["made_of"]]
    assert states == ["valid", "recalled"]


def test_of_many_parts_the_page_names_those_that_most_came_of(
    site: Site, grower: TestClient
) -> None:
    world = site.world
    days = (HARVESTED, EARLIER, HARVESTED - timedelta(days=3))
    parts = [some(f"N{at}", 1.0 + at) for at in range(25)]
    for at, part in enumerate(parts):
        opened(world, part.kilograms, part.number, day=days[at % 3])
    with world.records.transaction() as transaction:
        whole = sum(part.kilograms for part in parts)
        take(transaction, merge("m-25", parts, some("TOGETHER", whole)))
    assert grower.post(f"/v1/lots/{GTIN}/TOGETHER/passport").status_code == 201
    page = site.browser().get(f"/01/{GTIN}/10/TOGETHER").text
    shown = re.findall(r'data-lot="N(\d+)"', page)
    assert shown == [str(at) for at in range(24, 4, -1)]
    assert "Còn 5 lô khác với lượng ít hơn" in page
    proof = site.client().get(f"/v1/lots/{GTIN}/TOGETHER/proof").content
    assert len(verify_bundle(proof, world.trust()).origins) == 25


def test_where_nothing_was_measured_the_page_says_so(site: Site, grower: TestClient) -> None:
    opened(site.world, 100.0, "MU-1", LATEX)
    opened(site.world, 40.0, "MU-2", LATEX, plot=FAR_GROVE)
    both = [some("MU-1", 90.0, LATEX, 0.3), some("MU-2", 10.0, LATEX, 0.4)]
    with site.world.records.transaction() as transaction:
        take(transaction, transform("t-9", "latex-to-dry", both, [some("K", 30.0, DRY)]))
    assert grower.post(f"/v1/lots/{DRY}/K/passport").status_code == 201
    page = site.browser().get(f"/01/{DRY}/10/K").text
    assert page.count("Không có số đo.") == 2
    assert "Vườn cao su" in page
    assert "100 %" not in page
    told = site.client().get(f"/v1/lots/{DRY}/K/made-of").json()["made_of"]
    assert [(row["place"], row["expected"]) for row in told] == [
        (GLNS[GROVE], 0),
        (GLNS[FAR_GROVE], 0),
    ]
    assert site.client().get(f"/v1/lots/{DRY}/K/credential").status_code == 200
