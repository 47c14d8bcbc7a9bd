"""The page of a lot made of several harvests, on a small screen and a large one."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.api.conftest import Site, made
from tests.browser.chromium import context
from tests.browser.test_doors import AXE, RULES, opened, sideways
from tests.traceability.composition.mixture import mixed
from tests.traceability.lineage.orchard import PACKED
from tests.traceability.world import NOON
from traceability.log.publish import publish
from traceability.passport import issue

PAGE = f"/01/{PACKED}/10/P"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    for site in made(tmp_path_factory.mktemp("site")):
        world = site.world
        issue(world.issuer, mixed(world), NOON)
        publish(world.records, world.files, world.log_key)
        yield site


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", [PAGE, PAGE + "?lang=en"])
def test_axe_finds_nothing_and_nothing_runs_off_the_side(
    browser: Browser, address: str, width: int, path: str
) -> None:
    page = opened(browser, address, width, "", path)
    page.evaluate(AXE)
    result = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")
    found = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in result["violations"]]
    assert found == []
    assert sideways(page) <= 0
    page.evaluate("document.documentElement.style.fontSize = '34px'")
    assert sideways(page) <= 0
    page.context.close()


def test_each_harvest_leads_to_its_own_page_and_the_proof_is_there(
    browser: Browser, address: str
) -> None:
    page = context(browser, 360, java_script_enabled=False).new_page()
    page.goto(address + PAGE)
    assert page.locator(".card[data-lot]").count() == 2
    assert page.is_visible("text=Lô này làm từ đâu")
    with page.expect_download() as download:
        page.click("text=Tải bằng chứng (ZIP)")
    assert download.value.suggested_filename == f"{PACKED}-P.zip"
    page.click(".card[data-lot='B'] a")
    assert page.is_visible("text=Điều kiện trồng")
    page.context.close()
