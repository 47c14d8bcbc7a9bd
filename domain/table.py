"""The rows of a logger's table: which cell belongs to which column of the map.

One line is one row, so that what is torn spoils its own line and no other: a quotation
mark that nobody closes would else swallow the file. Only the head may take several lines.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from domain.cells import text_of
from domain.errors import InvalidInput
from domain.logger_map import Map


class Row(NamedTuple):
    """A row by its line in the file: its time, and its cells in the order of the map's columns."""

    line: int
    time: object
    cells: tuple[object, ...]


class Spoilt(NamedTuple):
    """A line that is no row, and why; ``short`` when its end is missing."""

    line: int
    why: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The names over the columns, and where those of the map stand."""

    names: tuple[str, ...]
    time: int
    places: tuple[int, ...]

    @classmethod
    def of(cls, cells: Sequence[object], plan: Map, file: str) -> "Head":
        """Return the head of a file; raises `InvalidInput` when a mapped column is not there."""
        names = tuple(text_of(cell).strip() for cell in cells)
        places = _places(names)
        wanted = [plan.time_column.strip(), *(column.name.strip() for column in plan.columns)]
        absent = sorted(set(wanted) - set(places))
        if absent:
            raise _absent(file, absent, names, plan.delimiter)
        time, *others = (places[name] for name in wanted)
        return cls(names, time, tuple(others))

    def row(self, line: int, cells: Sequence[object]) -> Row | Spoilt | None:
        """Return a line's cells as a row; None where it is blank, or the head once more."""
        texts = tuple(text_of(cell).strip() for cell in cells)
        if not any(texts) or texts == self.names:
            return None
        found, wanted = len(cells), len(self.names)
        if found > wanted:
            return Spoilt(
                line,
                f"{found} cells under {wanted} columns; are its decimals written with the"
                " delimiter?",
            )
        if found < wanted:
            return Spoilt(line, f"cut short: {found} cells under {wanted} columns", short=True)
        return Row(line, cells[self.time], tuple(cells[place] for place in self.places))


def read_lines(lines: Iterator[str], plan: Map, file: str) -> Iterator[Row | Spoilt]:
    """Yield every row of a text; raises `InvalidInput` when a mapped column is not there."""
    for _ in range(plan.head_line - 1):
        next(lines, "")
    reader = csv.reader(lines, delimiter=plan.delimiter, strict=True)
    try:
        head = Head.of(next(reader, []), plan, file)
    except csv.Error as error:
        message = f"{file} is not a table: {error}"
        raise InvalidInput(message, "file") from error
    first = plan.head_line + reader.line_num + plan.skip_lines
    for line, text in enumerate(islice(lines, plan.skip_lines, None), first):
        try:
            cells = next(csv.reader((text,), delimiter=plan.delimiter, strict=True), [])
        except csv.Error as error:
            yield Spoilt(line, f"no row of a table: {error}")
            continue
        row = head.row(line, cells)
        if row is not None:
            yield row


def _places(names: Sequence[str]) -> dict[str, int]:
    """Return where each name stands; several of one name are ``name (1)``, ``name (2)``."""
    counts = Counter(names)
    places = {name: place for place, name in enumerate(names) if counts[name] == 1}
    met: Counter[str] = Counter()
    for place, name in enumerate(names):
        if counts[name] > 1:
            met[name] += 1
            places.setdefault(f"{name} ({met[name]})", place)
    return places


def _absent(file: str, absent: Sequence[str], names: Sequence[str], delimiter: str) -> InvalidInput:
    twice = next((name for name in absent if name in names), None)
    if twice is not None:
        message = f"{file} has two columns of one name: write {twice} (1) or {twice} (2) in the map"
        return InvalidInput(message, "map")
    message = f"{file} has no column {', '.join(absent)}"
    if len(names) == 1 and ";" in names[0] and delimiter != ";":
        message += '; its cells are parted by semicolons: write delimiter = ";" in the map'
    return InvalidInput(message, "map")
