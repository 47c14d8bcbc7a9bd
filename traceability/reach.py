"""What a recall would reach, for the officers who weigh it; nothing here is changed or decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.gs1 import Gln, Sscc
from domain.ids import StepId
from domain.label import VoidReason
from domain.lineage import StepKind
from domain.lot import Lot, Unit
from domain.window import DAY_MS
from store.records import Transaction
from store.records.lineage import IN
from traceability.lineage.graph import downstream, key_of
from traceability.lineage.packing import holding
from traceability.lineage.weights import grams, kilograms, left

LATELY_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class ReachedUnit:
    """A unit whose label bears a serial: how often it was scanned, and why it is void, if it is."""

    unit: Unit
    scans: int
    void: VoidReason | None


@dataclass(frozen=True, slots=True)
class Shipment:
    """Some of a lot that left, in kilograms, and what is told to have arrived of it.

    ``gln`` or ``name`` is who took it; neither where the name was erased. A name is the office's
    to read and nobody else's.
    """

    step: StepId
    lot: Lot
    kilograms: float
    arrived: float
    at_ms: int
    gln: Gln | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What a recall would reach: lots, their weight in kilograms, how often they were scanned.

    ``scans_lately`` are those of the last seven days. ``labels`` counts printed labels that are
    all alike; those with serials are ``units``, most scanned first. ``shipments`` by
    time, ``ssccs`` the logistic units that some of the lots is in.
    """

    lots: tuple[Lot, ...]
    kilograms: float
    scans: int
    scans_lately: int
    labels: int
    units: tuple[ReachedUnit, ...]
    shipments: tuple[Shipment, ...]
    ssccs: tuple[Sscc, ...]


def impact(transaction: Transaction, lot: Lot, now_ms: int) -> Impact:
    """Return what a recall of a lot would reach."""
    lots = tuple(downstream(transaction, lot))
    totals = [transaction.scans.total(one.gtin, one.number) for one in lots]
    lately = (transaction.scans.since(one.gtin, one.number, now_ms - LATELY_MS) for one in lots)
    runs = (run for one in lots for run in transaction.units.runs(one))
    units = [unit for one in lots for unit in _units(transaction, one)]
    return Impact(
        lots=lots,
        # What was turned into another lot is weighed there.
        kilograms=kilograms(
            sum(left(one.kilograms, transaction.lineage.turned(key_of(one))) for one in lots)
        ),
        scans=sum(total.times for total in totals if total is not None),
        scans_lately=sum(lately),
        labels=sum(run.count for run in runs if run.unit_kg is None),
        units=tuple(sorted(units, key=lambda one: -one.scans)),
        shipments=tuple(_shipments(transaction, lots)),
        ssccs=tuple(holding(transaction, map(key_of, lots))),
    )


def _units(transaction: Transaction, lot: Lot) -> Iterator[ReachedUnit]:
    seen = transaction.scans.units_seen(lot.gtin, lot.number)
    voids = transaction.units.voids(lot)
    for unit in transaction.units.of(lot):
        void = voids.get(unit.serial)
        yield ReachedUnit(unit, seen.get(unit.serial, 0), None if void is None else void.reason)


def _shipments(transaction: Transaction, lots: Sequence[Lot]) -> Iterator[Shipment]:
    reached = {key_of(lot): lot for lot in lots}
    for step in transaction.lineage.of(reached, IN):
        if step.kind is not StepKind.SHIP:
            continue
        receipts = transaction.lineage.receipts(step.id)
        party = step.party or ""
        for one in step.inputs:
            if one.lot not in reached:
                continue
            arrived = (
                grams(come.kilograms)
                for receipt in receipts
                for come in receipt.inputs
                if come.lot == one.lot
            )
            yield Shipment(
                step.id, reached[one.lot], one.kilograms, kilograms(sum(arrived)), step.at_ms,
                Gln(party) if len(party) == Gln.length else None,
                transaction.lineage.party_name(step.id),
            )  # fmt: skip
