"""Replay a real logger's file as a node would have sent it.

How the file is written is told by its map (:mod:`domain.logger_map`). Cells that hold
nothing are not sent and nothing is invented for them; cells that hold no number are not
sent either, and are counted, as are rows that were cut short. A row with more cells than
the head is not guessed at.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InvalidInput
from domain.logger_map import Map, number_in, parse_map, time_in
from domain.reading import Cycle, Observation


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
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name}: {type(error).__name__}: {error}"
        raise InvalidInput(message, "map") from error
    return parse_map(content, path.name)


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
        value = number_in(cell, plan.decimal)
        if value is None:
            report.unreadable += 1
            continue
        report.values += 1
        yield Observation(column.channel, time_ms, value, column.unit)


def _time(text: str, plan: Map, line: int) -> int:
    try:
        return time_in(text, plan)
    except ValueError as error:
        message = f"line {line}: {error}"
        raise InvalidInput(message, plan.time_column) from error
