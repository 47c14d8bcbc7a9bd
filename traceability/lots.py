"""Opening a lot: the rules that must hold, each with its name and its reason.

Rules:

- ``harvest``              the lot comes from a harvest in the diary, weighed
- ``holder``               somebody held the plot on the day of harvest
- ``product``              the product is the holder's own and of the crop harvested
- ``season``               the plot was in a season on the day of harvest
- ``mass-balance``         lots together never weigh more than the harvest
- ``permitted-products``   what was sprayed was on the list in force that day
- ``pre-harvest-interval`` the waiting period of every spraying was over (VietGAP,
  TCVN 11892-1: harvest only after the pre-harvest interval on the label)
"""

import math
import re
from dataclasses import dataclass
from datetime import timedelta

from domain.diary import Entry, Work
from domain.errors import Clash, InvalidInput, Refused
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId
from domain.lot import Lot, Product
from domain.plot import Season
from field.diary import waitings
from store.records import Transaction
from traceability.lineage.telling import keep, log, opening_of, subject_of
from traceability.short_code import draw

_GRAM_KG = 0.001
_NOISE_KG = 1e-6  # of summing floats; weights are said to the gram
# AI (10) allows more, but a slash or a percent sign in a path is read in two ways.
_PRINTABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")


@dataclass(frozen=True, slots=True)
class LotRequest:
    """What is asked for: so many kilograms of a harvest, as a product, under a number."""

    gtin: Gtin
    number: LotNumber
    harvest: EntryId
    kilograms: float


def open_lot(transaction: Transaction, request: LotRequest, now_ms: int) -> Lot:
    """Open a lot and return it; the same request again returns the same lot.

    Raises `Refused` naming the rule, `NotFound`, `Clash` when the number is another lot's.
    """
    there = transaction.lots.find(request.gtin, request.number)
    if there is not None:
        asked = (None, request.harvest, request.kilograms)
        if (there.made_by, there.harvest, there.kilograms) == asked:
            return there
        message = f"lot {request.number} of {request.gtin} exists already"
        raise Clash(message)
    require_printable(request.number)
    harvest = transaction.diary.entry(request.harvest)
    if harvest.work is not Work.HARVEST:
        message = f"{harvest.id} is not a harvest"
        raise Refused(message, "harvest")
    product = transaction.lots.product(request.gtin)
    season = _season_of(transaction, harvest)
    _require_own_product(transaction, product, harvest, season)
    _require_within_harvest(transaction, request, harvest)
    require_waited(transaction, harvest)
    lot = Lot(
        gtin=request.gtin,
        number=request.number,
        plot=harvest.plot,
        season=season.id,
        harvest=harvest.id,
        harvested=harvest.day,
        expires=harvest.day + timedelta(days=product.shelf_days),
        kilograms=request.kilograms,
        opened_ms=now_ms,
    )
    add_named(transaction, lot)
    event = opening_of(transaction, lot)
    keep(transaction, event, now_ms)
    log(transaction, subject_of(lot), event, now_ms)
    return lot


def require_printable(number: LotNumber) -> None:
    """Raise `InvalidInput` on a number that no new lot should bear."""
    if not _PRINTABLE.fullmatch(number):
        message = "a new lot's number has letters, digits, dots, hyphens, underscores"
        raise InvalidInput(message, "number")


def add_named(transaction: Transaction, lot: Lot) -> None:
    """Keep a new lot, and a short code for it; raises `Clash` when its number is taken."""
    transaction.lots.add(lot)
    number = draw()
    while transaction.lots.by_short_number(number) is not None:
        number = draw()
    transaction.lots.name_short(lot, number)


def _season_of(transaction: Transaction, harvest: Entry) -> Season:
    season = transaction.places.season_on(harvest.plot, harvest.day)
    if season is None:
        message = f"plot {harvest.plot} was in no season on {harvest.day}"
        raise Refused(message, "season")
    return season


def _require_own_product(
    transaction: Transaction, product: Product, harvest: Entry, season: Season
) -> None:
    plot = transaction.places.plot(harvest.plot)
    holder = transaction.places.holder_on(plot, harvest.day)
    if holder is None:
        message = f"nobody held plot {plot.id} on {harvest.day}, by the dated list of its holders"
        raise Refused(message, "holder")
    if product.producer != holder or product.crop != season.crop:
        message = f"{product.gtin} is not {season.crop} of {holder}, who held plot {plot.id}"
        raise Refused(message, "product")


def _require_within_harvest(transaction: Transaction, request: LotRequest, harvest: Entry) -> None:
    if not _GRAM_KG <= request.kilograms < math.inf:
        message = "a lot weighs a gram or more"
        raise InvalidInput(message, "kilograms")
    left = (harvest.amount or 0.0) - transaction.lots.taken_from(harvest.id)
    if request.kilograms > left + _NOISE_KG:
        message = f"the harvest of {harvest.day} has {left:g} kg left, {request.kilograms:g} asked"
        raise Refused(message, "mass-balance")


def require_waited(transaction: Transaction, harvest: Entry) -> None:
    """Raise `Refused` when a spraying forbids this harvest, or was of nothing permitted."""
    for waiting in waitings(transaction, harvest.plot, harvest.day):
        if waiting.product is None:
            message = f"{waiting.entry.product} sprayed on {waiting.entry.day} was on no list"
            raise Refused(message, "permitted-products")
        message = (
            f"{waiting.product.name} was sprayed on {waiting.entry.day}; harvest is free from"
            f" {waiting.free_from} (list: {waiting.product.source})"
        )
        raise Refused(message, "pre-harvest-interval")
