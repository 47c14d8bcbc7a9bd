"""Labels as printed: runs of a printer, and serials that no longer vouch for anything."""

import enum
from dataclasses import dataclass

from domain.gs1 import Gtin, SerialNumber


class VoidReason(enum.StrEnum):
    """Why the serial on a label is void. Only of the first is the label known to be no more."""

    DESTROYED = "destroyed"
    SPOILT = "spoilt"
    LOST = "lost"
    STOLEN = "stolen"


@dataclass(frozen=True, slots=True)
class PrintRun:
    """Labels of a lot printed at once; ``number`` counts a lot's runs from 1.

    ``unit_kg`` is what each unit holds in kilograms, None where the labels are all alike and
    bear no serials. ``void`` is how many serials of the run are void since.
    """

    number: int
    count: int
    unit_kg: float | None
    printed_ms: int
    void: int = 0


@dataclass(frozen=True, slots=True)
class Void:
    """A serial that is void for good; ``note`` is what an officer wrote beside the reason."""

    gtin: Gtin
    serial: SerialNumber
    reason: VoidReason
    note: str
    author: str
    since_ms: int
