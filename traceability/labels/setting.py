"""The text of a label set into the room it has: as large as it fits, and what has none, told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportlab.lib.units import mm

from domain.errors import Refused
from traceability.labels.content import NAME, Label, Line
from traceability.labels.font import BOLD, REGULAR, require_signs, width_pt
from traceability.labels.templates import Template

_PADDING = 1.5
LEADING = 1.22
_SHRINK = 0.25
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Set:
    """A line as it will be drawn: sizes in points."""

    text: str
    font: str
    size: float

    @property
    def height(self) -> float:
        """How much room the line takes."""
        return self.size * LEADING


@dataclass(frozen=True, slots=True)
class Lost:
    """A line that a label leaves out, or cuts; ``shown`` is what stands there of it, if any."""

    line: Line
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """The text of a label as it will be drawn, and what of it will not be."""

    lines: tuple[Set, ...]
    lost: tuple[Lost, ...]

    @property
    def height(self) -> float:
        """How much room the text takes, in points."""
        return sum(line.height for line in self.lines)


@dataclass(frozen=True, slots=True)
class Box:
    """Room for text: lower left corner and size, in points from the corner of the label."""

    x: float
    y: float
    width: float
    height: float


def text_box(template: Template) -> Box:
    """Return the room for text: right of the code or below it."""
    width, height = template.cell
    if template.layout == "beside":
        x, y = template.qr, _PADDING
        return Box(x * mm, y * mm, (width - x - _PADDING) * mm, (height - 2 * y) * mm)
    return Box(_PADDING * mm, _PADDING * mm, (width - 2 * _PADDING) * mm,
               (height - template.qr - _PADDING) * mm)  # fmt: skip


def set_text(label: Label, template: Template) -> Setting:
    """Return the lines that fit, top first: those typed by hand always, others while they do.

    Raises `Refused` when not even what is typed by hand does.
    """
    box = text_box(template)
    typed = [
        part for line in label.lines if line.typed for part in _whole(line.text, template, box)
    ]
    least = _height(typed)
    heading = _heading(label.title, template, box.width)
    if _height(heading) + least > box.height:
        heading = [_fit(label.title, BOLD, template.text, template, box.width)]
    room = box.height - _height(heading) - least
    if room < 0:
        message = f"heading and what is typed by hand do not fit on {template.name}"
        raise Refused(message, "label-size")
    others = list(_others(label, template, box, room))
    title = _lost(Line(label.title, NAME), heading)
    lost = (title, *(_lost(line, fitted) for line, fitted in others))
    below = (part for _, fitted in others for part in fitted)
    return Setting((*heading, *typed, *below), tuple(one for one in lost if one is not None))


def _lost(line: Line, fitted: Sequence[Set]) -> Lost | None:
    """Return what of a line does not stand on the label, None when all of it does."""
    if fitted and not fitted[-1].text.endswith(_CUT):
        return None
    return Lost(line, " ".join(part.text for part in fitted))


def _height(lines: Sequence[Set]) -> float:
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


def _others(
    label: Label, template: Template, box: Box, room: float
) -> Iterator[tuple[Line, list[Set]]]:
    """Yield every other line with how it is set, with nothing where it is left out."""
    full = False
    for line in label.lines:
        if line.typed or not line.text:
            continue
        if line.whole:
            fitted = _whole(line.text, template, box)
        else:
            fitted = [_fit(line.text, REGULAR, template.text, template, box.width)]
        fits = _height(fitted) <= room and (line.whole or not full)
        # What is needed less does not stand where what is needed more had no room.
        full = full or not (fits or line.whole)
        room -= _height(fitted) if fits else 0.0
        yield line, fitted if fits else []


def _fit(text: str, font: str, largest: float, template: Template, width: float) -> Set:
    """Return a line set smaller until it fits, cut with an ellipsis at last."""
    require_signs(text)
    for size in _sizes(largest, template.least_text):
        if width_pt(text, font, size) <= width:
            return Set(text, font, size)
    kept = text
    while kept and width_pt(f"{kept}{_CUT}", font, template.least_text) > width:
        kept = kept[:-1]
    return Set(f"{kept.rstrip()}{_CUT}", font, template.least_text)
