"""Putting a claim into the log, in the transaction that makes it."""

from collections.abc import Mapping
from typing import Any

from store.records import Transaction
from store.records.log import LogEntry
from traceability.log.entry import Claim, encode


def record(
    transaction: Transaction, kind: str, subject: str, body: Mapping[str, Any], now_ms: int
) -> LogEntry:
    """Log a claim about a subject and return its entry; raises `InvalidInput` when too large.

    A clock that was set back does not turn the log's time back: the entry then bears the
    time of the one before it.
    """
    number, newest_ms = transaction.log.next_place()
    at_ms = max(now_ms, newest_ms)
    logged = LogEntry(number, kind, subject, at_ms, encode(Claim(kind, at_ms, body)))
    transaction.log.add(logged)
    return logged
