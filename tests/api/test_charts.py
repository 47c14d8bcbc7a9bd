"""Charts: round marks, in the reader's language, never beyond what is possible."""

import math
import re

import pytest

from api import i18n
from api.charts import Frame, chart
from api.views import Span, draw, parse_number
from domain.bucket import Bucket
from domain.device import Datastream
from domain.errors import InvalidInput
from domain.ids import Channel, SeriesId
from domain.window import HOUR_MS, LAST_MS, Size, Window
from tests.builders import DEVICE, ZONE

SPAN = Window(0, 10 * HOUR_MS)


def drawn(values: list[tuple[float, float]], **options: object) -> str:
    buckets = [
        Bucket(SeriesId(1), Size.HOUR, i * HOUR_MS, 4, 4, low, high, 2 * (low + high), high, 0, 0)
        for i, (low, high) in enumerate(values)
    ]
    frame = Frame(
        SPAN, HOUR_MS, "x", "a", "b", lambda value, places: i18n.number(value, places, language="vi"),
        **options,  # type: ignore[arg-type]
    )  # fmt: skip
    return str(chart(frame, buckets))


def marks(svg: str) -> list[str]:
    return re.findall(r'class="r">([^<]*)<', svg)[:-1]


@pytest.mark.parametrize(
    ("values", "possible", "expected"),
    [
        ([(27.1, 33.4)], (-math.inf, math.inf), ["26", "28", "30", "32", "34"]),
        ([(40.0, 99.7)], (0.0, 100.0), ["40", "60", "80", "100"]),
        ([(6.41, 6.44)], (0.0, 14.0), ["6,41", "6,42", "6,43", "6,44"]),
        ([(0.0, 0.0)], (0.0, 500.0), ["0,0", "0,2"]),
        ([(1100.0, 4900.0)], (0.0, math.inf), ["1.000", "2.000", "3.000", "4.000", "5.000"]),
    ],
)
def test_marks_are_round_distinct_and_possible(
    values: list[tuple[float, float]], possible: tuple[float, float], expected: list[str]
) -> None:
    assert marks(drawn(values, possible=possible)) == expected


@pytest.mark.parametrize("low", [0.0, 1e-9, -40.0, 1e6, 99.99])
@pytest.mark.parametrize("length", [0.0, 1e-6, 0.3, 7.0, 1e5])
def test_every_range_has_a_few_marks_and_all_values_inside(low: float, length: float) -> None:
    svg = drawn([(low, low + length), (low, low)])
    assert 2 <= len(marks(svg)) <= 7
    assert "nan" not in svg


def test_directions_are_dots_on_a_full_circle() -> None:
    svg = drawn([(5.0, 355.0)] * 3, circular=True)
    assert marks(svg) == ["0", "90", "180", "270", "360"]
    assert 'class="line"' not in svg
    assert svg.count("<circle") == 3


@pytest.mark.parametrize(
    ("typed", "number"),
    [("320", 320.0), (" 12,5 ", 12.5), ("12.5", 12.5), ("1.234,5", 1234.5), ("1 234", 1234.0), ("1\u00a0234,5", 1234.5), ("0,001", 0.001)],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(typed: str, number: float) -> None:
    assert parse_number(typed, "amount") == number


@pytest.mark.parametrize(
    "typed", ["", "1_000", "٣", "+1", "-1", "1e3", "1.234", "1,234.5", "1 23", "0x1", "nan", "inf", "1,2,3", "9" * 400]
)  # fmt: skip
def test_anything_else_is_asked_about(typed: str) -> None:
    with pytest.raises(InvalidInput):
        parse_number(typed, "amount")


def test_a_chart_says_what_was_due_and_not_only_what_is_there() -> None:
    """Ten hours at a quarter of an hour, three of them with readings, one half over."""
    stream = Datastream(SeriesId(1), DEVICE, Channel("t"), "air_temperature", None, 900)
    hours = [Bucket(SeriesId(1), Size.HOUR, i * HOUR_MS, 4, 4, 1.0, 2.0, 6.0, 2.0, 0, 0) for i in (0, 1, 5)]  # fmt: skip
    span = Span(SPAN, Size.HOUR, ZONE, "vi", now_ms=10 * HOUR_MS)
    whole = draw((stream, None), hours, [Window(0, LAST_MS)], span)
    # Forty are due by ten; those of the last 22.5 minutes may still come.
    assert whole is not None
    assert whole.share == str(100 * 12 // 39)
    served_later = draw((stream, None), hours, [Window(5 * HOUR_MS, LAST_MS)], span)
    assert served_later is not None
    assert served_later.share == str(100 * 4 // 19)
