"""A lot's lineage as a picture: a row a lot or step, lines beside them, text that stays text.

Rows, not a wide tree, because phones are 360 pixels wide and lineages are long. Everything
that the picture shows stands in words below it (``lineage.html``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from domain.lineage import Step
from store.records.lineage import LotKey
from traceability.lineage.graph import key_of
from traceability.lineage.reading import Node, Seen

WIDTH, _ROW, _LANE, _LEFT, _MOST_LANES = 340, 46, 16, 12, 7
# Widths of a sign in the picture's units, for cutting long names; headings are bold.
_SIGN, _BOLD = 7.4, 8.6


@dataclass(frozen=True, slots=True)
class Row:
    """A lot or a step in the picture: its two lines of text, and what holds of a lot."""

    head: str
    body: str
    beside: str = ""
    state: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What the rows say, in the reader's language; by lot and by step id."""

    title: str
    lots: Mapping[LotKey, Row]
    steps: Mapping[str, Row]


Entry = Node | Step


def picture(seen: Seen, words: Words) -> Markup:
    """Return the picture; its title says where the same is told in words."""
    entries = in_rows(seen)
    place = _Places.over(entries)
    marks = [_lines(entries, place)]
    for at, entry in enumerate(entries):
        if isinstance(entry, Step):
            marks.append(_step(place.at(at), words.steps[entry.id], place.text_x))
        else:
            marks.append(_lot(place.at(at), words.lots[key_of(entry.lot)], place.text_x))
    height = _ROW * len(entries)
    head = (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(words.title)}"'
        ' class="chart tree" xmlns="http://www.w3.org/2000/svg">'
    )
    return Markup(head + "".join(marks) + "</svg>")  # noqa: S704 - built from numbers, text escaped


def in_rows(seen: Seen) -> list[Entry]:
    """Return lots and steps, first to last: a step below its lots and above what it made."""
    nodes = {key_of(node.lot): node for node in seen.nodes}
    rows: list[Entry] = []
    for step in seen.steps:
        rows += [nodes.pop(one.lot) for one in step.inputs if one.lot in nodes]
        rows.append(step)
        rows += [nodes.pop(one.lot) for one in step.outputs if one.lot in nodes]
    return [*rows, *nodes.values()]


@dataclass(frozen=True, slots=True)
class _Places:
    """In which lane each row stands; a lot keeps its lane from its making to its last use."""

    lanes: Sequence[int]
    rows: Mapping[LotKey | str, int]

    @classmethod
    def over(cls, entries: Sequence[Entry]) -> "_Places":
        rows = {_name(entry): at for at, entry in enumerate(entries)}
        lanes: list[int] = []
        busy: list[int] = []  # lane → the row of its last use
        for at, entry in enumerate(entries):
            if isinstance(entry, Step):
                above = [rows[one] for one in _above(entry) if one in rows]
                lanes.append(lanes[above[0]] if above and above[0] < at else 0)
                continue
            last = _last_use(entries, key_of(entry.lot), at)
            lane = next((i for i, until in enumerate(busy) if until < at), len(busy))
            busy[lane : lane + 1] = [last]
            lanes.append(min(lane, _MOST_LANES - 1))
        return cls(lanes, rows)

    @property
    def text_x(self) -> int:
        """Where the text begins: right of every lane."""
        return _LEFT + _LANE * (max(self.lanes, default=0) + 1)

    def at(self, row: int) -> tuple[int, int]:
        """Return the middle of a row's mark."""
        return _LEFT + _LANE * self.lanes[row], _ROW * row + _ROW // 2


def _name(entry: Entry) -> LotKey | str:
    return str(entry.id) if isinstance(entry, Step) else key_of(entry.lot)


def _above(step: Step) -> Sequence[LotKey | str]:
    """What a step hangs from: its lots, or the shipment whose arrival it tells of."""
    return [str(step.about)] if step.about is not None else [one.lot for one in step.inputs]


def _last_use(entries: Sequence[Entry], lot: LotKey, at: int) -> int:
    uses = [
        row for row, entry in enumerate(entries) if isinstance(entry, Step) and lot in _above(entry)
    ]
    return max([at, *uses])


def _lines(entries: Sequence[Entry], place: _Places) -> str:
    drawn = []
    for at, entry in enumerate(entries):
        if isinstance(entry, Step):
            above = [place.rows[one] for one in _above(entry) if one in place.rows]
            made = [place.rows[one.lot] for one in entry.outputs if one.lot in place.rows]
            drawn += [_line(place.at(row), place.at(at), late=True) for row in above]
            drawn += [_line(place.at(at), place.at(row), late=False) for row in made]
    return f'<path class="line" d="{"".join(drawn)}"/>'


def _line(start: tuple[int, int], end: tuple[int, int], *, late: bool) -> str:
    """Go straight down one lane, and change lanes within a row: the last one, or the first."""
    (x1, y1), (x2, y2) = start, end
    bend = y2 - _ROW if late else y1 + _ROW
    if late:
        return f"M{x1} {y1}V{bend}C{x1} {bend + 24} {x2} {y2 - 24} {x2} {y2}"
    return f"M{x1} {y1}C{x1} {y1 + 24} {x2} {bend - 24} {x2} {bend}V{y2}"


def _lot(at: tuple[int, int], row: Row, text_x: int) -> str:
    x, y = at
    ring = f'<circle class="here" cx="{x}" cy="{y}" r="9"/>' if row.here else ""
    mark = f'{ring}<circle class="dot {row.state}" cx="{x}" cy="{y}" r="5.5"/>'
    if row.beside:
        mark += f'<text class="r" x="{WIDTH - 2}" y="{y - 4}">{escape(row.beside)}</text>'
    return mark + _text(row, text_x, y, taken=len(row.beside) + 1)


def _step(at: tuple[int, int], row: Row, text_x: int) -> str:
    x, y = at
    return f'<path class="dot" d="M{x} {y - 6}l6 6-6 6-6-6z"/>' + _text(row, text_x, y, taken=0)


def _text(row: Row, x: int, y: int, taken: int) -> str:
    room = WIDTH - x
    head, body = _cut(row.head, int(room / _BOLD) - taken), _cut(row.body, int(room / _SIGN))
    return (
        f'<text class="head" x="{x}" y="{y - 4}">{escape(head)}</text>'
        f'<text x="{x}" y="{y + 14}">{escape(body)}</text>'
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)].rstrip() + "…"
