"""Replay a real logger's file as a node would have sent it.

How the file is written is told by its map (:mod:`domain.logger_map`). Cells that hold
nothing are not sent and nothing is invented for them; cells that hold no number are not
sent either, and are counted, as are rows that were cut short. A row with more cells than
the head is not guessed at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.cells import held_in, time_in
from domain.errors import InvalidInput
from domain.logger_map import Map, parse_map
from domain.os_errors import told
from domain.reading import Cycle
from domain.table import Row, read_lines


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
        raise InvalidInput(told(error), "map") from error
    return parse_map(content, path.name)


def read(
    path: Path, plan: Map, report: Report, shift_ms: int = 0, boot: int = 0
) -> Iterator[Cycle]:
    """Yield one cycle a row that holds anything, times moved by ``shift_ms``.

    Raises `InvalidInput` when a mapped column is not there or a time cannot be read.
    """
    seen: set[int] = set()
    for time_ms, row in _rows(path, plan, report):
        observations, empty, unreadable = held_in(row.cells, plan, time_ms + shift_ms)
        report.values += len(observations)
        report.empty += len(empty)
        report.unreadable += len(unreadable)
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


def _rows(path: Path, plan: Map, report: Report) -> Iterator[tuple[int, Row]]:
    """Yield time and cells of every whole row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in read_lines(file, plan, path.name):
                if isinstance(row, Row):
                    yield _time(row, plan), row
                elif row.short:
                    report.short += 1
                else:
                    message = f"{path.name}, line {row.line}: {row.why}"
                    raise InvalidInput(message, "file")
    except UnicodeDecodeError as error:
        message = f"{path.name} is not text in UTF-8: {error}"
        raise InvalidInput(message, "file") from error


def _time(row: Row, plan: Map) -> int:
    try:
        return time_in(row.time, plan)
    except ValueError as error:
        message = f"line {row.line}: {error}"
        raise InvalidInput(message, plan.time_column) from error
