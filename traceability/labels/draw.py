"""One label: its code, and its text."""

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from domain.errors import Refused
from traceability.labels.content import Label
from traceability.labels.setting import LEADING, Lost, set_text, text_box
from traceability.labels.symbol import QUIET_MODULES, Symbol, symbol
from traceability.labels.templates import Template


def code_at(template: Template) -> tuple[float, float]:
    """Return the lower left corner of the code with its quiet zone, in millimetres."""
    width, height = template.cell
    if template.layout == "beside":
        return 0.0, (height - template.qr) / 2
    return (width - template.qr) / 2, height - template.qr


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


def draw_text(canvas: Canvas, label: Label, template: Template) -> tuple[Lost, ...]:
    """Draw heading and lines; return those that have no room.

    Raises `Refused` when what is typed by hand does not fit.
    """
    box, text = text_box(template), set_text(label, template)
    y = box.y + box.height - max(0.0, box.height - text.height) / 2
    for line in text.lines:
        y -= line.height
        canvas.setFont(line.font, line.size)
        canvas.drawString(box.x, y + line.size * (LEADING - 1), line.text)
    return text.lost
