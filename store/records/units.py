"""Printed labels in the records store: runs of the printer, a row a serial, and what is void."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from domain.errors import Clash
from domain.gs1 import Gtin, LotNumber, SerialNumber
from domain.label import PrintRun, Void, VoidReason
from domain.lot import Lot, Unit
from store.records import label_tables as t
from store.records.tables import serial as serial_table

_AT_ONCE = 200  # keys in one statement: SQLite counts bound values


class Units:
    """Questions and statements about printed labels; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, units: Sequence[Unit]) -> None:
        """Keep units; raises `Clash` when a serial was printed before, and then keeps none."""
        rows = [dict(gtin=unit.gtin, serial=unit.serial, number=unit.number,
                     kilograms=unit.kilograms, printed_ms=unit.printed_ms, run=unit.run,
                     position=unit.position)
                for unit in units]  # fmt: skip
        try:
            with self._connection.begin_nested():
                self._connection.execute(serial_table.insert(), rows)
        except sa.exc.IntegrityError as error:
            message = "one of these serials was printed before"
            raise Clash(message) from error

    def find(self, gtin: Gtin, serial: SerialNumber) -> Unit | None:
        """Return a unit, None when no label with that serial was printed."""
        return next(iter(self.among(gtin, [serial])), None)

    def among(self, gtin: Gtin, serials: Sequence[SerialNumber]) -> list[Unit]:
        """Return the units of a product that bear any of some serials."""
        c = serial_table.c
        some = (serials[i : i + _AT_ONCE] for i in range(0, len(serials), _AT_ONCE))
        queries = (sa.select(serial_table).where(c.gtin == gtin, c.serial.in_(few)) for few in some)
        return [_unit(row) for query in queries for row in self._connection.execute(query)]

    def of(self, lot: Lot, run: int | None = None) -> list[Unit]:
        """Return the units of a lot, or of one run, in the order in which they were printed."""
        c = serial_table.c
        query = sa.select(serial_table).where(c.gtin == lot.gtin, c.number == lot.number)
        if run is not None:
            query = query.where(c.run == run)
        ordered = query.order_by(c.run, c.position, c.serial)
        return [_unit(row) for row in self._connection.execute(ordered)]

    def printed(self, lot: Lot) -> tuple[int, float]:
        """Return how many units of a lot were printed, and the kilograms they hold together."""
        return self._weighed(sa.select(serial_table), lot)

    def bearing(self, lot: Lot) -> tuple[int, float]:
        """Return the same of the units whose labels may still be on something: not destroyed."""
        gone = sa.and_(
            t.voided.c.gtin == serial_table.c.gtin,
            t.voided.c.serial == serial_table.c.serial,
            t.voided.c.reason == VoidReason.DESTROYED.value,
        )
        there = sa.select(serial_table).where(~sa.exists().where(gone))
        return self._weighed(there, lot)

    def _weighed(self, units: "sa.Select[Any]", lot: Lot) -> tuple[int, float]:
        c = serial_table.c
        total = sa.func.coalesce(sa.func.sum(c.kilograms), 0.0)
        query = units.with_only_columns(sa.func.count(), total).where(
            c.gtin == lot.gtin, c.number == lot.number
        )
        count, kilograms = self._connection.execute(query).one()
        return int(count), float(kilograms)

    def add_run(self, lot: Lot, run: PrintRun) -> None:
        """Keep a run of the printer; raises `Clash` at the end when another has its number."""
        row = dict(gtin=lot.gtin, number=lot.number, run=run.number, count=run.count,
                   unit_kg=run.unit_kg, printed_ms=run.printed_ms)  # fmt: skip
        self._connection.execute(t.print_run.insert().values(row))

    def runs(self, lot: Lot) -> list[PrintRun]:
        """Return a lot's runs of the printer, first to last."""
        c, s = t.print_run.c, serial_table.c
        void = (
            sa.select(sa.func.count())
            .select_from(t.voided.join(serial_table))
            .where(s.gtin == c.gtin, s.number == c.number, s.run == c.run)
            .scalar_subquery()
        )
        query = (
            sa.select(c.run, c["count"], c.unit_kg, c.printed_ms, void)
            .where(c.gtin == lot.gtin, c.number == lot.number)
            .order_by(c.run)
        )
        return [PrintRun(*row) for row in self._connection.execute(query)]

    def void(self, voids: Iterable[Void]) -> None:
        """Keep that serials are void, for good; raises `Clash` at the end for one that is."""
        rows = [dict(gtin=one.gtin, serial=one.serial, reason=one.reason.value, note=one.note,
                     author=one.author, since_ms=one.since_ms)
                for one in voids]  # fmt: skip
        if rows:
            self._connection.execute(t.voided.insert(), rows)

    def voided(self, gtin: Gtin, serial: SerialNumber) -> Void | None:
        """Return why a serial is void, None when it is not."""
        c = t.voided.c
        query = sa.select(t.voided).where(c.gtin == gtin, c.serial == serial)
        found = self._connection.execute(query).one_or_none()
        return None if found is None else _void(found)

    def voids(self, lot: Lot) -> dict[SerialNumber, Void]:
        """Return the void serials of a lot."""
        s = serial_table.c
        query = (
            sa.select(t.voided)
            .join(serial_table)
            .where(s.gtin == lot.gtin, s.number == lot.number)
            .order_by(s.run, s.position, s.serial)
        )
        found = map(_void, self._connection.execute(query))
        return {one.serial: one for one in found}


def _unit(r: "sa.Row[Any]") -> Unit:
    return Unit(Gtin(r.gtin), SerialNumber(r.serial), LotNumber(r.number), r.kilograms,
                r.printed_ms, r.run, r.position)  # fmt: skip


def _void(r: "sa.Row[Any]") -> Void:
    return Void(Gtin(r.gtin), SerialNumber(r.serial), VoidReason(r.reason), r.note, r.author,
                r.since_ms)  # fmt: skip
