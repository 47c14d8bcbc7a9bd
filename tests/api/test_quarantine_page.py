"""What the office reads of messages that could not be used: what to do, in its language."""

from dataclasses import replace
from html import unescape

import pytest

from domain.reading import Refusal
from tests.api.conftest import Site
from tests.builders import delivery
from tests.traceability.world import NOON

NOTED = "channel 'soil_ph' was never declared"
REASONS = ("undecodable", "wrong-topic", "wrong-name", "unknown-device", "unknown-channel",
           "wrong-unit", "not-placed", "internal-error")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def refused(site: Site) -> None:
    refusals = tuple(Refusal(reason, NOTED, "soil_ph") for reason in REASONS)
    site.world.series.append([replace(delivery(), refusals=refusals)], NOON)


def test_the_vietnamese_page_says_what_to_do_and_no_english(site: Site) -> None:
    page = unescape(site.browser("office").get("/qt").text).split('id="cach-ly"')[1]
    assert NOTED not in page
    assert "never" not in page
    assert "<code>soil_ph</code>" in page, "names are the same in every language"
    assert "Khai báo kênh đo, rồi thử lại các bản tin." in page
    assert '<a href="?lang=en#cach-ly" hreflang="en">trang tiếng Anh</a>' in page
    assert "internal-error" not in page


def test_the_english_page_has_what_the_program_noted(site: Site) -> None:
    page = unescape(site.browser("office", "en").get("/qt").text).split('id="cach-ly"')[1]
    assert page.count(NOTED) == len(REASONS)
    assert "Declare the channel, then try the messages again." in page
