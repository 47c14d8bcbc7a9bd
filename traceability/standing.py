"""What holds of a lot today: in date or not, called back, or in doubt.

Never read from a passport, which says what was known when it was signed. A spraying
may be written down after a lot was opened: the label then must not stay green. What holds
of a lot holds of every lot that came of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from domain.errors import Clash, InvalidInput, Refused
from domain.ids import PlotId
from domain.lot import Denial, Finding, Lot, LotState, Recall, state_of
from domain.text import plain
from field.diary import Waiting, waitings
from store.records import Transaction
from store.records.lineage import LotKey
from traceability.lineage.graph import key_of, parents, upstream
from traceability.log.append import record
from traceability.log.entry import DENIAL, FINDING, RECALL
from traceability.log.salted import salted

MAX_REASON = 200


def standing(transaction: Transaction, lot: Lot, today: date) -> LotState:
    """Return the one state that holds of a lot on a day."""
    recall = recall_of(transaction, lot)
    return state_of(lot, recall, in_doubt=in_doubt(transaction, lot), today=today)


def in_doubt(transaction: Transaction, lot: Lot) -> bool:
    """Whether something is said against a lot, or one that it came of, and is not looked into."""
    if doubts(transaction, lot):
        return True
    chain = [lot] if lot.made_by is None else upstream(transaction, lot)
    return any(denied(transaction, one) is not None for one in chain)


def standings(transaction: Transaction, lots: Sequence[Lot], today: date) -> dict[LotKey, LotState]:
    """Return what holds of each of several lots, asking once for all that stand behind them."""
    chain = upstream(transaction, *lots)
    above = parents(transaction, chain)
    recalls: dict[LotKey, Recall | None] = dict.fromkeys(map(key_of, chain))
    for recall in transaction.lots.recalled_among(list(recalls)):
        recalls[recall.gtin, recall.number] = recall
    for key in map(key_of, chain):  # parents before children
        inherited = (recalls[one] for one in sorted(above[key]))
        recalls[key] = recalls[key] or next((one for one in inherited if one is not None), None)
    doubted = {key for key, found in _doubts(transaction, chain, above).items() if found}
    disowned: set[LotKey] = set()
    for one in chain:
        if denied(transaction, one) is not None or not disowned.isdisjoint(above[key_of(one)]):
            disowned.add(key_of(one))
    return {
        key_of(lot): state_of(
            lot, recalls[key_of(lot)], in_doubt=key_of(lot) in doubted | disowned, today=today
        )
        for lot in lots
    }


def recall_of(transaction: Transaction, lot: Lot) -> Recall | None:
    """Return the recall of a lot, else the oldest of a lot that it came of, else None."""
    own = transaction.lots.recalled(lot.gtin, lot.number)
    if own is not None or lot.made_by is None:
        return own
    above = transaction.lots.recalled_among(transaction.lineage.above(key_of(lot)))
    return next(iter(above), None)


def doubts(transaction: Transaction, lot: Lot) -> list[Waiting]:
    """Return the sprayings that, as known now, forbade the harvests that a lot came of.

    Those that the office has looked into, on the lot or on a lot between, are none any more;
    what is written down later is.
    """
    if lot.made_by is None:
        return _unsettled(transaction, lot, waitings(transaction, lot.plot, lot.harvested))
    chain = upstream(transaction, lot)
    return _doubts(transaction, chain, None).get(key_of(lot), [])


def _doubts(
    transaction: Transaction, chain: Sequence[Lot], above: Mapping[LotKey, set[LotKey]] | None
) -> dict[LotKey, list[Waiting]]:
    """Return the doubts of each lot of a chain, parents first; empty when nothing is forbidden."""
    forbidding = _forbidding(transaction, chain)
    if not any(forbidding.values()):
        return {}
    above = parents(transaction, chain) if above is None else above
    found: dict[LotKey, list[Waiting]] = {}
    for one in chain:
        inherited = {w.entry.id: w for key in sorted(above[key_of(one)]) for w in found[key]}
        own = [] if one.made_by else forbidding[one.plot, one.harvested]
        found[key_of(one)] = _unsettled(transaction, one, [*inherited.values(), *own])
    return found


def _forbidding(
    transaction: Transaction, lots: Sequence[Lot]
) -> dict[tuple[PlotId, date], list[Waiting]]:
    """Return what forbade each harvest that lots were opened from; nearly always nothing."""
    harvests = {(lot.plot, lot.harvested) for lot in lots if lot.made_by is None}
    return {harvest: waitings(transaction, *harvest) for harvest in harvests}


def _unsettled(transaction: Transaction, lot: Lot, forbidding: list[Waiting]) -> list[Waiting]:
    if not forbidding:
        return []
    settled_ms = _settled_ms(transaction, lot)
    return [waiting for waiting in forbidding if waiting.entry.recorded_ms > settled_ms]


def denied(transaction: Transaction, lot: Lot) -> Denial | None:
    """Return the grower's word that a lot is not theirs, None once the office looked into it."""
    denial = transaction.decisions.denied(lot)
    settled = denial is None or denial.since_ms <= _settled_ms(transaction, lot)
    return None if settled else denial


def deny(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Denial:
    """Keep and log a grower's word that a lot made in their name is not theirs.

    It is in doubt until the office decides; said again meanwhile, nothing changes. Whether it is
    their lot to deny is the caller's to know. Raises `InvalidInput` without a reason.
    """
    said = require_reason(reason)
    there = denied(transaction, lot)
    if there is not None:
        return there
    made = Denial(lot.gtin, lot.number, said, author, now_ms)
    transaction.decisions.deny(made)
    _log(transaction, DENIAL, lot, said, now_ms)
    return made


def _settled_ms(transaction: Transaction, lot: Lot) -> int:
    found = transaction.lots.finding(lot.gtin, lot.number)
    return -1 if found is None else found.since_ms


def settle(transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int) -> Finding:
    """Take the doubt off a lot, with the reason that buyers read.

    Raises `InvalidInput` without a reason, `Refused` when nothing is in doubt.
    """
    said = require_reason(reason)
    if not in_doubt(transaction, lot):
        message = f"nothing is in doubt about lot {lot.number}"
        raise Refused(message, "no-doubt")
    found = Finding(lot.gtin, lot.number, said, author, now_ms)
    transaction.lots.add_finding(found)
    _log(transaction, FINDING, lot, said, now_ms)
    return found


@dataclass(frozen=True, slots=True)
class Ground:
    """By how many officers a recall was decided, and of which lot, when not of this one."""

    officers: int
    made_of: Lot | None = None


def call_back(
    transaction: Transaction, lot: Lot, reason: str, author: str, now_ms: int, ground: Ground
) -> Recall:
    """Recall a lot; the same again changes nothing.

    Whether enough officers have agreed was looked at before (:mod:`traceability.recalling`).

    Raises `InvalidInput` without a reason, `Clash` when it was recalled for another one:
    what buyers have read is not replaced.
    """
    said = require_reason(reason)
    there = transaction.lots.recalled(lot.gtin, lot.number)
    if there is None:
        there = Recall(lot.gtin, lot.number, said, author, now_ms)
        transaction.lots.add_recall(there)
        of = ground.made_of or lot
        more = {"officers": ground.officers, "of": f"{of.gtin}/{of.number}"}
        _log(transaction, RECALL, lot, said, now_ms, more)
    if there.reason != said:
        message = f"lot {lot.number} is recalled already: {there.reason}"
        raise Clash(message)
    return there


def _log(
    transaction: Transaction, kind: str, lot: Lot, reason: str, now_ms: int,
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Log what people decided; the reason, which people wrote, as a salted digest."""
    subject = f"{lot.gtin}/{lot.number}"
    made, _ = salted(transaction, kind, f"{subject}/{now_ms}", {"reason": reason})
    body = {"gtin": lot.gtin, "lot": lot.number, "reason": made, **more}
    record(transaction, kind, subject, body, now_ms)


def require_reason(text: str) -> str:
    """Return a reason as kept; raises `InvalidInput` when there is none to read."""
    said = plain(text, "reason", MAX_REASON)
    if not said:
        message = "a reason is needed; buyers read it"
        raise InvalidInput(message, "reason")
    return said
