"""Units of lots in the records store: one row a printed label with a serial of its own."""

from collections.abc import Sequence

import sqlalchemy as sa

from domain.errors import Clash
from domain.gs1 import Gtin, LotNumber, SerialNumber
from domain.lot import Lot, Unit
from store.records import tables as t


class Units:
    """Questions and statements about units; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, units: Sequence[Unit]) -> None:
        """Keep units; raises `Clash` when a serial was printed before, and then keeps none."""
        rows = [dict(gtin=unit.gtin, serial=unit.serial, number=unit.number,
                     kilograms=unit.kilograms, printed_ms=unit.printed_ms)
                for unit in units]  # fmt: skip
        try:
            with self._connection.begin_nested():
                self._connection.execute(t.serial.insert(), rows)
        except sa.exc.IntegrityError as error:
            message = "one of these serials was printed before"
            raise Clash(message) from error

    def find(self, gtin: Gtin, serial: SerialNumber) -> Unit | None:
        """Return a unit, None when no label with that serial was printed."""
        c = t.serial.c
        query = sa.select(t.serial).where(c.gtin == gtin, c.serial == serial)
        r = self._connection.execute(query).one_or_none()
        if r is None:
            return None
        return Unit(Gtin(r.gtin), SerialNumber(r.serial), LotNumber(r.number), r.kilograms,
                    r.printed_ms)  # fmt: skip

    def printed(self, lot: Lot) -> tuple[int, float]:
        """Return how many units of a lot were printed, and the kilograms they hold together."""
        c = t.serial.c
        total = sa.func.coalesce(sa.func.sum(c.kilograms), 0.0)
        query = sa.select(sa.func.count(), total).where(c.gtin == lot.gtin, c.number == lot.number)
        count, kilograms = self._connection.execute(query).one()
        return int(count), float(kilograms)
