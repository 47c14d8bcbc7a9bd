"""Replay a real logger's file as a node would have sent it.

The map (TOML) says which column is which quantity, in which unit, and how the file
writes time and nothing. Cells that hold nothing are not sent and nothing is invented
for them; cells that hold no number are not sent either, and are counted.
"""

import csv
import math
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
    columns: tuple[Column, ...]


@dataclass
class Report:
    """What a replay has read so far."""

    rows: int = 0
    values: int = 0
    empty: int = 0
    unreadable: int = 0


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
            columns=columns,
        )
    except (OSError, KeyError, TypeError, ValueError, WrongUnit) as error:
        message = f"{path.name}: {type(error).__name__}: {error}"
        raise InvalidInput(message, "map") from error


def read(
    path: Path, plan: Map, report: Report, shift_ms: int = 0, boot: int = 0
) -> Iterator[Cycle]:
    """Yield one cycle a row that holds anything, times moved by ``shift_ms``.

    Raises `InvalidInput` when a mapped column is not there or a time cannot be read.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        wanted = {plan.time_column, *(column.name for column in plan.columns)}
        absent = sorted(wanted - set(reader.fieldnames or ()))
        if absent:
            message = f"{path.name} has no column {', '.join(absent)}"
            raise InvalidInput(message, "map")
        for row in reader:
            time_ms = _time(row[plan.time_column], plan, reader.line_num) + shift_ms
            observations = tuple(_observations(row, plan, time_ms, report))
            if observations:
                # Counts rows that were sent: an empty row is silence, not loss.
                yield Cycle(boot, report.rows, observations)
                report.rows += 1


def last_time_ms(path: Path, plan: Map) -> int:
    """Return the newest time in the file, to move it to now by."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        times = [_time(row[plan.time_column], plan, reader.line_num) for row in reader]
    if not times:
        message = f"{path.name} has no rows"
        raise InvalidInput(message, "file")
    return max(times)


def _observations(
    row: dict[str, str], plan: Map, time_ms: int, report: Report
) -> Iterator[Observation]:
    for column in plan.columns:
        cell = (row[column.name] or "").strip()
        if cell in plan.nothing:
            report.empty += 1
            continue
        value = _number(cell)
        if value is None:
            report.unreadable += 1
            continue
        report.values += 1
        yield Observation(column.channel, time_ms, value, column.unit)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _time(text: str, plan: Map, line: int) -> int:
    try:
        return to_ms(datetime.strptime(text, plan.time_format).replace(tzinfo=plan.zone))
    except ValueError as error:
        message = f"line {line}: {error}"
        raise InvalidInput(message, plan.time_column) from error
