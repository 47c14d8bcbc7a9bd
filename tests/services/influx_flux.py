"""The Flux that the InfluxDB backend sends, and no more: a pipeline of a few stages.

Tables as Flux has them: each has a group key, and a stage works within each. What is not
in the grammar is an error, so a query that the backend begins to send has to be put here
with its meaning as the documentation of Flux tells it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.services.influx_points import Points

_STRING = r'"(?:[^"\\]|\\x[0-9a-f]{2})*"'
_TERM = re.compile(rf"r\.(\w+) (==|<=|>=|<|>) ({_STRING}|-?\d+)")
_FROM = re.compile(rf"from\(bucket: ({_STRING})\)")
_RANGE = re.compile(r"range\(start: time\(v: (-?\d+)\), stop: time\(v: (-?\d+)\)\)")
_FILTER = re.compile(r"filter\(fn: \(r\) => (.*)\)")
_LIMIT = re.compile(r"limit\(n: (\d+)\)")
_COLUMNS = re.compile(rf"(sort|drop)\(columns: \[({_STRING}(?:, {_STRING})*)\]\)")
_PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}
Row = dict[str, Any]
Test = Callable[[Mapping[str, Any]], bool]


class Unknown(Exception):
    """A query outside the grammar."""


class NoBucket(Exception):
    """A bucket that is not there."""


@dataclass
class Table:
    """Rows that share a group key; a row holds the columns that are not in it."""

    key: Row
    rows: list[Row]


def answer(text: str, buckets: Mapping[str, Points]) -> str:
    """Return the annotated CSV that answers a query."""
    # No text of ours has a bar in it: all but plain signs are written as bytes.
    source, first, *stages = text.split(" |> ")
    name, span = _FROM.fullmatch(source), _RANGE.fullmatch(first)
    if name is None or span is None:
        raise Unknown(f"{source} |> {first}")
    bucket = _literal(name[1])
    if bucket not in buckets:
        raise NoBucket(f'failed to initialize execute state: could not find bucket "{bucket}"')
    chosen: list[Test] = []
    while stages and (match := _FILTER.fullmatch(stages[0])) and "r._value" not in match[1]:
        chosen.append(_test(match[1]))
        stages.pop(0)
    tables = _scan(buckets[bucket], int(span[1]), int(span[2]), chosen)
    for stage in stages:
        tables = _apply(stage, tables)
    return _written([table for table in tables if table.rows])


def _scan(points: Points, start: int, stop: int, chosen: list[Test]) -> list[Table]:
    if start >= stop:
        raise Unknown("cannot query an empty range")
    found = []
    for (measurement, tags), columns in sorted(points.series.items()):
        for name, column in sorted(columns.items()):
            key = {"_measurement": measurement, "_field": name, **dict(tags)}
            if all(test(key) for test in chosen):
                rows: list[Row] = [{"_time": t, "_value": v} for t, v in column.within(start, stop)]
                found.append(Table({"_start": start, "_stop": stop, **key}, rows))
    return found


def _apply(stage: str, tables: list[Table]) -> list[Table]:
    if match := _FILTER.fullmatch(stage):
        test = _test(match[1])
        return [Table(t.key, [r for r in t.rows if test({**t.key, **r})]) for t in tables]
    if match := _LIMIT.fullmatch(stage):
        return [Table(t.key, t.rows[: int(match[1])]) for t in tables]
    if match := _COLUMNS.fullmatch(stage):
        columns = [_literal(name) for name in re.findall(_STRING, match[2])]
        return [_sorted(t, columns) if match[1] == "sort" else _dropped(t, columns) for t in tables]
    if stage not in _STAGES:
        raise Unknown(stage)
    return _STAGES[stage](tables)


def _distinct(table: Table) -> Table:
    values = dict.fromkeys(row["_value"] for row in table.rows)
    return Table(table.key, [{"_value": value} for value in values])


def _sorted(table: Table, columns: list[str]) -> Table:
    return Table(table.key, sorted(table.rows, key=lambda row: [row[name] for name in columns]))


def _dropped(table: Table, columns: list[str]) -> Table:
    key = {name: value for name, value in table.key.items() if name not in columns}
    rows = [{n: v for n, v in row.items() if n not in columns} for row in table.rows]
    return Table(key, rows)


def _pivoted(tables: list[Table]) -> list[Table]:
    made: dict[tuple[tuple[str, Any], ...], dict[int, Row]] = {}
    for table in tables:
        key = tuple((name, value) for name, value in table.key.items() if name != "_field")
        rows = made.setdefault(key, {})
        for row in table.rows:
            rows.setdefault(row["_time"], {"_time": row["_time"]})[table.key["_field"]] = row[
                "_value"
            ]
    return [Table(dict(key), [rows[time] for time in sorted(rows)]) for key, rows in made.items()]


_STAGES: Mapping[str, Callable[[list[Table]], list[Table]]] = {
    "last()": lambda tables: [Table(t.key, t.rows[-1:]) for t in tables],
    "count()": lambda tables: [Table(t.key, [{"_value": len(t.rows)}]) for t in tables if t.rows],
    'distinct(column: "_value")': lambda tables: [_distinct(t) for t in tables],
    "group()": lambda tables: [Table({}, [{**t.key, **r} for t in tables for r in t.rows])],
    _PIVOT: _pivoted,
}


def _test(text: str) -> Test:
    """Return a condition: groups in brackets, ``or`` inside of them, ``and`` between them."""
    groups = []
    for group in re.findall(rf"\(((?:{_STRING}|[^()\"])*)\)", text):
        terms = [_TERM.fullmatch(term) for term in re.split(r" or (?=r\.)", group)]
        if not terms or None in terms:
            raise Unknown(text)
        groups.append([(t[1], _OPERATORS[t[2]], _literal(t[3])) for t in terms if t is not None])
    if not groups or len(re.sub(rf"\((?:{_STRING}|[^()\"])*\)", "", text)) != 5 * (len(groups) - 1):
        raise Unknown(text)
    return lambda row: all(
        any(name in row and compare(row[name], value) for name, compare, value in group)
        for group in groups
    )


def _literal(text: str) -> Any:
    if not text.startswith('"'):
        return int(text)
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text[1:-1].encode())
    return raw.decode("utf-8", "replace")


def _written(tables: list[Table]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for number, table in enumerate(tables):
        columns = [*table.key, *{name: None for row in table.rows for name in row}]
        kinds = [_kind(name, table) for name in columns]
        groups = ["true" if name in table.key else "false" for name in columns]
        writer.writerow(["#datatype", "string", "long", *kinds])
        writer.writerow(["#group", "false", "false", *groups])
        writer.writerow(["#default", "_result", "", *([""] * len(columns))])
        writer.writerow(["", "result", "table", *columns])
        for row in table.rows:
            whole = {**table.key, **row}
            cells = [_cell(name, whole.get(name)) for name in columns]
            writer.writerow(["", "", number, *cells])
        out.write("\r\n")
    return out.getvalue() or "\r\n"


_TIMES = ("_time", "_start", "_stop")


def _kind(name: str, table: Table) -> str:
    if name in _TIMES:
        return "dateTime:RFC3339"
    values: Iterator[Any] = (row[name] for row in (table.key, *table.rows) if name in row)
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        raise Unknown(f"schema collision in column {name}")
    return {str: "string", int: "long", float: "double", bool: "boolean"}[kinds.pop()]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _TIMES:
        seconds, rest = divmod(value, 1_000_000_000)
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else str(value)
