"""Readings of one time in one row: how they are packed, and how the old layout becomes it.

Values are eight bytes each and never changed. Scaled integers would be six bytes smaller a
reading; what they save was not worth a second form of every number.
"""

import math
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

import apsw

from domain.errors import StoreRefused
from domain.quality import GOOD

_GOOD = GOOD.pack()
_Step: TypeAlias = Callable[..., None]
_Final: TypeAlias = Callable[[list[Any]], bytes | None]


@lru_cache(maxsize=1_024)
def _doubles(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}d")


@lru_cache(maxsize=1_024)
def all_good(count: int) -> tuple[int, ...]:
    """Return the verdicts of so many readings that are good."""
    return (_GOOD,) * count


def pack_values(values: Sequence[float]) -> bytes:
    """Return values as doubles; raises `StoreRefused` for what is no finite number."""
    if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):
        message = f"a value is no finite number: {list(values)[:4]}"
        raise StoreRefused(message)
    return _doubles(len(values)).pack(*values)


def pack_qualities(qualities: Sequence[int]) -> bytes | None:
    """Return packed verdicts, None where all are good."""
    return None if tuple(qualities) == all_good(len(qualities)) else pack_series(qualities)


def pack_series(series: Sequence[int]) -> bytes:
    """Return whole numbers as four bytes each."""
    return _little(array("i", series)).tobytes()


def values_of(readings: bytes) -> tuple[float, ...]:
    """Return the values of a cell, in the order of its shape."""
    return _doubles(len(readings) // 8).unpack(readings)


def qualities_of(qualities: bytes | None, count: int) -> tuple[int, ...]:
    """Return the verdicts of a cell, in the order of its shape."""
    return all_good(count) if qualities is None else series_of(qualities)


def series_of(packed: bytes) -> tuple[int, ...]:
    """Return what `pack_series` has packed."""
    return tuple(_little(array("i", packed)))


def at(place: int, readings: bytes, qualities: bytes | None) -> tuple[float, int]:
    """Return one value of a cell and its verdict."""
    (value,) = struct.unpack_from("<d", readings, 8 * place)
    if qualities is None:
        return value, _GOOD
    return value, struct.unpack_from("<i", qualities, 4 * place)[0]


def teach(connection: apsw.Connection) -> None:
    """Give a connection the aggregates by which a row a reading becomes a row a cycle."""
    for pack in (pack_series, pack_values, pack_qualities):
        gathered = partial(_gather, pack)
        connection.create_aggregate_function(pack.__name__, gathered, 1)


def _gather(pack: Callable[[list[Any]], bytes | None]) -> tuple[list[Any], _Step, _Final]:
    return [], lambda gathered, *value: gathered.extend(value), pack


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
