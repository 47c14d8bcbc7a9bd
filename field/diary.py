"""The diary's rules: what an entry needs, and how long a spraying forbids a harvest.

The pre-harvest interval comes from the list in force on the day of spraying, never
from the list of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.diary import Entry, PermittedProduct, Work
from domain.errors import InvalidInput, Refused
from domain.ids import PlotId
from domain.text import plain
from store.records import Transaction

MAX_NOTE, MAX_PRODUCT, MAX_UNIT = 500, 80, 20
_GRAM_KG = 0.001
MAX_BACKDATE = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A spraying and the first day on which its plot may be harvested again.

    ``product`` is None when no list of that day has it: then there is no such day.
    """

    entry: Entry
    product: PermittedProduct | None
    free_from: date

    @property
    def name(self) -> str:
        """What was sprayed, as listed, or as written where no list has it."""
        return self.entry.product or "" if self.product is None else self.product.name


def record(transaction: Transaction, entry: Entry, today: date) -> bool:
    """Keep an entry; True when it is new, False when it was there already.

    Raises `InvalidInput` naming the field, `NotFound` for the plot, `Refused` when the
    product sprayed was not permitted on that day.
    """
    transaction.places.plot(entry.plot)
    entry = _in_plain_text(entry)
    _check(entry, today)
    if entry.work is Work.SPRAYING:
        permitted_on(transaction, entry)
    return transaction.diary.add(entry)


def permitted_on(transaction: Transaction, entry: Entry) -> PermittedProduct:
    """Return the list's row for what was sprayed; raises `Refused` when there is none."""
    product = _listed(transaction, entry)
    if product is not None:
        return product
    message = f"{entry.product} was not on the list of permitted products on {entry.day}"
    raise Refused(message, "permitted-products")


def waitings(transaction: Transaction, plot: PlotId, on: date) -> list[Waiting]:
    """Return the sprayings whose waiting period covers a day, the longest first."""
    entries = transaction.diary.entries(plot, on - MAX_BACKDATE, on)
    sprayings = [entry for entry in entries if entry.work is Work.SPRAYING]
    found = [_waiting(entry, _listed(transaction, entry)) for entry in sprayings]
    covering = [waiting for waiting in found if on < waiting.free_from]
    return sorted(covering, key=lambda waiting: waiting.free_from, reverse=True)


def product_names(transaction: Transaction, entries: Sequence[Entry]) -> dict[str, str]:
    """Return what the products sprayed are called, by code, as listed on the day of use."""
    sprayed = [entry for entry in entries if entry.work is Work.SPRAYING]
    found = [_listed(transaction, entry) for entry in sprayed]
    return {product.code: product.name for product in found if product is not None}


def _listed(transaction: Transaction, entry: Entry) -> PermittedProduct | None:
    listed = transaction.diary.permitted(entry.day)
    return next((product for product in listed if product.code == entry.product), None)


def _waiting(entry: Entry, product: PermittedProduct | None) -> Waiting:
    if product is None:
        return Waiting(entry, None, date.max)
    return Waiting(entry, product, entry.day + timedelta(days=product.waiting_days))


def last_of(entries: Sequence[Entry], work: Work) -> Entry | None:
    """Return the newest entry of a kind, to prefill the next one from."""
    return max((e for e in entries if e.work is work), key=lambda e: e.day, default=None)


def _in_plain_text(entry: Entry) -> Entry:
    return replace(
        entry,
        note=plain(entry.note, "note", MAX_NOTE, lines=True),
        product=plain(entry.product or "", "product", MAX_PRODUCT) or None,
        unit=plain(entry.unit or "", "unit", MAX_UNIT) or None,
    )


def _check(entry: Entry, today: date) -> None:
    if not today - MAX_BACKDATE <= entry.day <= today:
        message = f"{entry.day} is not a day between last year's season and today"
        raise InvalidInput(message, "day")
    if entry.amount is not None and not _GRAM_KG <= entry.amount < 1_000_000:
        message = "an amount is a number from 0.001 to a million"
        raise InvalidInput(message, "amount")
    if entry.work is Work.HARVEST and (entry.amount is None or entry.unit != "kg"):
        message = "a harvest needs its weight in kg, for example 320"
        raise InvalidInput(message, "amount")
    if entry.work is Work.SPRAYING and not entry.product:
        message = "a spraying needs the product that was used"
        raise InvalidInput(message, "product")
