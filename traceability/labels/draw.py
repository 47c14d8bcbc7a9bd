"""One label: its code, and its text set as large as it fits."""

from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from domain.errors import Refused
from traceability.labels.content import Label
from traceability.labels.font import BOLD, REGULAR, require_signs, width_pt
from traceability.labels.symbol import QUIET_MODULES, Symbol, symbol
from traceability.labels.templates import Template

_PADDING = 1.5
_LEADING = 1.22
_SHRINK = 0.25


@dataclass(frozen=True, slots=True)
class Set:
    """A line as it will be drawn: sizes in points."""

    text: str
    font: str
    size: float

    @property
    def height(self) -> float:
        """How much room the line takes."""
        return self.size * _LEADING


@dataclass(frozen=True, slots=True)
class Box:
    """Room for text: lower left corner and size, in points from the corner of the label."""

    x: float
    y: float
    width: float
    height: float


def code_at(template: Template) -> tuple[float, float]:
    """Return the lower left corner of the code with its quiet zone, in millimetres."""
    width, height = template.cell
    if template.layout == "beside":
        return 0.0, (height - template.qr) / 2
    return (width - template.qr) / 2, height - template.qr


def text_box(template: Template) -> Box:
    """Return the room for text: right of the code or below it."""
    width, height = template.cell
    if template.layout == "beside":
        x, y = template.qr, _PADDING
        return Box(x * mm, y * mm, (width - x - _PADDING) * mm, (height - 2 * y) * mm)
    return Box(_PADDING * mm, _PADDING * mm, (width - 2 * _PADDING) * mm,
               (height - template.qr - _PADDING) * mm)  # fmt: skip


def draw_code(canvas: Canvas, link: str, template: Template) -> None:
    """Draw the code of a link; raises `Refused` when its modules would be too small."""
    made = symbol(link)
    module = template.qr / made.whole
    if module < template.least_module:
        message = (
            f"the code would have modules of {module:.2f} mm on {template.name}; choose a larger"
            f" label or a shorter address ({len(link)} characters)"
        )
        raise Refused(message, "label-size")
    x, y = code_at(template)
    canvas.addLiteral(_path(made, x * mm, y * mm, module * mm))


def _path(made: Symbol, x: float, y: float, module: float) -> str:
    """Return the code as one filled path in whole modules, the y axis turned downwards."""
    left, top = x + QUIET_MODULES * module, y + (made.side + QUIET_MODULES) * module
    rectangles = " ".join(f"{rx} {ry} {length} 1 re" for rx, ry, length in made.runs)
    matrix = f"{module:.5f} 0 0 {-module:.5f} {left:.4f} {top:.4f} cm"
    return f"q 0 g {matrix} {rectangles} f Q"


def draw_text(canvas: Canvas, label: Label, template: Template) -> None:
    """Draw heading and lines; raises `Refused` when what is typed by hand does not fit."""
    box = text_box(template)
    lines = set_lines(label, template, box)
    y = box.y + box.height - max(0.0, box.height - sum(line.height for line in lines)) / 2
    for line in lines:
        y -= line.height
        canvas.setFont(line.font, line.size)
        canvas.drawString(box.x, y + line.size * (_LEADING - 1), line.text)


def set_lines(label: Label, template: Template, box: Box) -> list[Set]:
    """Return the lines that fit, top first: those typed by hand always, others while they do."""
    typed = [
        part for line in label.lines if line.typed for part in _whole(line.text, template, box)
    ]
    least = sum(line.height for line in typed)
    heading = _heading(label.title, template, box.width)
    if _height(heading) + least > box.height:
        heading = [_fit(label.title, BOLD, template.text, template, box.width)]
    room = box.height - _height(heading) - least
    if room < 0:
        message = f"heading, lot and GTIN do not fit on {template.name}"
        raise Refused(message, "label-size")
    return [*heading, *typed, *_others(label, template, box, room)]


def _height(lines: list[Set]) -> float:
    return sum(line.height for line in lines)


def _whole(text: str, template: Template, box: Box) -> list[Set]:
    """Return a text that is never cut: smaller if it must be, and on two lines at last."""
    require_signs(text)
    for size in _sizes(template.text, template.least_text):
        if width_pt(text, REGULAR, size) <= box.width:
            return [Set(text, REGULAR, size)]
    return [Set(part, REGULAR, template.least_text) for part in _parts(text, template, box)]


def _parts(text: str, template: Template, box: Box) -> Iterator[str]:
    """Yield a text in lines of the smallest letters, broken after a sign that parts it."""
    while width_pt(text, REGULAR, template.least_text) > box.width:
        kept = len(text)
        while width_pt(text[:kept], REGULAR, template.least_text) > box.width:
            kept -= 1
        parted = max(text.rfind(sign, 0, kept) for sign in " /-.") + 1
        kept = parted if parted > kept // 2 else kept
        yield text[:kept]
        text = text[kept:]
    yield text


def _sizes(largest: float, least: float) -> Iterator[float]:
    size = largest
    while size > least:
        yield size
        size -= _SHRINK
    yield least


def _heading(title: str, template: Template, width: float) -> list[Set]:
    """Return a heading on one line, or on two where that keeps it large, smaller at last."""
    require_signs(title)
    for size in _sizes(template.title, template.least_text):
        halves = _halves(title, size, width)
        if all(width_pt(half, BOLD, size) <= width for half in halves):
            return [Set(half, BOLD, size) for half in halves]
    return [_fit(title, BOLD, template.least_text, template, width)]


def _halves(title: str, size: float, width: float) -> list[str]:
    """Return a title on one line if it fits, else broken after the last word that does."""
    words = title.split()
    fitting = len(words)
    while fitting > 1 and width_pt(" ".join(words[:fitting]), BOLD, size) > width:
        fitting -= 1
    parts = " ".join(words[:fitting]), " ".join(words[fitting:])
    return [part for part in parts if part]


def _others(label: Label, template: Template, box: Box, room: float) -> Iterator[Set]:
    for line in label.lines:
        if line.typed or not line.text:
            continue
        if line.whole:
            fitted = _whole(line.text, template, box)
        else:
            fitted = [_fit(line.text, REGULAR, template.text, template, box.width)]
        if _height(fitted) <= room:
            room -= _height(fitted)
            yield from fitted
        elif not line.whole:
            return


def _fit(text: str, font: str, largest: float, template: Template, width: float) -> Set:
    """Return a line set smaller until it fits, cut with an ellipsis at last."""
    require_signs(text)
    for size in _sizes(largest, template.least_text):
        if width_pt(text, font, size) <= width:
            return Set(text, font, size)
    kept = text
    while kept and width_pt(f"{kept}…", font, template.least_text) > width:
        kept = kept[:-1]
    return Set(f"{kept.rstrip()}…", font, template.least_text)
