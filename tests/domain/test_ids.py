import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, check_digit, parse_date, print_date
from domain.ids import (
    AreaCode,
    Channel,
    DeviceId,
    EntryId,
    Identifier,
    PlotId,
    ProducerId,
    SeasonId,
)

KINDS = (DeviceId, PlotId, ProducerId, SeasonId, EntryId, AreaCode, Channel)


@given(st.sampled_from(KINDS), st.data())
def test_what_parses_prints_back_unchanged(kind: type[Identifier], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(kind.pattern, fullmatch=True))
    assert str(kind.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "A", "a/b", "a+", "#", "a b", "-a", "a-", "é", "a" * 49, "a\n", "٣", "..", "a\0"]
)
def test_ids_that_could_mean_two_things_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        DeviceId.parse(text)
    assert caught.value.field == "device id"


# GS1 General Specifications 7.9 and the published linter tests of the syntax dictionary.
@pytest.mark.parametrize(
    ("digits", "check"),
    [("0234567", 3), ("41600033610", 8), ("123456789012", 8), ("1234567890123", 1)],
)
def test_check_digits_are_those_published(digits: str, check: int) -> None:
    assert check_digit(digits) == check


@pytest.mark.parametrize(
    "text", ["9520001000010", "09520001000011", "0952000100001０", "", "x" * 14]
)
def test_a_wrong_gtin_says_what_is_wrong(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"GTIN"):
        Gtin.parse(text)


@given(st.integers(0, 10**12 - 1))
def test_a_gln_is_its_digits_and_its_check_digit(number: int) -> None:
    digits = f"{number:012d}"
    good = f"{digits}{check_digit(digits)}"
    assert Gln.parse(good) == good
    bad = f"{digits}{(check_digit(digits) + 1) % 10}"
    with pytest.raises(InvalidInput):
        Gln.parse(bad)


@pytest.mark.parametrize("text", ["", "a" * 21, "lô-1", "a b", "a#b", "a\x00"])
def test_lot_numbers_keep_to_character_set_82(text: str) -> None:
    with pytest.raises(InvalidInput):
        LotNumber.parse(text)


@given(st.dates(min_value=parse_date("000101"), max_value=parse_date("991231")))
def test_dates_survive_the_label(day: object) -> None:
    assert parse_date(print_date(day)) == day  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2611", "261332", "260230", "２６１１２１", "-61121"])
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_date(text)
