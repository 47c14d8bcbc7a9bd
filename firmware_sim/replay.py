"""Replay a real logger's file as a node would have sent it.

The map (TOML) says which column is which quantity, in which unit, and how the file
writes time, numbers and nothing. Cells that hold nothing are not sent and nothing is
invented for them; cells that hold no number are not sent either, and are counted, as are
rows that were cut short. A row with more cells than the head is not guessed at.
"""

import csv
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, WrongUnit
from domain.ids import Channel, DeviceId
from domain.pack import Coding
from domain.properties import observed_properties
from domain.reading import Cycle, Observation
from domain.units import convert
from domain.window import to_ms

_NUMBERS = {
    sign: re.compile(rf"[+-]?([0-9]+[{sign}]?[0-9]*|[{sign}][0-9]+)([eE][+-]?[0-9]{{1,4}})?")
    for sign in ".,"
}


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
    """How a logger's file is to be read."""

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


@dataclass
class Report:
    """What a replay has read so far."""

    rows: int = 0
    values: int = 0
    empty: int = 0
    unreadable: int = 0
    short: int = 0
    repeated: int = 0


def load_map(path: Path) -> Map:
    """Return the map in a file; raises `InvalidInput` saying where it is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        columns = tuple(
            Column(**{**row, "channel": Channel.parse(row["channel"])}) for row in data["column"]
        )
        for column in columns:
            # Fails now, by name, rather than once a row in quarantine.
            convert(0.0, column.unit, observed_properties().get(column.property).unit)
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
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, WrongUnit) as error:
        message = f"{path.name}: {type(error).__name__}: {error}"
        raise InvalidInput(message, "map") from error


def read(
    path: Path, plan: Map, report: Report, shift_ms: int = 0, boot: int = 0
) -> Iterator[Cycle]:
    """Yield one cycle a row that holds anything, times moved by ``shift_ms``.

    Raises `InvalidInput` when a mapped column is not there or a time cannot be read.
    """
    seen: set[int] = set()
    for time_ms, row in _rows(path, plan, report):
        observations = tuple(_observations(row, plan, time_ms + shift_ms, report))
        if observations:
            report.repeated += time_ms in seen
            seen.add(time_ms)
            # Counts rows that were sent: an empty row is silence, not loss.
            yield Cycle(boot, report.rows, observations)
            report.rows += 1


def last_time_ms(path: Path, plan: Map) -> int:
    """Return the newest time in the file, to move it to now by."""
    newest = max((time_ms for time_ms, _ in _rows(path, plan, Report())), default=None)
    if newest is None:
        message = f"{path.name} has no rows"
        raise InvalidInput(message, "file")
    return newest


def _rows(path: Path, plan: Map, report: Report) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield time and cells of every whole row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=plan.delimiter, strict=True)
            head = next(reader, [])
            _require_columns(path, plan, head)
            for cells in filter(None, reader):
                if len(cells) > len(head):
                    message = (
                        f"{path.name}, line {reader.line_num}: {len(cells)} cells under"
                        f" {len(head)} columns; are its decimals written with the delimiter?"
                    )
                    raise InvalidInput(message, "file")
                if len(cells) < len(head):
                    report.short += 1
                    continue
                row = dict(zip(head, cells, strict=True))
                yield _time(row[plan.time_column], plan, reader.line_num), row
    except UnicodeDecodeError as error:
        message = f"{path.name} is not text in UTF-8: {error}"
        raise InvalidInput(message, "file") from error
    except csv.Error as error:
        message = f"{path.name} is not a table: {error}"
        raise InvalidInput(message, "file") from error


def _require_columns(path: Path, plan: Map, head: list[str]) -> None:
    absent = sorted({plan.time_column, *(column.name for column in plan.columns)} - set(head))
    if absent:
        message = f"{path.name} has no column {', '.join(absent)}"
        if len(head) == 1 and ";" in head[0] and plan.delimiter != ";":
            message += '; its cells are parted by semicolons: write delimiter = ";" in the map'
        raise InvalidInput(message, "map")
    if len(set(head)) < len(head):
        message = f"{path.name} has two columns of one name"
        raise InvalidInput(message, "file")


def _observations(
    row: dict[str, str], plan: Map, time_ms: int, report: Report
) -> Iterator[Observation]:
    for column in plan.columns:
        cell = row[column.name].strip()
        if cell in plan.nothing:
            report.empty += 1
            continue
        value = _number(cell, plan.decimal)
        if value is None:
            report.unreadable += 1
            continue
        report.values += 1
        yield Observation(column.channel, time_ms, value, column.unit)


def _number(cell: str, decimal: str) -> float | None:
    """Return the number in a cell; Python itself would take 1_000 and other digits too."""
    if not _NUMBERS[decimal].fullmatch(cell):
        return None
    value = float(cell.replace(",", "."))
    return value if math.isfinite(value) else None


def _one_of(data: dict[str, object], name: str, signs: str) -> str:
    sign = data.get(name, signs[0])
    if not (isinstance(sign, str) and len(sign) == 1 and sign in signs):
        message = f"{name} is one of {' '.join(map(repr, signs))}, not {sign!r}"
        raise ValueError(message)
    return sign


def _time(text: str, plan: Map, line: int) -> int:
    try:
        return to_ms(datetime.strptime(text, plan.time_format).replace(tzinfo=plan.zone))
    except ValueError as error:
        message = f"line {line}: {error}"
        raise InvalidInput(message, plan.time_column) from error
