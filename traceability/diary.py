"""The diary as evidence: every entry is in the log from the moment it is written.

What is logged is a salted digest, so that the log names nobody; its place among all other
entries shows when it was written, whatever day it speaks of. An entry put into the records
behind the program's back is in no log, and one logged late says so by its place.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.diary import Entry
from domain.ids import PlotId
from domain.window import print_instant
from field.diary import record as write_down
from store.records import Transaction
from store.records.log import LogEntry
from traceability.canonical import salted_digest
from traceability.log.append import record
from traceability.log.entry import DIARY
from traceability.log.salted import salted


def write(transaction: Transaction, entry: Entry, today: date) -> bool:
    """Keep an entry and log it; True when it is new. Raises as :func:`field.diary.record`."""
    new = write_down(transaction, entry, today)
    if new:
        _log(transaction, transaction.diary.entry(entry.id), entry.recorded_ms)
    return new


def log_older(transaction: Transaction, plot: PlotId, first: date, last: date, now_ms: int) -> int:
    """Log a plot's entries from before there was a log; return how many."""
    older = [
        entry
        for entry in transaction.diary.entries(plot, first, last)
        if transaction.log.newest(DIARY, entry.id) is None
    ]
    for entry in older:
        _log(transaction, entry, now_ms)
    return len(older)


def digest_of(transaction: Transaction, entry: Entry) -> str | None:
    """Return the digest of an entry as it is now, None when its salt was erased."""
    salt = transaction.salts.find(DIARY, entry.id)
    return None if salt is None else salted_digest(salt, said(entry))


def said(entry: Entry) -> Mapping[str, Any]:
    """Return everything that an entry says, as its digest is made over it."""
    return {
        "id": entry.id,
        "plot": entry.plot,
        "work": entry.work.value,
        "day": entry.day.isoformat(),
        "author": entry.author,
        "amount": entry.amount,
        "unit": entry.unit,
        "product": entry.product,
        "note": entry.note,
        "recorded": print_instant(entry.recorded_ms),
    }


def _log(transaction: Transaction, entry: Entry, now_ms: int) -> LogEntry:
    made, _ = salted(transaction, DIARY, entry.id, said(entry))
    body = {"digest": made, "recorded": print_instant(entry.recorded_ms)}
    return record(transaction, DIARY, entry.id, body, now_ms)
