"""Text that people typed, in the one form in which it is kept."""

import unicodedata

import pytest

from domain.errors import InvalidInput
from domain.text import plain


def test_it_is_composed_and_without_space_around_it() -> None:
    typed = unicodedata.normalize("NFD", "  Phòng rệp sáp\r\nhàng hai ")
    assert plain(typed, "note", 50, lines=True) == "Phòng rệp sáp\nhàng hai"


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "a\u202eb", "\ud800", "a\nb", "x" * 11])
def test_what_cannot_stand_in_one_line_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plain(text, "product", 10)
    assert caught.value.field == "product"
