"""A lot made of others: what it inherits, and from which of them.

It is never fresher than its oldest part, and keeps no longer than the part that spoils first,
unless it has become something else (``own_shelf`` in the table of yields).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from domain.errors import Refused
from domain.lineage import Portion, Step
from domain.lot import Lot, Product
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.yields import Process

MOST_BEHIND = 1_000
"""Lots behind one: what holds of a lot is judged by all of them whenever its label is read."""


def derived(
    step: Step, one: Portion, lots: Mapping[LotKey, Lot], product: Product, process: Process | None
) -> Lot:
    """Return the lot that a step makes under a number."""
    most = max(step.inputs, key=lambda portion: portion.kilograms)
    lead = lots[most.lot]
    parts = [lots[portion.lot] for portion in step.inputs]
    harvested = min(part.harvested for part in parts)
    return Lot(
        gtin=one.gtin,
        number=one.number,
        plot=lead.plot,
        season=lead.season,
        harvest=lead.harvest,
        harvested=harvested,
        expires=_expires(parts, harvested, product, process),
        kilograms=one.kilograms,
        opened_ms=step.at_ms,
        made_by=step.id,
    )


def require_traceable(transaction: Transaction, parts: Sequence[Lot]) -> None:
    """Raise `Refused` when more lots would stand behind one than can be judged each time."""
    behind: set[LotKey] = {(part.gtin, part.number) for part in parts}
    for part in parts:
        if part.made_by is not None:
            behind.update(transaction.lineage.above((part.gtin, part.number)))
    if len(behind) > MOST_BEHIND:
        message = f"{len(behind)} lots would stand behind one; at most {MOST_BEHIND} may"
        raise Refused(message, "lineage")


def _expires(
    parts: Sequence[Lot], harvested: date, product: Product, process: Process | None
) -> date:
    if process is None:
        return min(part.expires for part in parts)
    own = harvested + timedelta(days=product.shelf_days)
    return own if process.own_shelf else min(own, *(part.expires for part in parts))
