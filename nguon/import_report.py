"""What became of every row of an imported file: counted, and written down as CSV.

The report holds texts of strangers, and people open reports in spreadsheets: what a
spreadsheet would take for a formula gets an apostrophe before it, and nothing in it, nor
on the terminal, is a control character.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Clash
from domain.os_errors import concerning
from domain.window import print_instant
from ingest.carry import Became, Brought

COLUMNS = (
    "line", "time", "became", "new", "same", "conflicts", "empty", "column", "text", "why",
)  # fmt: skip
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Tally:
    """Rows by what became of them, and values and cells; kept across an interruption."""

    new: int = 0
    same: int = 0
    conflict: int = 0
    refused: int = 0
    empty: int = 0
    unreadable: int = 0
    values: int = 0
    empty_cells: int = 0
    unreadable_cells: int = 0

    def add(self, brought: Iterable[Brought]) -> None:
        """Count some more rows."""
        for one in brought:
            word = one.became.value
            setattr(self, word, getattr(self, word) + 1)
            self.values += one.fate.new
            self.empty_cells += len(one.held.empty)
            self.unreadable_cells += len(one.held.unreadable)

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return (
            self.new + self.same + self.conflict + self.refused + self.empty + self.unreadable
        )  # fmt: skip

    def status(self) -> int:
        """Return the exit status: 1 when something could not be used."""
        return 1 if self.refused or self.unreadable or self.unreadable_cells else 0

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.rows} rows: {self.new} new, {self.same} there already,"
            f" {self.conflict} in conflict, {self.refused} refused, {self.empty} empty,"
            f" {self.unreadable} unreadable; {self.values} values new, {self.empty_cells} cells"
            f" empty, {self.unreadable_cells} unreadable"
        )


class NoReport:
    """Stands for a report where none is wanted."""

    def add(self, brought: Iterable[Brought]) -> None:
        """Write nothing."""

    def size(self) -> int:
        """Return 0."""
        return 0

    def close(self) -> None:
        """Close nothing."""


class Report:
    """A CSV file that grows by whole batches; a row of the file, then its unreadable cells."""

    def __init__(self, path: Path, size: int = 0, *, force: bool = False) -> None:
        """Go on after ``size`` bytes of it, or begin it; raises `Clash` where a file is there."""
        going_on = size > 0 and path.is_file() and path.stat().st_size >= size
        if path.exists() and not (going_on or force):
            message = f"{path} is there already; --force writes over it"
            raise Clash(message)
        self._file = path.open("r+b" if going_on else "wb")
        self._file.truncate(size if going_on else 0)
        self._file.seek(0, io.SEEK_END)
        if not going_on:
            self._write([COLUMNS])

    def add(self, brought: Iterable[Brought]) -> None:
        """Write what became of some rows."""
        self._write(line for one in brought for line in _lines(one))

    def size(self) -> int:
        """Return how many bytes it has."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        with concerning(self._file.name):
            self._file.write(text.getvalue().encode("utf-8", "replace"))
            self._file.flush()


def problems(brought: Iterable[Brought]) -> Iterator[str]:
    """Yield a line for everything that could not be used."""
    for one in brought:
        if one.why:
            yield f"line {one.line}: {one.became}: {printable(one.why)}"
        for column, text in one.held.unreadable:
            yield f"line {one.line}: no number in {printable(column)}: {printable(text)!r}"


def _lines(one: Brought) -> Iterator[tuple[str, ...]]:
    time = "" if one.time_ms is None else print_instant(one.time_ms)
    counts = ("", "", "") if one.became in _NOT_SENT else tuple(map(str, one.fate[:3]))
    empty = _safe("; ".join(one.held.empty))
    yield (str(one.line), time, one.became.value, *counts, empty, "", "", _safe(one.why))
    for column, text in one.held.unreadable:
        where = (_safe(column), _safe(text))
        yield (str(one.line), time, Became.UNREADABLE.value, "", "", "", "", *where, "")


_NOT_SENT = (Became.EMPTY, Became.UNREADABLE)


def _safe(text: str) -> str:
    # Looked at before control characters are gone: a tab is one of them.
    mark = "'" if text.startswith(_FORMULAS) else ""
    return mark + printable(text)


def printable(text: str) -> str:
    """Return ``text`` with whatever a terminal might act on replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
