from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, check_digit
from traceability.digital_link import LotLink, parse

GTIN, GLN = Gtin("09520001000010"), Gln("9520001001031")


def test_a_label_carries_product_lot_place_and_day() -> None:
    link = LotLink(GTIN, LotNumber("261121-A"), GLN, date(2026, 11, 21))
    assert link.mint("https://nguon.example/") == (
        "https://nguon.example/01/09520001000010/10/261121-A?416=9520001001031&7007=261121"
    )
    assert link.canonical().startswith("https://id.gs1.org/01/")


lots = st.text("!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz", min_size=1, max_size=20)
gtins = st.integers(0, 10**13 - 1).map(lambda n: Gtin(f"{n:013d}{check_digit(f'{n:013d}')}"))
days = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(gtins, lots, st.sampled_from([GLN, None]), days)
def test_what_is_minted_is_read_back(
    gtin: Gtin, lot: str, gln: Gln | None, day: date | None
) -> None:
    label = LotLink(gtin, LotNumber.parse(lot), gln, day)
    assert LotLink.of(parse(label.mint("https://nguon.example/a/b"))) == label
    assert parse(label.canonical()).canonical() == label.canonical()


@pytest.mark.parametrize(
    "path", ["/01/09520001000010", "/01/09520001000010/21/A", "/01/09520001000010/22/A/10/B", "/414/9520001001031",
             "/01/09520001000010/10/A?7007=261121261122"],
)  # fmt: skip
def test_what_names_no_lot_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        LotLink.of(parse("https://x" + path))


def test_what_else_a_label_says_is_not_ours() -> None:
    link = LotLink.of(parse("https://x/01/09520001000010/10/A?17=261130&416=9520001001031#top"))
    assert (link.lot, link.gln, link.harvested) == ("A", GLN, None)
