"""The table of labels as sold, read once; all lengths in millimetres."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from domain.errors import NotFound

_TABLE = Path(__file__).parent / "templates.toml"


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of label. ``title`` and ``text`` are in points, the rest in millimetres."""

    name: str
    title_vi: str
    title_en: str
    source: str
    page: tuple[float, float]
    columns: int
    rows: int
    cell: tuple[float, float]
    gap: tuple[float, float]
    qr: float
    layout: str
    title: float
    text: float
    least_text: float
    least_module: float

    @property
    def cells(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows

    def corner(self, cell: int) -> tuple[float, float]:
        """Return the lower left corner of a cell, counted from 0 at the top left, by rows."""
        row, column = divmod(cell, self.columns)
        width = self.columns * self.cell[0] + (self.columns - 1) * self.gap[0]
        height = self.rows * self.cell[1] + (self.rows - 1) * self.gap[1]
        left, top = (self.page[0] - width) / 2, (self.page[1] + height) / 2
        x = left + column * (self.cell[0] + self.gap[0])
        return x, top - row * (self.cell[1] + self.gap[1]) - self.cell[1]


@cache
def templates() -> dict[str, Template]:
    """Return every template by its name, in the order of the table."""
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    common = {key: value for key, value in table.items() if key != "template"}
    return {row["name"]: _template(row | common) for row in table["template"]}


def template(name: str) -> Template:
    """Return a template; raises `NotFound` naming those there are."""
    found = templates().get(name)
    if found is None:
        message = f"no template {name[:40]!r}; there is {', '.join(templates())}"
        raise NotFound(message)
    return found


def _template(row: dict[str, Any]) -> Template:
    pairs = {key: tuple(row[key]) for key in ("page", "cell", "gap")}
    return Template(**row | pairs)
