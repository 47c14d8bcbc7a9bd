"""From a lot to the lots it came of and those that came of it, as far as they go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from domain.errors import NotFound
from domain.lineage import Step
from domain.lot import Lot
from store.records import Transaction
from store.records.lineage import IN, OUT, LotKey


@dataclass(frozen=True, slots=True)
class Graph:
    """All that a lot is made of and all that was made of it, parents before children.

    ``steps`` made those lots, or took from the lot itself and from what came of it.
    """

    lot: Lot
    lots: tuple[Lot, ...]
    steps: tuple[Step, ...]


def key_of(lot: Lot) -> LotKey:
    """Return what a lot is found by."""
    return lot.gtin, lot.number


def origins(transaction: Transaction, lot: Lot) -> list[Lot]:
    """Return the lots opened from harvests that a lot came of; itself when it is one."""
    if lot.made_by is None:
        return [lot]
    above = _fetched(transaction, transaction.lineage.above(key_of(lot)))
    return [one for one in above if one.made_by is None]


def upstream(transaction: Transaction, *lots: Lot) -> list[Lot]:
    """Return lots and everything that they came of, parents before children."""
    made = [key_of(lot) for lot in lots if lot.made_by is not None]
    above = transaction.lineage.above(*made) if made else []
    return _ordered(transaction, list(dict.fromkeys([*(key_of(lot) for lot in lots), *above])))


def downstream(transaction: Transaction, lot: Lot) -> list[Lot]:
    """Return a lot and everything that came of it, parents before children."""
    below = transaction.lineage.below(key_of(lot))
    return _ordered(transaction, [key_of(lot), *below])


def parents(transaction: Transaction, lots: Iterable[Lot]) -> dict[LotKey, set[LotKey]]:
    """Return which lots each of the given ones came of directly."""
    found: dict[LotKey, set[LotKey]] = {key_of(lot): set() for lot in lots}
    for edge in transaction.lineage.edges_into(list(found)):
        found[edge.child].add(edge.parent)
    return found


def steps_of(transaction: Transaction, lot: Lot) -> list[Step]:
    """Return the steps that made a lot or took from it, by time."""
    key = key_of(lot)
    both = (*transaction.lineage.of([key], OUT), *transaction.lineage.of([key], IN))
    return sorted({step.id: step for step in both}.values(), key=lambda step: (step.at_ms, step.id))


def graph(transaction: Transaction, lot: Lot) -> Graph:
    """Return the whole lineage of a lot, both ways."""
    above, below = upstream(transaction, lot), downstream(transaction, lot)
    lots = [*above, *(one for one in below if one != lot)]
    made = transaction.lineage.of([key_of(one) for one in lots], OUT)
    taking = transaction.lineage.of([key_of(one) for one in below], IN)
    steps = {step.id: step for step in (*made, *taking)}
    in_time = sorted(steps.values(), key=lambda step: (step.at_ms, step.id))
    return Graph(lot, tuple(lots), tuple(in_time))


def _fetched(transaction: Transaction, keys: Sequence[LotKey]) -> list[Lot]:
    found = transaction.lots.among(keys)
    missing = set(keys) - {key_of(lot) for lot in found}
    if missing:
        gtin, number = min(missing)
        message = f"lot {number} of {gtin} is named by a step and gone"
        raise NotFound(message)
    return found


def _ordered(transaction: Transaction, keys: Sequence[LotKey]) -> list[Lot]:
    """Return lots parents first; of equals, the one opened first."""
    lots = {key_of(lot): lot for lot in _fetched(transaction, keys)}
    above = parents(transaction, lots.values())
    sorter = TopologicalSorter({key: known & lots.keys() for key, known in above.items()})
    sorter.prepare()
    ordered: list[Lot] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda key: (lots[key].opened_ms, key))
        ordered += [lots[key] for key in ready]
        sorter.done(*ready)
    return ordered
