"""What is sold: products, lots, passports, recalls."""

import enum
from dataclasses import dataclass
from datetime import date

from domain.gs1 import Gtin, LotNumber, SerialNumber
from domain.ids import EntryId, PlotId, ProducerId, SeasonId, StepId


class LotState(enum.StrEnum):
    """What a buyer is told first; exactly one holds."""

    VALID = "valid"
    DOUBTED = "doubted"
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
    """Produce of one product under one number; weight in kilograms when it was opened.

    A lot is opened from one harvest, or ``made_by`` a step from other lots. Of the latter,
    ``plot``, ``season`` and ``harvest`` are those that most of it came from, ``harvested`` is
    the first day of all of them; what holds of it is judged by all of them.
    """

    gtin: Gtin
    number: LotNumber
    plot: PlotId
    season: SeasonId
    harvest: EntryId
    harvested: date
    expires: date
    kilograms: float
    opened_ms: int
    made_by: StepId | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One bag or crate of a lot, by the serial on its label; ``kilograms`` is what it holds.

    The serial is spent with the printing of its label: it is never printed again. ``run`` is
    the lot's run of the printer, ``position`` its place there from 1, None where not known.
    """

    gtin: Gtin
    serial: SerialNumber
    number: LotNumber
    kilograms: float
    printed_ms: int
    run: int
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A lot called back; it overrides everything else that is said of it."""

    gtin: Gtin
    number: LotNumber
    reason: str
    author: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """The office has looked into a lot in doubt and found that it may be sold."""

    gtin: Gtin
    number: LotNumber
    reason: str
    author: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """An officer asks that a lot be called back; another one confirms it, or it is withdrawn."""

    gtin: Gtin
    number: LotNumber
    reason: str
    author: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Denial:
    """The grower says that a lot made in their name is not theirs."""

    gtin: Gtin
    number: LotNumber
    reason: str
    author: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a buyer told of a label; ``code`` is what they saw, and may name no lot."""

    id: int
    code: str
    kind: str
    note: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class IssuedPassport:
    """A signed passport as issued: a DSSE envelope, byte for byte."""

    gtin: Gtin
    number: LotNumber
    envelope: bytes
    key_id: str
    issued_ms: int


def state_of(lot: Lot, recall: Recall | None, *, in_doubt: bool, today: date) -> LotState:
    """Return what holds of a lot today: a recall outranks a doubt, and that an expiry date."""
    if recall is not None:
        return LotState.RECALLED
    if in_doubt:
        return LotState.DOUBTED
    return LotState.EXPIRED if today > lot.expires else LotState.VALID
