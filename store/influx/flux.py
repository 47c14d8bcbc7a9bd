"""Queries as Flux text, and the answers' annotated CSV back to values.

Few shapes: one span of one measurement, chosen by tags and fields, through at most a
handful of stages. Whatever comes from outside goes in as a number or through `quoted`.
Times come as text with nine digits of a second and are taken apart here: the client's
own parser keeps six, and a value's place is in the last three.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from domain.errors import StoreUnavailable
from domain.ranges import Runs
from store.influx.times import Span

Row: TypeAlias = Mapping[str, Any]

PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
LAST, COUNT, ALL, DISTINCT = "last()", "count()", "group()", 'distinct(column: "_value")'
_PLAIN = re.compile(r"[A-Za-z0-9 _.:/-]")
_ERROR = ["error", "reference"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quoted(text: str) -> str:
    """Return a Flux string; all but plain signs as bytes, so nothing in it can end it."""
    return '"' + "".join(c if _PLAIN.fullmatch(c) else _bytes_of(c) for c in text) + '"'


def _bytes_of(sign: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in sign.encode("utf-8", "replace"))


def query(
    bucket: str,
    span: Span,
    measurements: Sequence[str],
    chosen: Mapping[str, Sequence[str]],
    stages: Sequence[str],
) -> str:
    """Return a query; ``chosen`` gives for tags, and for ``_field``, the values wanted."""
    conditions = [one_of("_measurement", measurements)]
    conditions += [one_of(column, values) for column, values in chosen.items()]
    return " |> ".join(
        (
            f"from(bucket: {quoted(bucket)})",
            f"range(start: time(v: {span.start}), stop: time(v: {span.end}))",
            f"filter(fn: (r) => {' and '.join(conditions)})",
            *stages,
            'drop(columns: ["_start", "_stop"])',
        )
    )


def one_of(column: str, values: Iterable[str]) -> str:
    """Return the condition that a column has one of some values."""
    return "(" + " or ".join(f"r.{column} == {quoted(value)}" for value in values) + ")"


def committed(mark: int, voids: Runs) -> str:
    """Return the stage that leaves the numbers up to a mark, without those that are void."""
    conditions = [f"(r._value <= {mark})"]
    conditions += [f"(r._value < {first} or r._value > {last})" for first, last in voids]
    return f"filter(fn: (r) => {' and '.join(conditions)})"


def equals(number: int) -> str:
    """Return the stage that leaves rows of one number."""
    return f"filter(fn: (r) => (r._value == {number}))"


def limit(count: int) -> str:
    """Return the stage that leaves the first rows of each table."""
    return f"limit(n: {count})"


def first_by(columns: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the stages that leave the first rows of all tables together."""
    names = ", ".join(quoted(column) for column in columns)
    return ALL, f"sort(columns: [{names}])", limit(count)


def rows(answer: str) -> Iterator[Row]:
    """Yield an answer's rows; raises `StoreUnavailable` where it ends in an error, or is none."""
    try:
        yield from _rows(answer)
    except (csv.Error, ValueError, LookupError) as error:
        message = f"not an answer of InfluxDB: {answer[:60]!r}"
        raise StoreUnavailable(message) from error


def _rows(answer: str) -> Iterator[Row]:
    kinds: list[str] = []
    names: list[str] = []
    for cells in csv.reader(io.StringIO(answer, newline="")):
        if not cells:
            names = []
        elif cells[0] == "#datatype":
            kinds, names = cells, []
        elif cells[0].startswith("#"):
            continue
        elif not names:
            names = cells
            if names[1:3] not in (["result", "table"], _ERROR):
                raise LookupError(cells[0])
        elif names[1:3] == _ERROR:
            message = f"InfluxDB gave up within an answer: {cells[1][:200]}"
            raise StoreUnavailable(message)
        else:
            yield _row(names, kinds, cells)


def _row(names: Sequence[str], kinds: Sequence[str], cells: Sequence[str]) -> Row:
    return {
        name: _KINDS[kind](cell)
        for name, kind, cell in zip(names[3:], kinds[3:], cells[3:], strict=True)
        if cell != ""
    }


def _nanoseconds(text: str) -> int:
    """Return RFC 3339 with up to nine digits of a second as ns since 1970."""
    seconds = (datetime.fromisoformat(text[:19] + "+00:00") - _EPOCH) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + int(text[20:-1].ljust(9, "0") or "0")


_KINDS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "long": int,
    "unsignedLong": int,
    "double": float,
    "boolean": "true".__eq__,
    "dateTime:RFC3339": _nanoseconds,
    "dateTime:RFC3339Nano": _nanoseconds,
}
