"""Diary entries and the permitted products in the records store."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.diary import Entry, PermittedProduct, Work
from domain.errors import Clash, NotFound
from domain.ids import EntryId, PlotId
from store.records import tables as t


class Diary:
    """Questions and statements about the diary; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, entry: Entry) -> bool:
        """Keep an entry; True when it is new, False when it was there already.

        The client makes the id, so a post that is repeated on a bad line changes
        nothing. Raises `Clash` when the id is there with other content.
        """
        values = dict(id=entry.id, plot=entry.plot, work=entry.work.value, day=entry.day,
                      author=entry.author, amount=entry.amount, unit=entry.unit,
                      product=entry.product, note=entry.note,
                      recorded_ms=entry.recorded_ms)  # fmt: skip
        try:
            # A savepoint: of two posts at once, the second finds the first's row.
            with self._connection.begin_nested():
                self._connection.execute(t.entry.insert().values(values))
        except sa.exc.IntegrityError:
            pass
        else:
            return True
        query = sa.select(t.entry).where(t.entry.c.id == entry.id)
        found = self._connection.execute(query).one()
        there = _entry(found)
        if _content(there) != _content(entry):
            message = f"entry {entry.id} exists with other content"
            raise Clash(message)
        return False

    def entry(self, entry: EntryId) -> Entry:
        """Return an entry; raises `NotFound`."""
        query = sa.select(t.entry).where(t.entry.c.id == entry)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no diary entry {entry}"
            raise NotFound(message)
        return _entry(row)

    def every(self) -> list[Entry]:
        """Return every entry of every plot, by id."""
        return [
            _entry(row)
            for row in self._connection.execute(sa.select(t.entry).order_by(t.entry.c.id))
        ]

    def entries(self, plot: PlotId, first: date, last: date) -> list[Entry]:
        """Return a plot's entries of these days, both ends in, by day and id."""
        query = (
            sa.select(t.entry)
            .where(t.entry.c.plot == plot, t.entry.c.day >= first, t.entry.c.day <= last)
            .order_by(t.entry.c.day, t.entry.c.recorded_ms, t.entry.c.id)
        )
        return [_entry(row) for row in self._connection.execute(query)]

    def add_permitted(self, product: PermittedProduct) -> None:
        """Add a row to the dated list of permitted products."""
        row = dict(code=product.code, name=product.name, waiting_days=product.waiting_days,
                   valid_from=product.valid_from, valid_to=product.valid_to,
                   source=product.source)  # fmt: skip
        self._connection.execute(t.permitted_product.insert().values(row))

    def permitted(self, on: date) -> list[PermittedProduct]:
        """Return the list in force on a day, by name."""
        c = t.permitted_product.c
        query = (
            sa.select(t.permitted_product)
            .where(c.valid_from <= on, sa.or_(c.valid_to.is_(None), c.valid_to > on))
            .order_by(c.name)
        )
        return [
            PermittedProduct(r.code, r.name, r.waiting_days, r.valid_from, r.valid_to, r.source)
            for r in self._connection.execute(query)
        ]


def _content(entry: Entry) -> tuple[object, ...]:
    return (entry.plot, entry.work, entry.day, entry.author, entry.amount, entry.unit,
            entry.product, entry.note)  # fmt: skip


def _entry(r: "sa.Row[Any]") -> Entry:
    return Entry(EntryId(r.id), PlotId(r.plot), Work(r.work), r.day, r.author, r.amount, r.unit,
                 r.product, r.note, r.recorded_ms)  # fmt: skip
