"""Places and people: areas, producers, plots, crops, seasons.

Areas are dated: on 2025-07-01 communes were merged and the district level ended, and
one code has meant two places. Judge by what was in force on the day of the event.
"""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from domain.erased import ERASED
from domain.gs1 import Gln
from domain.ids import AreaCode, PlotId, ProducerId, SeasonId


@dataclass(frozen=True, slots=True)
class Area:
    """A commune (or what was one), with the days between which it exists."""

    code: AreaCode
    name_vi: str
    name_en: str
    zone: ZoneInfo
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Producer:
    """Who grows. ``public_name`` is what buyers may read; nothing more is shown.

    ``gln`` is the party's own number, AI (417), not that of a place; None while it has none.
    """

    id: ProducerId
    public_name: str
    area: AreaCode
    phone: str | None
    gln: Gln | None = None

    @property
    def name_erased(self) -> bool:
        """Whether there is no name to be shown any more."""
        return self.public_name == ERASED


@dataclass(frozen=True, slots=True)
class Plot:
    """A piece of land. ``gln`` is its production location, AI (416)."""

    id: PlotId
    name: str
    producer: ProducerId
    area: AreaCode
    gln: Gln
    hectares: float


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a plot, from a day (in) to a day (out), by which paper (``source``)."""

    plot: PlotId
    producer: ProducerId
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop by its name in both languages."""

    code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Band:
    """The range of a property that suits a crop, from a day on, on someone's word."""

    crop: str
    property: str
    low: float
    high: float
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Season:
    """One crop on one plot; ``ended`` is None while it grows."""

    id: SeasonId
    plot: PlotId
    crop: str
    started: date
    ended: date | None


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a plot lies, from a day on, on someone's word: a GeoJSON geometry (RFC 7946)."""

    plot: PlotId
    valid_from: date
    geojson: str
    source: str
