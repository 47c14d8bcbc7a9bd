"""A device's GIAI: what parses is what a Digital Link may carry, and nothing else."""

from urllib.parse import quote

import pytest

from domain.errors import InvalidInput
from domain.gs1 import Giai
from traceability.digital_link import parse


@pytest.mark.parametrize("text", ["95201", "9520001dat-01", "9520001/a%b", "9520" + "x" * 26])
def test_a_giai_is_a_prefix_and_a_serial(text: str) -> None:
    assert Giai.parse(text) == text
    link = parse(f"https://nguon.example/8004/{quote(text, safe='')}")
    assert link.key == ("8004", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9520",
        "952x1",
        "dat-01",
        "9520" + "x" * 27,
        "9520 1",
        "9520đ",
        "٩٥٢٠1",
        "9520#1",
        "95201\n",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="a GIAI is a GS1 company prefix and a serial"):
        Giai.parse(text)


def test_a_company_prefix_makes_one_if_it_is_not_too_long() -> None:
    assert Giai.of("9520001", "tram-minh-thanh") == "9520001tram-minh-thanh"
    with pytest.raises(InvalidInput):
        Giai.of("952000123456", "x" * 19)
