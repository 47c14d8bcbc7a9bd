"""Events of lots in ``nguon fsck``: lots, steps, events and the log tell one story.

From every lot and step its event is made again. Its hash id must be the one in the log, the
event itself must be kept, and nothing may be in the log that no lot or step tells of. So a
weight changed in any one of the four places is found.
"""

from collections.abc import Iterator

from domain.errors import NguonError, VerificationFailed
from domain.lineage import Step
from domain.lot import Lot
from store.records import Transaction
from store.records.log import LogEntry
from traceability.lineage.balance import imbalances
from traceability.lineage.telling import event_of, opening_of, subject_of
from traceability.log.entry import EVENT, decode


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
