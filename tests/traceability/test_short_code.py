from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from tests.traceability.world import World
from traceability.short_code import NUMBERS, draw, parse_code, print_code

numbers = st.integers(0, NUMBERS - 1)
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    ("number", "code"), [(0, "00000000"), (1, "00000011"), (1234, "000016JD"), (NUMBERS - 1, "ZZZZZZZ" + (SYMBOLS + "*~$=U")[(NUMBERS - 1) % 37])],
)  # fmt: skip
def test_numbers_are_spelt_as_crockford_does(number: int, code: str) -> None:
    """1234 is 16J and its check symbol D, as on his page."""
    assert print_code(number) == code
    assert parse_code(code) == number


@given(numbers)
def test_a_code_is_read_however_it_is_typed(number: int) -> None:
    code = print_code(number)
    typed = f"{code[:4]}-{code[4:]}".lower().replace("1", "l").replace("0", "o")
    assert parse_code(code) == parse_code(typed) == parse_code(typed.replace("l", "i")) == number


@given(numbers, st.integers(0, 6), st.sampled_from(SYMBOLS))
def test_one_wrong_sign_is_noticed(number: int, place: int, symbol: str) -> None:
    code = print_code(number)
    wrong = code[:place] + symbol + code[place + 1 :]
    if wrong != code:
        with pytest.raises(InvalidInput):
            parse_code(wrong)


@given(numbers, st.integers(0, 5))
def test_two_signs_swapped_are_noticed(number: int, place: int) -> None:
    code = print_code(number)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(InvalidInput):
            parse_code(swapped)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "0",
        "0000000",
        "000000000",
        "0000000U",
        "U0000000",
        "0000000\u0130",
        "ß0000000",
        "0" * 10**6,
        "-" * 10**6,
        "\ud800",
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_code(text)


@pytest.mark.parametrize("number", [-1, NUMBERS])
def test_what_cannot_be_spelt_is_refused(number: int) -> None:
    with pytest.raises(InvalidInput):
        print_code(number)


def test_what_is_drawn_ends_in_a_letter_or_a_digit() -> None:
    assert all(print_code(draw())[-1] in SYMBOLS for _ in range(1000))


def test_every_lot_has_one_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        lot = world.open(transaction)
    with world.records.transaction() as transaction:
        number = transaction.lots.short_number(lot)
        assert world.open(transaction) == lot
        assert transaction.lots.short_number(lot) == number
        assert transaction.lots.by_short_number(number) == lot
        assert transaction.lots.by_short_number(number ^ 1) is None
    world.close()
