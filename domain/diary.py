"""The farm diary: what was done on a plot, on which day, declared by whom.

The eight kinds are the tiles a grower chooses from; VietGAP's records (inputs, dose,
pre-harvest interval, harvest weight) are their fields.
"""

import enum
from dataclasses import dataclass
from datetime import date

from domain.ids import EntryId, PlotId


class Work(enum.StrEnum):
    """Kind of work."""

    PLANTING = "planting"
    IRRIGATION = "irrigation"
    FERTILISING = "fertilising"
    SPRAYING = "spraying"
    WEEDING = "weeding"
    SCOUTING = "scouting"
    HARVEST = "harvest"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PermittedProduct:
    """A plant protection product in a dated list, with its pre-harvest interval in days."""

    code: str
    name: str
    waiting_days: int
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``amount`` is in ``unit``: kg for a harvest, whatever fits elsewhere.

    ``product`` is the code in the permitted list for spraying. ``author`` is the login
    that wrote it; an entry is never edited.
    """

    id: EntryId
    plot: PlotId
    work: Work
    day: date
    author: str
    amount: float | None
    unit: str | None
    product: str | None
    note: str
    recorded_ms: int
