"""Steps between lots in the records store; asked for by the lots they join."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from domain.gs1 import Gln, Gtin, LotNumber, SerialNumber, Sscc
from domain.ids import StepId
from domain.lineage import MAKING, PACKING, Bag, Portion, Step, StepKind
from store.records import lineage_tables as t

_T = TypeVar("_T")
IN, OUT = "in", "out"
LotKey = tuple[Gtin, LotNumber]
_AT_ONCE = 200  # keys in one statement: SQLite counts bound values


class Edge(NamedTuple):
    """A lot that came of another by a step."""

    parent: LotKey
    child: LotKey


class Lineage:
    """Questions and statements about steps; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, step: Step, party_name: str | None) -> None:
        """Keep a step, before the lots that come of it; raises `Clash` by way of the key."""
        row = dict(id=step.id, kind=step.kind.value, place=step.place, author=step.author,
                   at_ms=step.at_ms, party=step.party, party_name=party_name,
                   process=step.process, about=step.about, giver=step.giver)  # fmt: skip
        self._connection.execute(t.step.insert().values(row))

    def add_portions(self, step: Step) -> None:
        """Keep what a step took and made, and in what, when the lots made are there."""
        sides = ((IN, step.inputs), (OUT, step.outputs))
        rows = [
            dict(step=step.id, side=side, gtin=one.gtin, lot=one.number, position=position,
                 kilograms=one.kilograms, dry_rubber=one.dry_rubber)
            for side, portions in sides
            for position, one in enumerate(portions)
        ]  # fmt: skip
        self._connection.execute(t.step_lot.insert(), rows)
        ssccs = [dict(step=step.id, sscc=one, position=n) for n, one in enumerate(step.ssccs)]
        bags = [dict(step=step.id, gtin=gtin, serial=serial, position=n)
                for n, (gtin, serial) in enumerate(step.bags)]  # fmt: skip
        for table, beside in ((t.step_sscc, ssccs), (t.step_bag, bags)):
            if beside:
                self._connection.execute(table.insert(), beside)

    def find(self, step: StepId) -> Step | None:
        """Return a step, None when there is none."""
        return next(iter(self._steps(t.step.c.id == step)), None)

    def party_name(self, step: StepId) -> str | None:
        """Return the name of whoever took a shipment, None when it was not given or erased."""
        query = sa.select(t.step.c.party_name).where(t.step.c.id == step)
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def every(self) -> list[Step]:
        """Return all steps, oldest first."""
        return self._steps(sa.true())

    def receipts(self, shipment: StepId) -> list[Step]:
        """Return what arrived of a shipment, oldest first."""
        return self._steps(t.step.c.about == shipment)

    def naming(self, *ssccs: str) -> list[Step]:
        """Return the steps that any of some logistic units was in, oldest first."""
        found: dict[StepId, Step] = {}
        for some in _chunks(ssccs):
            named = sa.select(t.step_sscc.c.step).where(t.step_sscc.c.sscc.in_(some))
            found |= {step.id: step for step in self._steps(t.step.c.id.in_(named))}
        return _by_time(found)

    def packed(self, lot: LotKey, kind: StepKind) -> list[float]:
        """Return the kilograms of a lot packed, or unpacked, in units that were never shipped."""
        c, within, beside, sent = t.step_lot.c, t.step_sscc, t.step_sscc.alias(), t.step.alias()
        gone = (
            sa.select(beside.c.sscc)
            .join(sent, sent.c.id == beside.c.step)
            .where(beside.c.sscc == within.c.sscc, sent.c.kind == StepKind.SHIP.value)
        )
        query = (
            sa.select(c.kilograms)
            .join(t.step, t.step.c.id == c.step)
            .join(within, within.c.step == c.step)
            .where(c.gtin == lot[0], c.lot == lot[1], c.side == IN, t.step.c.kind == kind.value)
            .where(~sa.exists(gone))
        )
        return [float(row[0]) for row in self._connection.execute(query)]

    def packing(self, bag: Bag) -> list[Step]:
        """Return the steps that packed or unpacked one bag, oldest first."""
        c = t.step_bag.c
        named = sa.select(c.step).where(c.gtin == bag[0], c.serial == bag[1])
        return self._steps(t.step.c.id.in_(named))

    def of(self, lots: Iterable[LotKey], side: str) -> list[Step]:
        """Return the steps that took (``in``) or made (``out``) any of the lots, oldest first."""
        found: dict[StepId, Step] = {}
        for some in _chunks(sorted(set(lots))):
            c = t.step_lot.c
            named = sa.select(c.step).where(sa.tuple_(c.gtin, c.lot).in_(some), c.side == side)
            found |= {step.id: step for step in self._steps(t.step.c.id.in_(named))}
        return _by_time(found)

    def taken(self, lot: LotKey) -> list[float]:
        """Return the kilograms that each step took from a lot.

        What arrived is not taken again, and what was packed is there still.
        """
        return self._taken_by(lot, set(StepKind) - {StepKind.RECEIVE} - PACKING)

    def turned(self, lot: LotKey) -> list[float]:
        """Return the kilograms of a lot that bear its number no more: other lots now, or gone."""
        return self._taken_by(lot, {*MAKING, StepKind.DESTROY})

    def _taken_by(self, lot: LotKey, kinds: Iterable[StepKind]) -> list[float]:
        c = t.step_lot.c
        query = (
            sa.select(c.kilograms)
            .join(t.step, t.step.c.id == c.step)
            .where(c.gtin == lot[0], c.lot == lot[1], c.side == IN)
            .where(t.step.c.kind.in_(sorted(kind.value for kind in kinds)))
        )
        return [float(row[0]) for row in self._connection.execute(query)]

    def above(self, *lots: LotKey) -> list[LotKey]:
        """Return the lots that any of the given ones came of, however far back; each once."""
        reached = {key: None for some in _chunks(lots) for key in self._reach(some, OUT, IN)}
        return list(reached)

    def below(self, lot: LotKey) -> list[LotKey]:
        """Return the lots that came of a lot, however far on."""
        return self._reach([lot], IN, OUT)

    def edges_into(self, lots: Sequence[LotKey]) -> list[Edge]:
        """Return which lots each of the given ones came of directly."""
        made, taken = t.step_lot.alias(), t.step_lot.alias()
        found = []
        for some in _chunks(lots):
            query = (
                sa.select(taken.c.gtin, taken.c.lot, made.c.gtin, made.c.lot)
                .join(made, made.c.step == taken.c.step)
                .where(taken.c.side == IN, made.c.side == OUT)
                .where(sa.tuple_(made.c.gtin, made.c.lot).in_(some))
            )
            rows = self._connection.execute(query)
            found += [Edge(_key(row[0], row[1]), _key(row[2], row[3])) for row in rows]
        return found

    def _reach(self, lots: Sequence[LotKey], here: str, there: str) -> list[LotKey]:
        # UNION, not UNION ALL: a lot reached on two ways is followed once.
        near, far = t.step_lot.alias(), t.step_lot.alias()
        step = (
            sa.select(far.c.gtin, far.c.lot)
            .join(near, near.c.step == far.c.step)
            .where(near.c.side == here, far.c.side == there)
        )
        first = sa.tuple_(near.c.gtin, near.c.lot).in_(lots)
        reached = step.where(first).cte(recursive=True)
        on = sa.and_(near.c.gtin == reached.c.gtin, near.c.lot == reached.c.lot)
        reached = reached.union(step.join(reached, on))
        query = sa.select(reached.c.gtin, reached.c.lot)
        return [_key(row[0], row[1]) for row in self._connection.execute(query)]

    def _steps(self, which: "sa.ColumnElement[bool]") -> list[Step]:
        query = sa.select(t.step).where(which).order_by(t.step.c.at_ms, t.step.c.id)
        heads = list(self._connection.execute(query))
        portions: dict[tuple[str, str], list[Portion]] = {}
        for some in _chunks([row.id for row in heads]):
            c = t.step_lot.c
            rows = sa.select(t.step_lot).where(c.step.in_(some)).order_by(c.position)
            for row in self._connection.execute(rows):
                portions.setdefault((row.step, row.side), []).append(_portion(row))
        beside = self._beside([row.id for row in heads])
        return [
            _step(row, portions.get((row.id, IN), ()), portions.get((row.id, OUT), ()),
                  *beside.get(row.id, ((), ())))
            for row in heads
        ]  # fmt: skip

    def _beside(self, steps: Sequence[str]) -> dict[str, tuple[tuple[Sscc, ...], tuple[Bag, ...]]]:
        """Return the logistic units and the bags of steps, of those that have any."""
        ssccs: dict[str, list[Sscc]] = {}
        bags: dict[str, list[Bag]] = {}
        for some in _chunks(steps):
            c = t.step_sscc.c
            named = sa.select(c.step, c.sscc).where(c.step.in_(some)).order_by(c.position)
            for row in self._connection.execute(named):
                ssccs.setdefault(row.step, []).append(Sscc(row.sscc))
            b = t.step_bag.c
            held = sa.select(b.step, b.gtin, b.serial).where(b.step.in_(some)).order_by(b.position)
            for one in self._connection.execute(held):
                bags.setdefault(one.step, []).append((Gtin(one.gtin), SerialNumber(one.serial)))
        return {step: (tuple(ssccs[step]), tuple(bags.get(step, ()))) for step in ssccs}


def _by_time(found: Mapping[StepId, Step]) -> list[Step]:
    return sorted(found.values(), key=lambda step: (step.at_ms, step.id))


def _chunks(values: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (values[i : i + _AT_ONCE] for i in range(0, len(values), _AT_ONCE))


def _key(gtin: str, number: str) -> LotKey:
    return Gtin(gtin), LotNumber(number)


def _portion(r: "sa.Row[Any]") -> Portion:
    return Portion(Gtin(r.gtin), LotNumber(r.lot), r.kilograms, r.dry_rubber)


def _step(
    r: "sa.Row[Any]", inputs: Sequence[Portion], outputs: Sequence[Portion],
    ssccs: tuple[Sscc, ...], bags: tuple[Bag, ...],
) -> Step:  # fmt: skip
    return Step(
        StepId(r.id), StepKind(r.kind), tuple(inputs), tuple(outputs), Gln(r.place), r.author,
        r.at_ms, r.party, r.process, None if r.about is None else StepId(r.about),
        None if r.giver is None else Gln(r.giver),
        ssccs, bags,
    )  # fmt: skip
