"""The QR code of a link: PNG for labels, SVG for pages, text for a terminal.

ISO/IEC 18004, error correction Q: a quarter of the symbol may be dirty or torn, which
is what a wet bag needs. Four modules of quiet zone, as the standard asks.
"""

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_Q
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

_QUIET_MODULES = 4


def png(link: str, pixels_a_module: int = 8) -> bytes:
    """Return a PNG of the code, black on white."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=_QUIET_MODULES,
                         box_size=pixels_a_module, image_factory=PilImage)  # fmt: skip
    code.add_data(link)
    out = BytesIO()
    code.make_image().save(out, format="PNG")
    return out.getvalue()


def svg(link: str) -> bytes:
    """Return an SVG of the code as one path, sharp at any size."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=_QUIET_MODULES,
                         image_factory=SvgPathImage)  # fmt: skip
    code.add_data(link)
    out = BytesIO()
    code.make_image().save(out)
    return out.getvalue()


def terminal(link: str) -> str:
    """Return the code in half-block characters; two module rows a line.

    Error correction L: a screen is clean, and the code must fit a small window.
    Colours are set, so that a dark terminal does not print it inside out.
    """
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=2)
    code.add_data(link)
    code.make(fit=True)
    rows = code.get_matrix()
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        cells = "".join(_CELL[bool(a), bool(b)] for a, b in zip(upper, lower, strict=True))
        lines.append(f"\x1b[30;107m{cells}\x1b[0m")
    return "\n".join(lines)


_CELL = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
