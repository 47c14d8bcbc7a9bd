import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, check_digit
from traceability.digital_link import DigitalLink, parse

GTIN, GLN = Gtin("09520001000010"), Gln("9520001001031")


def test_a_label_carries_product_lot_place_and_day() -> None:
    link = DigitalLink(GTIN, LotNumber("261121-A"), GLN, date(2026, 11, 21))
    assert link.mint("https://nguon.example/") == (
        "https://nguon.example/01/09520001000010/10/261121-A?416=9520001001031&7007=261121"
    )
    assert link.canonical().startswith("https://id.gs1.org/01/")


lots = st.text("!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz", min_size=1, max_size=20)
gtins = st.integers(0, 10**13 - 1).map(lambda n: Gtin(f"{n:013d}{check_digit(f'{n:013d}')}"))
days = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(gtins, lots, st.sampled_from([GLN, None]), days)
def test_what_is_minted_parses_and_what_parses_mints(
    gtin: Gtin, lot: str, gln: Gln | None, day: date | None
) -> None:
    link = DigitalLink(gtin, LotNumber.parse(lot), gln, day)
    minted = link.mint("https://nguon.example/a/b")
    assert parse(minted) == link
    assert parse(minted).mint("https://nguon.example/a/b") == minted


@pytest.mark.parametrize(
    "text",
    [
        "", "nguon", "ftp://x/01/09520001000010/10/A", "https://x/01/09520001000011/10/A",
        "https://x/gtin/09520001000010/lot/A", "https://x/01/9520001000010/10/A", "https://x/01/09520001000010",
        "https://x/01/09520001000010/10/", "https://x/01/09520001000010/10/A?10=B", "https://x/01/09520001000010/10/A?999=1",
        "https://x/01/09520001000010/10/A?416=9520001001031&416=9520001001031",
        "https://x/01/09520001000010/10/A?416=", "https://x/01/09520001000010/10/A?7007=261399",
        "https://x/01/09520001000010/10/%FF", "https://x/01/09520001000010/10/a%23b", "https://[::1/01/09520001000010/10/A",
        "https://x/01/09520001000010/10/" + "A" * 21,
    ],
)  # fmt: skip
def test_what_is_no_label_of_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_words_in_the_query_and_fragments_are_ignored() -> None:
    link = parse("https://x/01/09520001000010/10/A?utm_source=zalo&416=9520001001031#top")
    assert (link.lot, link.gln) == ("A", GLN)


def test_what_gs1_refuses_is_refused_and_its_own_example_is_read(shared: Path) -> None:
    cases = json.loads((shared / "vectors" / "gs1_digital_link.json").read_text())["cases"]
    read = {}
    for case in cases:
        try:
            link = parse(case["uri"])
        except InvalidInput:
            continue
        assert case["accept"], case["uri"]
        assert f"01{link.gtin}10{link.lot}" in case["elements"]
        read[case["uri"]] = link
    assert read["https://id.gs1.org/01/09520123456788/10/ABC123"].lot == "ABC123"
