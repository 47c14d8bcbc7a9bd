"""The font that is embedded: Be Vietnam Pro (OFL 1.1), drawn for Vietnamese.

From a package, not from the machine: the same lot prints the same label everywhere.
"""

from functools import cache, lru_cache

import fontpkg
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from domain.errors import InvalidInput

REGULAR, BOLD = "BeVietnamPro", "BeVietnamPro-Bold"
_WEIGHTS = {REGULAR: 400, BOLD: 700}


@cache
def fonts() -> dict[str, TTFont]:
    """Return the fonts by name, registered with the PDF writer."""
    made = {name: TTFont(name, str(fontpkg.path("Be Vietnam Pro", weight)))
            for name, weight in _WEIGHTS.items()}  # fmt: skip
    for font in made.values():
        pdfmetrics.registerFont(font)
    return made


def require_signs(text: str) -> None:
    """Raise `InvalidInput` when the font has no sign for a letter: a box says nothing."""
    known = fonts()[REGULAR].face.charToGlyph
    for sign in text:
        if ord(sign) not in known:
            message = f"the font of labels has no sign for U+{ord(sign):04X}"
            raise InvalidInput(message, "label")


@lru_cache(4_096)  # of ten thousand labels, nine lines in ten are the same
def width_pt(text: str, font: str, size: float) -> float:
    """Return how wide a text is, in points."""
    return float(pdfmetrics.stringWidth(text, fonts()[font].fontName, size))
