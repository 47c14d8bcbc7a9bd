"""The map of a logger's file: which column is which quantity, and how its cells are written.

Replaying a file, importing it and enrolling the device behind it all go by one map (TOML).
The rows are read by :mod:`domain.table`, what a cell says by :mod:`domain.cells`.
"""

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, WrongUnit
from domain.ids import Channel, DeviceId
from domain.pack import Coding
from domain.properties import observed_properties
from domain.units import convert

_NUMBERS = {
    sign: re.compile(rf"[+-]?([0-9]+[{sign}]?[0-9]*|[{sign}][0-9]+)([eE][+-]?[0-9]{{1,4}})?")
    for sign in ".,"
}
_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: its channel, observed property, unit and depth in metres."""

    name: str
    channel: Channel
    property: str
    unit: str
    depth_m: float | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """How a logger's file is to be read.

    The columns are named in line ``head_line``, counted from 1, and ``skip_lines`` lines
    under it (units, ways of averaging) are no rows.
    """

    device: DeviceId
    name: str
    time_column: str
    time_format: str
    zone: ZoneInfo
    interval_s: int
    coding: Coding
    nothing: frozenset[str]
    delimiter: str
    decimal: str
    columns: tuple[Column, ...]
    head_line: int = 1
    skip_lines: int = 0


def parse_map(content: bytes, name: str) -> Map:
    """Return the map in the bytes of a file; raises `InvalidInput` saying where it is wrong."""
    try:
        data = tomllib.loads(content.decode())
        columns = tuple(
            Column(**{**row, "channel": Channel.parse(row["channel"])}) for row in data["column"]
        )
        for column in columns:
            # Fails now, by name, rather than once a row in quarantine.
            convert(0.0, column.unit, observed_properties().get(column.property).unit)
        _refuse_twice(columns)
        return Map(
            device=DeviceId.parse(data["device"]),
            name=str(data.get("name", data["device"])),
            time_column=str(data["time_column"]),
            time_format=str(data["time_format"]),
            zone=ZoneInfo(data["zone"]),
            interval_s=int(data["interval_s"]),
            coding=Coding(data.get("coding", "cbor")),
            nothing=frozenset(data.get("nothing", ["", "NaN", "nan"])),
            delimiter=_one_of(data, "delimiter", ",;\t|"),
            decimal=_one_of(data, "decimal", ".,"),
            columns=columns,
            head_line=_count(data, "head_line", 1),
            skip_lines=_count(data, "skip_lines", 0),
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, WrongUnit) as error:
        message = f"{name}: {type(error).__name__}: {error}"
        raise InvalidInput(message, "map") from error


def _one_of(data: dict[str, object], name: str, signs: str) -> str:
    sign = data.get(name, signs[0])
    if not (isinstance(sign, str) and len(sign) == 1 and sign in signs):
        message = f"{name} is one of {' '.join(map(repr, signs))}, not {sign!r}"
        raise ValueError(message)
    return sign


def _count(data: dict[str, object], name: str, least: int) -> int:
    count = data.get(name, least)
    if type(count) is not int or not least <= count <= _MOST_LINES:
        message = f"{name} is a whole number from {least} to {_MOST_LINES}, not {count!r}"
        raise ValueError(message)
    return count


def _refuse_twice(columns: Sequence[Column]) -> None:
    """Raise `ValueError` for two columns of one channel: every row would contradict itself."""
    channels = [column.channel for column in columns]
    twice = sorted({channel for channel in channels if channels.count(channel) > 1})
    if twice:
        message = f"two columns are mapped to the channel {twice[0]}"
        raise ValueError(message)


def number_in(text: str, decimal: str) -> float | None:
    """Return the number in a text; Python itself would take 1_000 and other digits too."""
    if not _NUMBERS[decimal].fullmatch(text):
        return None
    # Adding 0.0 turns -0.0 into 0.0: one value must not have two spellings.
    value = 0.0 + float(text.replace(",", "."))
    return value if math.isfinite(value) else None
