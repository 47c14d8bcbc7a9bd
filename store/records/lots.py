"""Products, lots, passports, recalls and buyers' reports in the records store."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.errors import Clash, NotFound
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId, PlotId, ProducerId, SeasonId, StepId
from domain.lot import Finding, IssuedPassport, Lot, Product, Recall, Report
from store.records import tables as t

_AT_ONCE = 200  # keys in one statement: SQLite counts bound values


class Lots:
    """Questions and statements about what is sold; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_product(self, product: Product) -> None:
        """Keep a trade item."""
        row = dict(gtin=product.gtin, crop=product.crop, producer=product.producer,
                   name_vi=product.name_vi, name_en=product.name_en,
                   shelf_days=product.shelf_days)  # fmt: skip
        self._connection.execute(t.product.insert().values(row))

    def product(self, gtin: Gtin) -> Product:
        """Return a trade item; raises `NotFound`."""
        query = sa.select(t.product).where(t.product.c.gtin == gtin)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no product {gtin}"
            raise NotFound(message)
        return _product(row)

    def products(self, producer: ProducerId) -> list[Product]:
        """Return a producer's trade items."""
        query = sa.select(t.product).where(t.product.c.producer == producer)
        return [_product(row) for row in self._connection.execute(query.order_by(t.product.c.gtin))]

    def add(self, lot: Lot) -> None:
        """Keep a lot; raises `Clash` when the number is taken."""
        if self.find(lot.gtin, lot.number) is not None:
            message = f"lot {lot.number} of {lot.gtin} exists already"
            raise Clash(message)
        row = dict(gtin=lot.gtin, number=lot.number, plot=lot.plot, season=lot.season,
                   harvest=lot.harvest, harvested=lot.harvested, expires=lot.expires,
                   kilograms=lot.kilograms, opened_ms=lot.opened_ms,
                   made_by=lot.made_by)  # fmt: skip
        self._connection.execute(t.lot.insert().values(row))

    def find(self, gtin: str, number: str) -> Lot | None:
        """Return a lot, None when there is none."""
        query = sa.select(t.lot).where(t.lot.c.gtin == gtin, t.lot.c.number == number)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _lot(row)

    def among(self, keys: Sequence[tuple[Gtin, LotNumber]]) -> list[Lot]:
        """Return the lots of these keys that there are, in no order."""
        key = sa.tuple_(t.lot.c.gtin, t.lot.c.number)
        return [
            _lot(row)
            for first in range(0, len(keys), _AT_ONCE)
            for row in self._connection.execute(
                sa.select(t.lot).where(key.in_(keys[first : first + _AT_ONCE]))
            )
        ]

    def name_short(self, lot: Lot, number: int) -> None:
        """Keep the number that a lot's short code spells; a lot has one, for ever."""
        row = dict(number=number, gtin=lot.gtin, lot=lot.number)
        self._connection.execute(t.short_code.insert().values(row))

    def short_number(self, lot: Lot) -> int:
        """Return the number that a lot's short code spells; raises `NotFound`."""
        c = t.short_code.c
        query = sa.select(c.number).where(c.gtin == lot.gtin, c.lot == lot.number)
        found: int | None = self._connection.execute(query).scalar_one_or_none()
        if found is None:
            message = f"lot {lot.number} of {lot.gtin} has no short code"
            raise NotFound(message)
        return found

    def by_short_number(self, number: int) -> Lot | None:
        """Return the lot whose short code spells a number, None when there is none."""
        c = t.short_code.c
        beside = sa.and_(t.lot.c.gtin == c.gtin, t.lot.c.number == c.lot)
        query = sa.select(t.lot).join(t.short_code, beside).where(c.number == number)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _lot(row)

    def lots(self, plot: PlotId | None = None) -> list[Lot]:
        """Return all lots, or one plot's, newest first."""
        query = sa.select(t.lot).order_by(t.lot.c.opened_ms.desc(), t.lot.c.number)
        if plot is not None:
            query = query.where(t.lot.c.plot == plot)
        return [_lot(row) for row in self._connection.execute(query)]

    def of_products(self, gtins: Sequence[Gtin], limit: int) -> list[Lot]:
        """Return the newest lots of some products."""
        query = sa.select(t.lot).where(t.lot.c.gtin.in_(gtins))
        ordered = query.order_by(t.lot.c.opened_ms.desc(), t.lot.c.number).limit(limit)
        return [_lot(row) for row in self._connection.execute(ordered)]

    def taken_from(self, harvest: EntryId) -> float:
        """Return the kilograms that lots opened from a harvest have already taken of it.

        Locks the harvest on PostgreSQL, so that two lots opened at once cannot both
        take the rest; SQLite has one writer at a time anyway.
        """
        lock = sa.select(t.entry.c.id).where(t.entry.c.id == harvest).with_for_update()
        self._connection.execute(lock)
        query = sa.select(sa.func.coalesce(sa.func.sum(t.lot.c.kilograms), 0.0)).where(
            t.lot.c.harvest == harvest, t.lot.c.made_by.is_(None)
        )
        return float(self._connection.execute(query).scalar_one())

    def lock(self, lot: Lot) -> None:
        """Let others who lock the lot wait; SQLite has one writer at a time anyway."""
        c = t.lot.c
        query = sa.select(c.gtin).where(c.gtin == lot.gtin, c.number == lot.number)
        self._connection.execute(query.with_for_update())

    def add_passport(self, passport: IssuedPassport) -> None:
        """Keep a passport as issued."""
        row = dict(gtin=passport.gtin, number=passport.number, envelope=passport.envelope,
                   key_id=passport.key_id, issued_ms=passport.issued_ms)  # fmt: skip
        self._connection.execute(t.passport.insert().values(row))

    def passport(self, gtin: Gtin, number: LotNumber) -> IssuedPassport | None:
        """Return the newest passport of a lot, None when none was issued."""
        query = (
            sa.select(t.passport)
            .where(t.passport.c.gtin == gtin, t.passport.c.number == number)
            .order_by(t.passport.c.issued_ms.desc())
            .limit(1)
        )
        r = self._connection.execute(query).one_or_none()
        return None if r is None else _passport(r)

    def passport_at(self, gtin: Gtin, number: LotNumber, issued_ms: int) -> IssuedPassport | None:
        """Return the passport that a lot was issued at a moment, None when it was not."""
        c = t.passport.c
        query = sa.select(t.passport).where(
            c.gtin == gtin, c.number == number, c.issued_ms == issued_ms
        )
        r = self._connection.execute(query).one_or_none()
        return None if r is None else _passport(r)

    def issued_ms(self, lot: Lot) -> int | None:
        """Return when a lot's newest passport was issued, None when it has none."""
        c = t.passport.c
        query = sa.select(sa.func.max(c.issued_ms)).where(
            c.gtin == lot.gtin, c.number == lot.number
        )
        found: int | None = self._connection.execute(query).scalar_one()
        return found

    def issued(self, lot: Lot) -> list[int]:
        """Return when each passport of a lot was issued, oldest first."""
        c = t.passport.c
        query = sa.select(c.issued_ms).where(c.gtin == lot.gtin, c.number == lot.number)
        return list(self._connection.execute(query.order_by(c.issued_ms)).scalars())

    def passports(self) -> list[IssuedPassport]:
        """Return every passport ever issued, in order of issue."""
        query = sa.select(t.passport).order_by(t.passport.c.issued_ms)
        return [_passport(row) for row in self._connection.execute(query)]

    def add_recall(self, recall: Recall) -> None:
        """Keep a recall; a lot has one."""
        row = dict(gtin=recall.gtin, number=recall.number, reason=recall.reason,
                   author=recall.author, since_ms=recall.since_ms)  # fmt: skip
        self._connection.execute(t.recall.insert().values(row))

    def recalled(self, gtin: Gtin, number: LotNumber) -> Recall | None:
        """Return the recall of a lot, None when it is not recalled."""
        query = sa.select(t.recall).where(t.recall.c.gtin == gtin, t.recall.c.number == number)
        r = self._connection.execute(query).one_or_none()
        return None if r is None else _recall(r)

    def recalled_among(self, keys: Sequence[tuple[Gtin, LotNumber]]) -> list[Recall]:
        """Return the recalls of these lots, oldest first."""
        c = t.recall.c
        found = [
            _recall(row)
            for first in range(0, len(keys), _AT_ONCE)
            for row in self._connection.execute(
                sa.select(t.recall).where(
                    sa.tuple_(c.gtin, c.number).in_(keys[first : first + _AT_ONCE])
                )
            )
        ]
        return sorted(found, key=lambda recall: (recall.since_ms, recall.gtin, recall.number))

    def recalls(self) -> list[Recall]:
        """Return every recall, oldest first."""
        rows = self._connection.execute(sa.select(t.recall).order_by(t.recall.c.since_ms))
        return [_recall(r) for r in rows]

    def add_finding(self, finding: Finding) -> None:
        """Keep what the office found on a lot in doubt."""
        row = dict(gtin=finding.gtin, number=finding.number, since_ms=finding.since_ms,
                   reason=finding.reason, author=finding.author)  # fmt: skip
        self._connection.execute(t.finding.insert().values(row))

    def finding(self, gtin: Gtin, number: LotNumber) -> Finding | None:
        """Return the newest finding on a lot, None when nobody has looked into it."""
        c = t.finding.c
        query = sa.select(t.finding).where(c.gtin == gtin, c.number == number)
        newest = query.order_by(c.since_ms.desc()).limit(1)
        r = self._connection.execute(newest).one_or_none()
        if r is None:
            return None
        return Finding(Gtin(r.gtin), LotNumber(r.number), r.reason, r.author, r.since_ms)

    def add_report(self, code: str, kind: str, note: str, received_ms: int) -> int:
        """Keep what a buyer reported; returns the receipt number."""
        row = dict(code=code, kind=kind, note=note, received_ms=received_ms)
        result = self._connection.execute(t.report.insert().values(row))
        key = result.inserted_primary_key
        return int(key[0]) if key is not None else 0

    def reports(self, limit: int) -> list[Report]:
        """Return the newest reports of buyers, newest first."""
        query = sa.select(t.report).order_by(t.report.c.id.desc()).limit(limit)
        return [
            Report(r.id, r.code, r.kind, r.note, r.received_ms)
            for r in self._connection.execute(query)
        ]

    def count_reports(self) -> int:
        """Return how many reports buyers have sent."""
        return int(
            self._connection.execute(sa.select(sa.func.count()).select_from(t.report)).scalar_one()
        )

    def output(self) -> list[tuple[PlotId, str, date, float]]:
        """Return harvests as (plot, area, day, kilograms), from the diaries, by day."""
        query = (
            sa.select(t.plot.c.id, t.plot.c.area, t.entry.c.day, t.entry.c.amount)
            .join(t.plot, t.plot.c.id == t.entry.c.plot)
            .where(t.entry.c.work == "harvest", t.entry.c.amount.is_not(None))
            .order_by(t.entry.c.day, t.entry.c.id)
        )
        return [(PlotId(r[0]), r[1], r[2], r[3]) for r in self._connection.execute(query)]


def _product(r: "sa.Row[Any]") -> Product:
    return Product(Gtin(r.gtin), r.crop, ProducerId(r.producer), r.name_vi, r.name_en,
                   r.shelf_days)  # fmt: skip


def _lot(r: "sa.Row[Any]") -> Lot:
    return Lot(Gtin(r.gtin), LotNumber(r.number), PlotId(r.plot), SeasonId(r.season),
               EntryId(r.harvest), r.harvested, r.expires, r.kilograms, r.opened_ms,
               None if r.made_by is None else StepId(r.made_by))  # fmt: skip


def _recall(r: "sa.Row[Any]") -> Recall:
    return Recall(Gtin(r.gtin), LotNumber(r.number), r.reason, r.author, r.since_ms)


def _passport(r: "sa.Row[Any]") -> IssuedPassport:
    return IssuedPassport(Gtin(r.gtin), LotNumber(r.number), bytes(r.envelope), r.key_id,
                          r.issued_ms)  # fmt: skip
