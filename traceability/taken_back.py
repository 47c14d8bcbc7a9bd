"""Serials made void as EPCIS events: taken back for good (CBV 2.0, ``decommissioning``).

Made of nothing but what the records keep, as the events of lots and steps are, so that
``nguon fsck`` makes them again. They name serials: only the office is told them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.gs1 import SerialNumber
from domain.lot import Lot
from domain.window import local_day
from store.records import Transaction
from traceability.epcis import lots as epcis
from traceability.epcis.telling import Event, Item, When, Where
from traceability.lineage.telling import keep, log

_AT_ONCE = 1_000
"""Serials in one event: a run of the printer may have twenty times as many."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Serials of a lot that were made void at a moment; ``part`` counts from 0 where many were."""

    lot: Lot
    at_ms: int
    part: int
    serials: tuple[SerialNumber, ...]

    @property
    def subject(self) -> str:
        """What the log files its event under."""
        return f"void/{self.lot.gtin}/{self.lot.number}/{self.at_ms}/{self.part}"


def taken_back(transaction: Transaction, lot: Lot) -> Iterator[TakenBack]:
    """Yield what was taken back of a lot, by time."""
    by_time: dict[int, list[SerialNumber]] = {}
    for one in transaction.units.voids(lot).values():
        by_time.setdefault(one.since_ms, []).append(one.serial)
    for at_ms in sorted(by_time):
        serials = sorted(by_time[at_ms])
        for part, first in enumerate(range(0, len(serials), _AT_ONCE)):
            yield TakenBack(lot, at_ms, part, tuple(serials[first : first + _AT_ONCE]))


def event_of(transaction: Transaction, one: TakenBack) -> Event:
    """Return the event that tells of it."""
    plot = transaction.places.plot(one.lot.plot)
    day = local_day(one.at_ms, transaction.places.zone_of(plot, one.lot.harvested))
    when = When(one.at_ms, transaction.places.zone_of(plot, day))
    items = [Item(one.lot.gtin, serial) for serial in one.serials]
    return epcis.decommissioned(items, when, Where(plot.gln))


def tell(transaction: Transaction, lot: Lot, at_ms: int) -> None:
    """Keep and log the events of what was made void at a moment; last in its transaction."""
    for one in taken_back(transaction, lot):
        if one.at_ms == at_ms:
            event = event_of(transaction, one)
            keep(transaction, event, at_ms)
            log(transaction, one.subject, event, at_ms)
