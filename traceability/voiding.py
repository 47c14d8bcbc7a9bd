"""Labels that are spoilt, lost or stolen: their serials are void, for good.

A void serial is never printed again and never valid again; whoever scans it is told so. The
kilograms of its unit may be printed anew only where the label is known to be destroyed. One
that was lost, stolen, or spoilt and left lying about may still be stuck on something, and the
harvest would then be sold twice; that it scans as void is the buyer's protection, not the cap's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import Clash, InvalidInput, NotFound
from domain.gs1 import SerialNumber
from domain.label import Void, VoidReason
from domain.lot import Lot, Unit
from domain.text import plain
from store.records import Transaction
from traceability.taken_back import tell

MAX_NOTE = 200


@dataclass(frozen=True, slots=True)
class Why:
    """The reason, and what an officer wrote beside it: for the office, never for buyers."""

    reason: VoidReason
    note: str = ""

    @classmethod
    def parse(cls, reason: str, note: str) -> "Why":
        """Return it in plain text; raises `InvalidInput`."""
        if reason not in set(VoidReason):
            message = f"one of {', '.join(VoidReason)}"
            raise InvalidInput(message, "void_reason")
        return cls(VoidReason(reason), plain(note, "void_note", MAX_NOTE))


@dataclass(frozen=True, slots=True)
class Voided:
    """What became of it: units void from now on, and how many of those named were so before.

    ``kilograms`` is what may be printed anew, ``scanned`` how many of the new ones somebody
    has scanned already: a label that was seen was not spoilt in the printer.
    """

    lot: Lot
    units: tuple[Unit, ...]
    before: int
    kilograms: float
    scanned: int


def of_run(
    transaction: Transaction, lot: Lot, run: int, first: int | None = None, last: int | None = None
) -> list[SerialNumber]:
    """Return the serials of a run of the printer, all or from one place to another, from 1.

    Raises `NotFound` for a run that there is not, `InvalidInput` for places that it has not.
    """
    known = {one.number: one for one in transaction.units.runs(lot)}.get(run)
    if known is None:
        message = f"lot {lot.number} has no print run {run}"
        raise NotFound(message)
    if known.unit_kg is None:
        message = f"the labels of print run {run} are all alike: they bear no serials"
        raise InvalidInput(message, "run")
    units = transaction.units.of(lot, run)
    if first is None and last is None:
        return [one.serial for one in units]
    low, high = 1 if first is None else first, known.count if last is None else last
    if not 1 <= low <= high <= known.count:
        message = f"print run {run} has labels 1 to {known.count}, not {low} to {high}"
        raise InvalidInput(message, "places")
    if any(one.position is None for one in units):
        message = f"of print run {run} it is not known which label stood where; name the serials"
        raise InvalidInput(message, "places")
    return [one.serial for one in units if low <= (one.position or 0) <= high]


def void(
    transaction: Transaction, lot: Lot, serials: Sequence[SerialNumber], why: Why, author: str,
    now_ms: int,
) -> Voided:  # fmt: skip
    """Make serials of a lot void, all or none; those that are so for the same reason stay so.

    Raises `InvalidInput` for no serials, `NotFound` for one that this lot's labels do not bear,
    `Clash` for one that is void for another reason.
    """
    transaction.lots.lock(lot)
    units = _printed(transaction, lot, serials)
    there = transaction.units.voids(lot)
    for one in units:
        known = there.get(one.serial)
        if known is not None and known.reason is not why.reason:
            message = f"serial {one.serial} is void already: {known.reason}"
            raise Clash(message)
    fresh = tuple(one for one in units if one.serial not in there)
    # What is done to a lot's labels has times of its own: they tell the events apart.
    at_ms = max([now_ms, *(one.since_ms + 1 for one in there.values())])
    transaction.units.void(
        Void(lot.gtin, one.serial, why.reason, why.note, author, at_ms) for one in fresh
    )
    back = sum(one.kilograms for one in fresh) if why.reason is VoidReason.DESTROYED else 0.0
    seen = transaction.scans.units_seen(lot.gtin, lot.number)
    scanned = sum(one.serial in seen for one in fresh)
    tell(transaction, lot, at_ms)
    return Voided(lot, fresh, len(units) - len(fresh), back, scanned)


def _printed(transaction: Transaction, lot: Lot, serials: Sequence[SerialNumber]) -> list[Unit]:
    named = list(dict.fromkeys(serials))
    if not named:
        message = "no serial is named"
        raise InvalidInput(message, "serials")
    found = {one.serial: one for one in transaction.units.among(lot.gtin, named)}
    for one in named:
        if one not in found or found[one].number != lot.number:
            message = f"no label of lot {lot.number} bears the serial {one}"
            raise NotFound(message)
    return [found[one] for one in named]
