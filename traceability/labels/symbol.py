"""The QR code of a label as rectangles of modules, for a pen and not for pixels.

ISO/IEC 18004, error correction Q as in `traceability.qr`: a quarter of the codewords may be
dirty. Made by zint (in zxing-cpp), which takes a millisecond where `qrcode` takes thirty; ten
thousand units have ten thousand codes. The tests read it with a decoder of another origin.
"""

from dataclasses import dataclass
from typing import cast

import zxingcpp

from domain.errors import InvalidInput

QUIET_MODULES = 4
_LEVEL = "Q"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code: ``side`` in modules without quiet zone, dark runs as (x, y, length) from the top."""

    side: int
    runs: tuple[tuple[int, int, int], ...]

    @property
    def whole(self) -> int:
        """The side with the quiet zone, in modules."""
        return self.side + 2 * QUIET_MODULES


def symbol(link: str) -> Symbol:
    """Return the code of a link; raises `InvalidInput` for what no code holds."""
    if not link:
        message = "a code says something"
        raise InvalidInput(message, "link")
    try:
        made = zxingcpp.create_barcode(link, zxingcpp.BarcodeFormat.QRCode, ec_level=_LEVEL)
        picture = made.to_image(scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError) as error:
        message = f"no QR code holds these {len(link)} characters"
        raise InvalidInput(message, "link") from error
    # Grey, eight bits a module, in rows; its stubs do not say that it is a buffer.
    rows = cast("list[list[int]]", memoryview(cast("bytes", picture)).tolist())
    runs = tuple(run for y, row in enumerate(rows) for run in _runs(row, y))
    return Symbol(len(rows), runs)


def _runs(row: list[int], y: int) -> list[tuple[int, int, int]]:
    found, start = [], None
    for x, value in enumerate([*row, 255]):
        if value == 0 and start is None:
            start = x
        elif value != 0 and start is not None:
            found.append((start, y, x - start))
            start = None
    return found
