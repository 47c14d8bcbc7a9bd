"""A telephone's camera, poorly held: pages rendered, blurred, stained, read again."""

import random
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from traceability.labels.draw import code_at
from traceability.labels.symbol import QUIET_MODULES, symbol
from traceability.labels.templates import Template

DPI = 150
_PX_MM = DPI / 25.4
_FINDER = 8  # modules, with its separator (ISO/IEC 18004, 6.3.3)


def pages(path: Path) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.render(scale=DPI / 72).to_pil().convert("L") for page in document]
    finally:
        document.close()


def codes(page: Image.Image, template: Template) -> Iterator[tuple[int, Image.Image]]:
    """The square of each cell's code, by cell, cells without ink left out."""
    cx, cy = code_at(template)
    for cell in range(template.cells):
        x, y = template.corner(cell)
        left, top = (x + cx) * _PX_MM, page.height - (y + cy + template.qr) * _PX_MM
        side = template.qr * _PX_MM
        crop = page.crop((int(left), int(top), int(left + side), int(top + side)))
        if crop.getextrema()[0] < 128:  # type: ignore[operator] # of one band: two numbers
            yield cell, crop


def blurred(page: Image.Image) -> Image.Image:
    return page.filter(ImageFilter.GaussianBlur(1.0))


def stained(code: Image.Image, link: str, share: float, dice: random.Random) -> Image.Image:
    """Two stains, black or white, that cover a share of the symbol, none on a finder pattern.

    With a finder gone no decoder knows that there is a code; and as dust all over, as many
    modules would spoil more codewords than any level of correction restores.
    """
    made = symbol(link)
    module = code.width / made.whole
    edge = (share / 2) ** 0.5 * made.side
    drawing = ImageDraw.Draw(code)
    for _ in range(2):
        x, y = _spot(made.side, edge, dice)
        corner = (QUIET_MODULES + x) * module, (QUIET_MODULES + y) * module
        box = (*corner, corner[0] + edge * module, corner[1] + edge * module)
        drawing.rectangle(box, fill=dice.choice((0, 255)))
    return code


def _spot(side: int, edge: float, dice: random.Random) -> tuple[float, float]:
    far = side - _FINDER
    while True:
        x, y = dice.uniform(0, side - edge), dice.uniform(0, side - edge)
        finders = ((0, 0), (far, 0), (0, far))
        if not any(
            fx - edge < x < fx + _FINDER and fy - edge < y < fy + _FINDER for fx, fy in finders
        ):
            return x, y


def read(code: Image.Image) -> list[str]:
    return [one.text for one in zxingcpp.read_barcodes(code)]
