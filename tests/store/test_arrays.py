"""Columns as PostgreSQL reads them: bit for bit what was given."""

import math
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from store.timescale.arrays import Float8s, Int2s, Int4s, Int8s, Texts, teach
from tests.services.postgres import Postgres


@pytest.mark.parametrize(
    ("make", "values", "kind"),
    [
        (Int2s, [0, 1, -1, 2**15 - 1, -(2**15)], "smallint[]"),
        (Int4s, [0, 1, -1, 2**31 - 1, -(2**31)], "int[]"),
        (Int8s, [0, -1, 2**63 - 1, -(2**63), 1_795_233_600_000], "bigint[]"),
        (Float8s, [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, -273.15], "float8[]"),
        (Int8s, [], "bigint[]"),
        (Int4s, [7] * 10_000, "int[]"),
        (Texts, ["", "trạm-01", 'a"b\\c', "x" * 70_000], "text[]"),
        (Texts, [], "text[]"),
    ],
)
def test_a_column_arrives_as_it_left(
    postgres: Postgres, make: Callable[[list[Any]], object], values: list[Any], kind: str
) -> None:
    column = make(values)
    with psycopg.connect(postgres.url("postgres")) as connection:
        teach(connection)
        row = connection.execute(f"SELECT %s::{kind}", (column,)).fetchone()
    assert row is not None
    assert row[0] == values
    if not isinstance(column, Texts):
        assert [math.copysign(1, a) for a in row[0]] == [math.copysign(1, b) for b in values]


@pytest.mark.parametrize(
    ("make", "value"), [(Int2s, 2**15), (Int4s, 2**31), (Int8s, 2**63), (Int8s, -(2**63) - 1)]
)
def test_what_the_type_cannot_hold_is_an_error(
    make: Callable[[list[int]], object], value: int
) -> None:
    with pytest.raises(OverflowError):
        make([value])
