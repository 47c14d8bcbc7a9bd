"""The word between the pages and whoever counts them: which label this answer was about.

A page says it in the request's scope, where the outermost layer has laid out a list; so a
page that is shown from memory is counted like one that is made anew.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from domain.lot import Lot

KEY = "nguon.opened"
# AI (21): 1 to 20 characters of GS1 encodable character set 82 (General Specifications 7.11).
_SERIAL = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")


@dataclass(frozen=True, slots=True)
class Opened:
    """The lot, and the unit's serial if its label named one, else empty."""

    gtin: str
    number: str
    serial: str


def serial_of(said: Sequence[tuple[str, str]]) -> str:
    """Return the serial among a label's AIs, empty where there is none or it is misspelt."""
    given = next((value for key, value in said if key == "21"), "")
    return given if _SERIAL.fullmatch(given) else ""


def note_opened(request: Request, lot: Lot, serial: str) -> None:
    """Say that this answer is the page of a lot."""
    laid_out: list[Opened] = request.scope.get(KEY, [])
    laid_out.append(Opened(lot.gtin, lot.number, serial))
