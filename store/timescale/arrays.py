"""Columns of numbers and texts as PostgreSQL's binary arrays, packed column by column.

psycopg packs a list element by element in Python, which took a sixth of ingest's time.
The format is that of ``array_recv``: dimensions, whether there are nulls, the element's
type, length and lower bound, then each element behind its own length. A column is packed
when it is made, and it is made while the server is at work on what went before.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper

_HEAD = struct.Struct("!iiIii")
_TEXT = 25


class _Column:
    """Numbers of one type, none of them null; raises `OverflowError` for what it cannot hold."""

    element, code = 0, ""

    def __init__(self, values: Sequence[float]) -> None:
        self.packed = _packed(array(self.code, values), self.element)


class Int2s(_Column):
    """A column of ``smallint``."""

    element, code = 21, "h"


class Int4s(_Column):
    """A column of ``int``."""

    element, code = 23, "i"


class Int8s(_Column):
    """A column of ``bigint``."""

    element, code = 20, "q"


class Float8s(_Column):
    """A column of ``double precision``."""

    element, code = 701, "d"


class Texts:
    """A column of ``text``, of few different ones: names of devices."""

    def __init__(self, values: Sequence[str]) -> None:
        self.packed = _head(_TEXT, len(values)) + b"".join(map(_element, values))


@lru_cache(maxsize=20_000)
def _element(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(4, "big") + raw


def _packed(numbers: "array[int] | array[float]", element: int) -> bytes:
    if sys.byteorder == "little":
        numbers.byteswap()
    raw, width, count = numbers.tobytes(), numbers.itemsize, len(numbers)
    step = 4 + width
    body = bytearray(step * count)
    # Byte by byte of all elements at once: a slice with a step is copied in C.
    body[3::step] = bytes([width]) * count
    for place in range(width):
        body[4 + place :: step] = raw[place::width]
    return _head(element, count) + body


def _head(element: int, count: int) -> bytes:
    return _HEAD.pack(1 if count else 0, 0, element, count, 1)[: 20 if count else 12]


class _Dumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: _Column | Texts) -> Buffer:
        return obj.packed


class _TextsDumper(_Dumper):
    oid = 1009


class _Int2sDumper(_Dumper):
    oid = 1005


class _Int4sDumper(_Dumper):
    oid = 1007


class _Int8sDumper(_Dumper):
    oid = 1016


class _Float8sDumper(_Dumper):
    oid = 1022


def teach(connection: psycopg.Connection) -> None:
    """Let a connection take columns as parameters."""
    connection.adapters.register_dumper(Texts, _TextsDumper)
    connection.adapters.register_dumper(Int2s, _Int2sDumper)
    connection.adapters.register_dumper(Int4s, _Int4sDumper)
    connection.adapters.register_dumper(Int8s, _Int8sDumper)
    connection.adapters.register_dumper(Float8s, _Float8sDumper)
