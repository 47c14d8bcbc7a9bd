"""Labels onto pages of a PDF, and the test sheet that shows how a printer shifts and scales.

What is the same on every label is drawn once and placed again and again (a form XObject),
so ten thousand labels of a lot weigh little more than one.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from domain.errors import InvalidInput
from domain.gs1 import SerialNumber
from traceability.labels.content import Label, unit_of
from traceability.labels.draw import draw_code, draw_text
from traceability.labels.font import REGULAR, fonts
from traceability.labels.setting import LEADING, Lost, set_text
from traceability.labels.templates import Template
from traceability.units import SIGNS

MOST = 20_000
_RULER_MM = 100
_FORM = "label"
_PLAIN = "Không đủ chỗ cho", "No room for"
_UNITS = "Tem có số riêng, thêm", "With serials also"


@dataclass(frozen=True, slots=True)
class Written:
    """How many pages a file has, and which lines have no room on its labels, each told once."""

    pages: int
    lost: tuple[Lost, ...]


def write_lot(
    path: Path, template: Template, label: Label, count: int, start: int,
    told: Callable[[int], None],
) -> Written:  # fmt: skip
    """Write ``count`` equal labels from cell ``start`` (from 1).

    ``told`` hears how many are done. Raises `InvalidInput` for a count or cell that there is
    not, `Refused` when the label does not fit; then no file is left.
    """
    require_placeable(template, count, start)
    canvas = _begin(path, template, f"{label.title} – {label.lines[0].text}")
    canvas.beginForm(_FORM)
    draw_code(canvas, label.link, template)
    lost = draw_text(canvas, label, template)
    canvas.endForm()
    _place(canvas, template, count, start, lambda _: canvas.doForm(_FORM), told)
    return Written(_pages(template, count, start), lost)


def write_units(
    path: Path, template: Template, labels: Sequence[Label], start: int,
    told: Callable[[int], None],
) -> Written:  # fmt: skip
    """Write labels that each say something else, as `write_lot` writes equal ones."""
    require_placeable(template, len(labels), start)
    canvas = _begin(path, template, f"{labels[0].title} – {labels[0].lines[0].text}")

    lost: dict[Lost, None] = {}

    def draw(number: int) -> None:
        draw_code(canvas, labels[number].link, template)
        lost.update(dict.fromkeys(draw_text(canvas, labels[number], template)))

    _place(canvas, template, len(labels), start, draw, told)
    return Written(_pages(template, len(labels), start), tuple(lost))


def _pages(template: Template, count: int, start: int) -> int:
    return (start + count - 2) // template.cells + 1


def _place(
    canvas: Canvas, template: Template, count: int, start: int,
    draw: Callable[[int], None], told: Callable[[int], None],
) -> None:  # fmt: skip
    """Draw so many labels, each in its cell, and keep the file."""
    for number in range(count):
        cell = (number + start - 1) % template.cells
        if number and cell == 0:
            canvas.showPage()
            told(number)
        x, y = template.corner(cell)
        canvas.saveState()
        canvas.translate(x * mm, y * mm)
        draw(number)
        canvas.restoreState()
    canvas.showPage()
    canvas.save()


def require_placeable(template: Template, count: int, start: int) -> None:
    """Raise `InvalidInput` for a count or a first cell that there is not."""
    if not 1 <= count <= MOST:
        message = f"from 1 to {MOST:,} labels in a file, not {count:,}"
        raise InvalidInput(message, "count")
    if not 1 <= start <= template.cells:
        message = f"{template.name} has cells 1 to {template.cells}, not {start}"
        raise InvalidInput(message, "start")


def write_test(path: Path, template: Template, label: Label) -> tuple[Lost, ...]:
    """Write one page with the outlines of all cells, their numbers, and rulers both ways.

    The first cell says which lines of a label would have no room, without and with a serial;
    so it is returned, too.
    """
    canvas = _begin(path, template, f"{template.title_vi} – tờ in thử")
    width, height = template.cell
    canvas.setLineWidth(0.2 * mm)
    for cell in range(template.cells):
        x, y = template.corner(cell)
        canvas.rect(x * mm, y * mm, width * mm, height * mm)
        canvas.setFont(REGULAR, 8)
        canvas.drawString((x + 2) * mm, (y + height - 5) * mm, str(cell + 1))
    # Low enough for the ruler that goes up to stay on the page.
    row = min(template.rows, math.ceil(_RULER_MM / height)) - 1
    x, y = template.corner(row * template.columns)
    _rulers(canvas, template, (x + 3) * mm, (y + 3) * mm)
    unit = unit_of(label, SerialNumber("0" * SIGNS))
    lost = set_text(label, template).lost
    more = tuple(one for one in set_text(unit, template).lost if one not in lost)
    _notes(canvas, template, [*_said(lost, _PLAIN), *_said(more, _UNITS)])
    canvas.showPage()
    canvas.save()
    return (*lost, *more)


def _said(lost: Sequence[Lost], heads: tuple[str, str]) -> Iterator[str]:
    """Yield in both languages which lines have no room, or not enough."""
    if not lost:
        return
    vietnamese = (one.line.meaning.vi + (" (bị cắt)" if one.shown else "") for one in lost)
    english = (one.line.meaning.en + (" (cut)" if one.shown else "") for one in lost)
    yield f"{heads[0]}: {', '.join(vietnamese)}"
    yield f"{heads[1]}: {', '.join(english)}"


def _notes(canvas: Canvas, template: Template, notes: Sequence[str]) -> None:
    """Write notes into the first cell, beside its number and right of the ruler that goes up."""
    x, y = template.corner(0)
    width, height = template.cell
    text = canvas.beginText((x + 8) * mm, (y + height - 4) * mm)
    text.setFont(REGULAR, template.least_text, template.least_text * LEADING)
    for note in notes:
        for line in simpleSplit(note, REGULAR, template.least_text, (width - 10) * mm):
            text.textLine(line)
    canvas.drawText(text)


def _rulers(canvas: Canvas, template: Template, x: float, y: float) -> None:
    """Draw a ruler to the right and one upwards, as long as the page has room for tens."""
    room = min(template.page) - 8
    length = min(_RULER_MM, int(room // 10 * 10))
    canvas.line(x, y, x + length * mm, y)
    canvas.line(x, y, x, y + length * mm)
    for at in range(length + 1):
        tick = (3.0 if at % 10 == 0 else 1.5) * mm
        canvas.line(x + at * mm, y, x + at * mm, y + tick)
        canvas.line(x, y + at * mm, x + tick, y + at * mm)
    canvas.setFont(REGULAR, 5.5)
    canvas.drawString(x + 5 * mm, y + 9 * mm, f"In 100 %, không co giãn: {length} mm")
    canvas.drawString(x + 5 * mm, y + 6 * mm, f"Print at 100 %: {length} mm")


def _begin(path: Path, template: Template, title: str) -> Canvas:
    fonts()
    rl_config.useA85 = 0  # binary streams: a quarter smaller, and no file goes by mail as text
    size = (template.page[0] * mm, template.page[1] * mm)
    # Invariant: the same labels are the same bytes, whenever they are printed.
    canvas = Canvas(str(path), pagesize=size, pageCompression=1, invariant=1, lang="vi")
    canvas.setTitle(title)
    canvas.setCreator("Nguồn")
    return canvas
