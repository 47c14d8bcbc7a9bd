"""Calling a lot back takes two officers: one proposes, another confirms; or it is withdrawn.

What buyers are then told cannot be untold, so one login, or whoever stole it, must not be
enough. Only where the office has a single account does that one decide, and the log says so.
Until it is confirmed nothing of a proposal is public. What was made of a lot is recalled
with it.
"""

from domain.errors import Clash, NotFound, Refused
from domain.lot import Lot, Proposal, Recall
from store.records import Transaction
from store.records.decisions import End
from traceability.lineage.graph import downstream
from traceability.standing import Ground, call_back, require_reason

RULE = "two-officers"


def propose(
    transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int
) -> Recall | None:
    """Propose to call a lot back; the recall itself where there is no second officer, else None.

    The same again changes nothing. Raises `InvalidInput` without a reason, `Clash` when the lot
    is recalled, or its recall proposed, in other words or by somebody else.
    """
    said = require_reason(reason)
    transaction.lots.lock(lot)
    if transaction.lots.recalled(lot.gtin, lot.number) is not None or _alone(transaction):
        return _recall(transaction, lot, said, author, now_ms, officers=1)
    waiting = transaction.decisions.proposed(lot)
    if waiting is None:
        made = Proposal(lot.gtin, lot.number, said, author, now_ms)
        transaction.decisions.propose(made)
    elif (waiting.reason, waiting.author) != (said, author):
        message = f"a recall of lot {lot.number} waits to be confirmed: {waiting.reason}"
        raise Clash(message)
    return None


def confirm(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Recall:
    """Confirm a proposal, naming its reason: what is confirmed is what was read.

    Confirmed twice it is recalled once. Raises `NotFound` without a proposal, `Clash` when its
    reason is another one, `Refused` (two-officers) to whoever proposed it.
    """
    said = require_reason(reason)
    transaction.lots.lock(lot)
    there = transaction.lots.recalled(lot.gtin, lot.number)
    if there is not None and there.reason == said:
        return there
    waiting = _waiting(transaction, lot)
    if waiting.reason != said:
        message = f"the reason given for lot {lot.number} is another one: {waiting.reason}"
        raise Clash(message)
    alone = waiting.author == author
    if alone and not _alone(transaction):
        message = f"the recall of lot {lot.number} must be confirmed by another officer"
        raise Refused(message, RULE)
    officers = 1 if alone else 2
    made = _recall(transaction, lot, said, waiting.author, now_ms, officers=officers)
    transaction.decisions.end(waiting, End("confirmed", now_ms, author))
    return made


def withdraw(transaction: Transaction, lot: Lot, author: str, now_ms: int) -> Proposal:
    """Take a proposal back, any officer may; raises `NotFound` when there is none."""
    transaction.lots.lock(lot)
    waiting = _waiting(transaction, lot)
    transaction.decisions.end(waiting, End("withdrawn", now_ms, author))
    return waiting


def _recall(
    transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int, *, officers: int
) -> Recall:
    made = call_back(transaction, lot, reason, author, now_ms, Ground(officers))
    for other in downstream(transaction, lot)[1:]:
        if transaction.lots.recalled(other.gtin, other.number) is None:
            call_back(transaction, other, reason, author, now_ms, Ground(officers, lot))
    return made


def _waiting(transaction: Transaction, lot: Lot) -> Proposal:
    found = transaction.decisions.proposed(lot)
    if found is None:
        message = f"nobody has proposed to recall lot {lot.number}"
        raise NotFound(message)
    return found


def _alone(transaction: Transaction) -> bool:
    return transaction.accounts.count("office") <= 1
