"""Events of lots in ``nguon fsck``: lots, steps, events and the log tell one story.

From every lot and step its event is made again. Its hash id must be the one in the log, the
event itself must be kept, and nothing may be in the log that no lot or step tells of. So a
weight changed in any one of the four places is found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import NguonError, VerificationFailed
from domain.lineage import Step
from domain.lot import Lot
from store.records import Transaction
from store.records.log import LogEntry
from traceability.lineage.balance import imbalances
from traceability.lineage.telling import event_of, opening_of, subject_of
from traceability.log.entry import EVENT, decode
from traceability.taken_back import event_of as voided
from traceability.taken_back import taken_back


def events_in_log(transaction: Transaction) -> Iterator[str]:
    """Yield what does not agree between lots, steps, their events and the log."""
    logged = {one.subject: one for one in transaction.log.of_kind(EVENT)}
    begun_ms = min((one.at_ms for one in logged.values()), default=None)
    for told in _told(transaction):
        subject = subject_of(told)
        entry = logged.pop(subject, None)
        if entry is not None:
            yield from _event(transaction, told, _said(entry))
        # A lot opened before events were logged has none.
        elif isinstance(told, Step) or (begun_ms is not None and told.opened_ms >= begun_ms):
            yield f"the event of {subject} is not in the log"
    for lot in transaction.lots.lots():
        for one in taken_back(transaction, lot):
            entry = logged.pop(one.subject, None)
            if entry is None:
                yield f"the event of {one.subject} is not in the log"
            else:
                yield from _agrees(transaction, one.subject, _said(entry), voided(transaction, one))
    for subject in sorted(logged):
        yield f"the event of {subject} is in the log and what it tells of is gone from the records"
    yield from imbalances(transaction)


def _told(transaction: Transaction) -> list[Lot | Step]:
    opened = [lot for lot in transaction.lots.lots() if lot.made_by is None]
    return [*opened, *transaction.lineage.every()]


def _event(transaction: Transaction, told: Lot | Step, said: str) -> Iterator[str]:
    subject = subject_of(told)
    try:
        made = (
            event_of(transaction, told) if isinstance(told, Step) else opening_of(transaction, told)
        )
    except NguonError as error:
        yield f"the event of {subject} cannot be made again: {error}"
        return
    yield from _agrees(transaction, subject, said, made)


def _agrees(
    transaction: Transaction, subject: str, said: str, made: Mapping[str, Any]
) -> Iterator[str]:
    if made["eventID"] != said:
        yield f"the event of {subject} is not the one that was logged: the records were changed"
    if not transaction.events.named(said):
        yield f"the event of {subject} is in the log and gone from the events"


def _said(one: LogEntry) -> str:
    """Return the hash id an entry names, nothing when it cannot be read: that is told elsewhere."""
    try:
        return str(decode(one.entry).body.get("event", ""))
    except VerificationFailed:
        return ""
