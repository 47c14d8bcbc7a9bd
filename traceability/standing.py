"""What holds of a lot today: in date or not, called back, or in doubt.

Never read from a passport, which says what was known when it was signed. A spraying
may be written down after a lot was opened: the label then must not stay green.
"""

from datetime import date

from domain.errors import Clash, InvalidInput, Refused
from domain.lot import Finding, Lot, LotState, Recall, state_of
from domain.text import plain
from field.diary import Waiting, waitings
from store.records import Transaction
from traceability.log.append import record
from traceability.log.entry import FINDING, RECALL
from traceability.log.salted import salted

MAX_REASON = 200


def standing(transaction: Transaction, lot: Lot, today: date) -> LotState:
    """Return the one state that holds of a lot on a day."""
    recall = transaction.lots.recalled(lot.gtin, lot.number)
    return state_of(lot, recall, in_doubt=bool(doubts(transaction, lot)), today=today)


def doubts(transaction: Transaction, lot: Lot) -> list[Waiting]:
    """Return the sprayings that, as known now, forbade the harvest a lot was opened from.

    Those that the office has looked into are none any more; what is written down later is.
    """
    found = transaction.lots.finding(lot.gtin, lot.number)
    settled_ms = -1 if found is None else found.since_ms
    forbidding = waitings(transaction, lot.plot, lot.harvested)
    return [waiting for waiting in forbidding if waiting.entry.recorded_ms > settled_ms]


def settle(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Finding:
    """Take the doubt off a lot, with the reason that buyers read.

    Raises `InvalidInput` without a reason, `Refused` when nothing is in doubt.
    """
    said = _reason(reason)
    if not doubts(transaction, lot):
        message = f"nothing is in doubt about lot {lot.number}"
        raise Refused(message, "no-doubt")
    found = Finding(lot.gtin, lot.number, said, author, now_ms)
    transaction.lots.add_finding(found)
    _log(transaction, FINDING, lot, said, now_ms)
    return found


def call_back(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Recall:
    """Recall a lot; the same again changes nothing.

    Raises `InvalidInput` without a reason, `Clash` when it was recalled for another one:
    what buyers have read is not replaced.
    """
    said = _reason(reason)
    there = transaction.lots.recalled(lot.gtin, lot.number)
    if there is None:
        there = Recall(lot.gtin, lot.number, said, author, now_ms)
        transaction.lots.add_recall(there)
        _log(transaction, RECALL, lot, said, now_ms)
    if there.reason != said:
        message = f"lot {lot.number} is recalled already: {there.reason}"
        raise Clash(message)
    return there


def _log(transaction: Transaction, kind: str, lot: Lot, reason: str, now_ms: int) -> None:
    """Log what the office decided; the reason, which people wrote, as a salted digest."""
    subject = f"{lot.gtin}/{lot.number}"
    made, _ = salted(transaction, kind, f"{subject}/{now_ms}", {"reason": reason})
    record(
        transaction, kind, subject, {"gtin": lot.gtin, "lot": lot.number, "reason": made}, now_ms
    )


def _reason(text: str) -> str:
    said = plain(text, "reason", MAX_REASON)
    if not said:
        message = "a reason is needed; buyers read it"
        raise InvalidInput(message, "reason")
    return said
