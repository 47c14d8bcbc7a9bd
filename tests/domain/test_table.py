"""A logger's table: where its head is, what a torn line spoils, what cells of all kinds say."""

# ruff: noqa: DTZ001 - a workbook's dates have no zone
from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.cells import held_in, time_in
from domain.errors import InvalidInput
from domain.logger_map import Map, number_in, parse_map
from domain.table import Row, Spoilt, read_lines

MAP = """
device = "tram-01"
time_column = "TIMESTAMP"
time_format = "%Y-%m-%d %H:%M:%S"
zone = "Asia/Ho_Chi_Minh"
interval_s = 3600
nothing = ["", "NAN", "-9999"]
"""
TOA5 = """"TOA5","tram","CR1000X","1234","CR1000X.Std.05","CPU:tram.CR1X","777","Gio"
"TIMESTAMP","RECORD","AirT","VWC"
"TS","RN","Deg C","m^3/m^3"
"","","Avg","Smp"
"2026-01-01 00:00:00",0,25.5,0.31
"2026-01-01 01:00:00",1,"NAN",0.32
"""


def column(name: str, channel: str = "air_temperature", unit: str = "Cel") -> str:
    return f'[[column]]\nname = "{name}"\nchannel = "{channel}"\nproperty = "{channel}"\nunit = "{unit}"\n'


def plan_of(columns: str, more: str = "") -> Map:
    return parse_map((MAP + more + columns).encode(), "m.toml")


def rows(text: str, plan: Map) -> list[Row | Spoilt]:
    return list(read_lines(iter(text.splitlines(keepends=True)), plan, "f.csv"))


def test_a_campbell_file_has_its_names_in_line_2_and_two_lines_under_them() -> None:
    plan = plan_of(column("AirT"), "head_line = 2\nskip_lines = 2\n")
    found = rows(TOA5, plan)
    assert found == [
        Row(5, "2026-01-01 00:00:00", ("25.5",)),
        Row(6, "2026-01-01 01:00:00", ("NAN",)),
    ]
    assert held_in(("NAN",), plan, 1).empty == ("AirT",)


def test_columns_of_one_name_are_told_apart_by_their_place() -> None:
    text = "x,port 1,port 2\nrecords,a,b\nTIMESTAMP, °C, °C\n2026-01-01 00:00:00,1,2\n"
    assert rows(text, plan_of(column("°C (2)"), "head_line = 3\n")) == [
        Row(4, "2026-01-01 00:00:00", ("2",))
    ]
    with pytest.raises(InvalidInput, match=r"write °C \(1\) or °C \(2\) in the map"):
        rows(text, plan_of(column("°C"), "head_line = 3\n"))


def test_a_torn_line_spoils_no_other() -> None:
    text = (
        "TIMESTAMP,AirT\n2026-01-01 00:00:00,1\n"
        '"2026-01-01 01:00:00,2\n2026-01-01 02:00:00\n\n,\nTIMESTAMP,AirT\n'
        "2026-01-01 03:00:00,3,5\n2026-01-01 04:00:00,4"
    )
    found = rows(text, plan_of(column("AirT")))
    assert [row.line for row in found if isinstance(row, Row)] == [2, 9]
    spoilt = {row.line: row for row in found if isinstance(row, Spoilt)}
    assert spoilt[3].why == "no row of a table: unexpected end of data"
    assert (spoilt[4].short, spoilt[8].short) == (True, False)
    assert "3 cells under 2 columns" in spoilt[8].why
    assert sorted(spoilt) == [3, 4, 8]


def test_a_head_may_take_several_lines() -> None:
    text = 'TIMESTAMP,"Air\nT"\n2026-01-01 00:00:00,1\n'
    assert rows(text, plan_of(column("Air\\nT"))) == [Row(3, "2026-01-01 00:00:00", ("1",))]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (5, 5.0), (5.5, 5.5), ("5.5", 5.5), (-9999, None), (-9999.0, None), ("-9999", None), (None, None),
        (True, "TRUE"), ("#N/A", "#N/A"), (10**400, "1" + "0" * 59), (float("inf"), "inf"), ("=1+1", "=1+1"),
        (datetime(2026, 5, 1), "2026-05-01 00:00:00"), (time(1, 2), "01:02:00"),
    ],
)  # fmt: skip
def test_cells_of_every_kind_are_a_number_nothing_or_told(cell: object, value: object) -> None:
    held = held_in((cell,), plan_of(column("AirT")), 1)
    if isinstance(value, float):
        assert [o.value for o in held.observations] == [value]
    elif value is None:
        assert held == ((), ("AirT",), ())
    else:
        assert held.unreadable == (("AirT", value),)


NINE = 1_767_232_800_000  # 2026-01-01T02:00:00Z, nine in Vietnam


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-01 09:00:00",
        " 2026-01-01 09:00:00 ",
        datetime(2026, 1, 1, 9),
        datetime(2026, 1, 1, 8, 59, 59, 999_000),
        datetime(2026, 1, 1, 2, tzinfo=UTC),
    ],
)
def test_a_time_is_the_maps_zone_unless_it_says_another(cell: object) -> None:
    assert time_in(cell, plan_of(column("AirT"))) == NINE


def test_a_format_with_an_offset_is_believed() -> None:
    plan = parse_map((MAP.replace("%S", "%S%z") + column("AirT")).encode(), "m")
    assert time_in("2026-01-01 02:00:00+0000", plan) == NINE
    assert time_in(date(2026, 1, 1), plan) == NINE - 9 * 3_600_000


def test_part_of_a_second_stays_where_it_is_meant() -> None:
    assert time_in(datetime(2026, 1, 1, 9, 0, 0, 500_000), plan_of(column("AirT"))) == NINE + 500


@pytest.mark.parametrize(
    "cell",
    ["", "yesterday", None, True, 45292.5, time(9), timedelta(1), datetime(1, 1, 1), datetime(1970, 1, 1, 7),
     datetime(9999, 12, 31), "=NOW()", "x" * 10_000],
)  # fmt: skip
def test_what_is_no_time_is_a_short_sentence(cell: object) -> None:
    with pytest.raises(ValueError, match="time") as caught:
        time_in(cell, plan_of(column("AirT")))
    assert 10 < len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("head_line = 0\n", "head_line is a whole number from 1"),
        ("head_line = true\n", "head_line"),
        ('skip_lines = "2"\n', "skip_lines is a whole number from 0"),
    ],
)
def test_a_head_that_cannot_be_there_is_refused(more: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        plan_of(column("AirT"), more)


def test_two_columns_of_one_channel_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two columns are mapped to the channel air_temperature"):
        plan_of(column("a") + column("b"))


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0,0"])
def test_a_zero_has_one_spelling(text: str) -> None:
    found = number_in(text, "," if "," in text else ".")
    assert str(found) == "0.0"
