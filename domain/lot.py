"""What is sold: products, lots, passports, recalls."""

import enum
from dataclasses import dataclass
from datetime import date

from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId, PlotId, ProducerId, SeasonId


class LotState(enum.StrEnum):
    """What a buyer is told first; exactly one holds."""

    VALID = "valid"
    EXPIRED = "expired"
    RECALLED = "recalled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Product:
    """A trade item of a producer; ``shelf_days`` counts from harvest to expiry."""

    gtin: Gtin
    crop: str
    producer: ProducerId
    name_vi: str
    name_en: str
    shelf_days: int


@dataclass(frozen=True, slots=True)
class Lot:
    """Produce of one harvest, of one product, under one number; weight in kilograms."""

    gtin: Gtin
    number: LotNumber
    plot: PlotId
    season: SeasonId
    harvest: EntryId
    harvested: date
    expires: date
    kilograms: float
    opened_ms: int


@dataclass(frozen=True, slots=True)
class Recall:
    """A lot called back; it overrides everything else that is said of it."""

    gtin: Gtin
    number: LotNumber
    reason: str
    author: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class IssuedPassport:
    """A signed passport as issued: a DSSE envelope, byte for byte."""

    gtin: Gtin
    number: LotNumber
    envelope: bytes
    key_id: str
    issued_ms: int


def state_of(lot: Lot, recall: Recall | None, today: date) -> LotState:
    """Return what holds of a lot today; a recall outranks an expiry date."""
    if recall is not None:
        return LotState.RECALLED
    return LotState.EXPIRED if today > lot.expires else LotState.VALID
