"""What a recall would reach, for the officers who weigh it; nothing here is changed or decided."""

from dataclasses import dataclass

from domain.lot import Lot
from domain.window import DAY_MS
from store.records import Transaction
from traceability.lineage.graph import downstream, key_of
from traceability.lineage.weights import kilograms, left

LATELY_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Impact:
    """What a recall would reach: lots, their weight in kilograms, how often they were scanned.

    ``scans_lately`` are those of the last seven days.
    """

    lots: tuple[Lot, ...]
    kilograms: float
    scans: int
    scans_lately: int


def impact(transaction: Transaction, lot: Lot, now_ms: int) -> Impact:
    """Return what a recall of a lot would reach."""
    lots = tuple(downstream(transaction, lot))
    totals = [transaction.scans.total(one.gtin, one.number) for one in lots]
    lately = (transaction.scans.since(one.gtin, one.number, now_ms - LATELY_MS) for one in lots)
    return Impact(
        lots=lots,
        # What was turned into another lot is weighed there.
        kilograms=kilograms(
            sum(left(one.kilograms, transaction.lineage.turned(key_of(one))) for one in lots)
        ),
        scans=sum(total.times for total in totals if total is not None),
        scans_lately=sum(lately),
    )
