"""What a table of readings holds: names, types and meanings, without any library."""

from typing import NamedTuple


class Column(NamedTuple):
    """A column of every table: its type, and what it means."""

    dtype: str
    meaning: str


COLUMNS: dict[str, Column] = {
    "device": Column("str", "device id"),
    "channel": Column("str", "the device's name for the quantity"),
    "property": Column("str", "observed property"),
    "depth_m": Column("float64", "depth below ground in m, empty above it"),
    "unit": Column("str", "UCUM code of the value's unit"),
    "time": Column("datetime64[ms, UTC]", "when it was measured, clock errors put right"),
    "value": Column("float64", "as sent, in the unit beside it; never changed"),
    "flag": Column("int8", "QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing"),
    "failed": Column("str", "tests that did not pass, with blanks between"),
    "conflict": Column("bool", "another value is kept for the same series and time"),
    "claimed": Column("datetime64[ms, UTC]", "the time that the device claimed"),
    "received": Column("datetime64[ms, UTC]", "when the message came"),
    "committed": Column("datetime64[ms, UTC]", "when it was durable"),
}
