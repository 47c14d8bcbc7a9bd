"""Who held a plot when, over HTTP, and what it does to the opening of lots."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Site, made
from tests.traceability.lineage.orchard import gathered
from tests.traceability.world import GTIN, HARVESTED, PLOT, STARTED


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from made(tmp_path_factory.mktemp("holdings"))


PATH = f"/v1/plots/{PLOT}/holdings"
FIRST = {"producer": "ho-1", "valid_from": str(STARTED), "valid_to": str(HARVESTED), "source": "GCN 1"}  # fmt: skip


def test_a_lot_is_opened_by_who_held_the_plot(site: Site) -> None:
    gathered(site.world, 10.0, "thu-2")
    lot = {"gtin": GTIN, "number": "H-1", "harvest": "thu-2", "kilograms": 1.0}
    office, grower = site.client("office"), site.client("grower")
    assert office.get(PATH).json() == []
    assert office.post(PATH, json=FIRST).status_code == 201
    refused = grower.post("/v1/lots", json=lot)
    assert (refused.status_code, refused.json()["rule"]) == (422, "holder")
    second = {**FIRST, "valid_from": str(HARVESTED), "valid_to": None, "source": "GCN 2"}
    assert office.post(PATH, json=second).status_code == 201
    assert office.post(PATH, json=second).status_code == 200
    assert office.post(PATH, json={**second, "producer": "ho-2"}).status_code == 409
    assert office.get(PATH).json() == [FIRST, second]
    assert grower.post("/v1/lots", json=lot).status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"producer": "nobody"}, 404),
        ({"producer": "Ai đó"}, 400),
        ({"source": " "}, 400),
        ({"source": "x" * 201}, 400),
        ({"valid_to": str(STARTED)}, 400),
        ({"valid_from": "hôm qua"}, 400),
    ],
)
def test_what_is_no_holding(site: Site, change: dict[str, Any], status: int) -> None:
    answer = site.client("office").post(PATH, json={**FIRST, **change})
    assert answer.status_code == status, answer.text


def test_holders_are_the_offices_to_write(site: Site) -> None:
    assert site.client("grower").post(PATH, json=FIRST).status_code == 403
    assert site.client("grower").get(PATH).status_code == 403
    assert site.client("office").get("/v1/plots/nowhere/holdings").status_code == 404
