"""Numbers of logistic units: minted under a company prefix, told with a check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import Sscc, check_digit


def test_a_published_number() -> None:
    """The pass vector of GS1's syntax dictionary (lint_csum.c)."""
    assert Sscc.parse("123456789012345675") == "123456789012345675"


@pytest.mark.parametrize(
    "text",
    ["", "123456789012345674", "12345678901234567", "1234567890123456750", "१२३४५६७८९०१२३४५६७५"],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(InvalidInput) as told:
        Sscc.parse(text)
    assert told.value.field == "sscc"


@given(st.text("0123456789", min_size=4, max_size=12), st.data())
def test_every_number_of_a_prefix_is_another_valid_one(prefix: str, data: st.DataObject) -> None:
    most = 10 ** (17 - len(prefix)) - 1
    one, other = (data.draw(st.integers(0, most)) for _ in range(2))
    minted = Sscc.mint(prefix, one)
    assert minted[1 : 1 + len(prefix)] == prefix
    assert check_digit(minted[:-1]) == int(minted[-1])
    assert (Sscc.mint(prefix, other) == minted) == (one == other)


@pytest.mark.parametrize(("prefix", "reference"), [
    ("9520001", 10**10), ("952000100000", 10**5), ("9520001", -1), ("", 1), ("952", 1), ("9520001000000", 1), ("95x0001", 1),
])  # fmt: skip
def test_there_are_no_more(prefix: str, reference: int) -> None:
    with pytest.raises(InvalidInput):
        Sscc.mint(prefix, reference)
