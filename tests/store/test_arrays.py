"""Columns as PostgreSQL reads them: bit for bit what was given."""

import math

import psycopg
import pytest

from store.timescale.arrays import Float8s, Int4s, Int8s, teach
from tests.services.postgres import Postgres


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (Int4s([0, 1, -1, 2**31 - 1, -(2**31)]), "int[]"),
        (Int8s([0, -1, 2**63 - 1, -(2**63), 1_795_233_600_000]), "bigint[]"),
        (Float8s([0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, -273.15]), "float8[]"),
        (Int8s([]), "bigint[]"),
        (Int4s([7] * 10_000), "int[]"),
    ],
)
def test_a_column_arrives_as_it_left(
    postgres: Postgres, column: Int4s | Int8s | Float8s, kind: str
) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        teach(connection)
        row = connection.execute(f"SELECT %s::{kind}", (column,)).fetchone()
    assert row is not None
    assert row[0] == column.values
    assert [math.copysign(1, a) for a in row[0]] == [math.copysign(1, b) for b in column.values]


@pytest.mark.parametrize("column", [Int4s([2**31]), Int8s([2**63])])
def test_what_the_type_cannot_hold_is_an_error(postgres: Postgres, column: Int4s | Int8s) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        teach(connection)
        with pytest.raises(OverflowError):
            connection.execute("SELECT %s", (column,))
