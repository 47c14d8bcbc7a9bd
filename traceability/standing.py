"""What holds of a lot today: in date or not, called back, or in doubt.

Never read from a passport, which says what was known when it was signed. A spraying
may be written down after a lot was opened: the label then must not stay green.
"""

from datetime import date

from domain.errors import Clash, InvalidInput
from domain.lot import Lot, LotState, Recall, state_of
from domain.text import plain
from field.diary import Waiting, waitings
from store.records import Transaction

MAX_REASON = 200


def standing(transaction: Transaction, lot: Lot, today: date) -> LotState:
    """Return the one state that holds of a lot on a day."""
    recall = transaction.lots.recalled(lot.gtin, lot.number)
    return state_of(lot, recall, in_doubt=bool(doubts(transaction, lot)), today=today)


def doubts(transaction: Transaction, lot: Lot) -> list[Waiting]:
    """Return the sprayings that, as known now, forbade the harvest a lot was opened from."""
    return waitings(transaction, lot.plot, lot.harvested)


def call_back(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Recall:
    """Recall a lot; the same again changes nothing.

    Raises `InvalidInput` without a reason, `Clash` when it was recalled for another one:
    what buyers have read is not replaced.
    """
    said = plain(reason, "reason", MAX_REASON)
    if not said:
        message = "a recall needs a reason; buyers read it"
        raise InvalidInput(message, "reason")
    there = transaction.lots.recalled(lot.gtin, lot.number)
    if there is None:
        there = Recall(lot.gtin, lot.number, said, author, now_ms)
        transaction.lots.add_recall(there)
    if there.reason != said:
        message = f"lot {lot.number} is recalled already: {there.reason}"
        raise Clash(message)
    return there
