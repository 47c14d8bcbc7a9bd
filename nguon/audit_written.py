"""What people wrote down, in ``nguon fsck``: diary and certificates are what was logged.

Each has an entry in the log from the moment it was written, with a salted digest of all that
it says. One that is gone, changed, dated back, or put into the records behind the program's
back is named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.errors import VerificationFailed
from domain.window import HOUR_MS, print_instant
from store.records import Transaction
from store.records.log import LogEntry
from traceability import certificates, diary
from traceability.files import digest_of_file
from traceability.log.entry import CERTIFICATE, DIARY, WITHDRAWAL, decode

_LATE_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class _Written:
    """Something written down; ``digest`` is None when its salt was erased."""

    name: str
    recorded_ms: int
    digest: str | None


def written_in_log(transaction: Transaction) -> Iterator[str]:
    """Yield what does not agree between what was written down and the log."""
    entries = [
        _Written(one.id, one.recorded_ms, diary.digest_of(transaction, one))
        for one in transaction.diary.every()
    ]
    yield from _compared(transaction, DIARY, "diary entry", entries)
    papers = [
        _Written(one.id, one.recorded_ms, certificates.digest_of(transaction, one))
        for one in transaction.papers.certificates()
    ]
    yield from _compared(transaction, CERTIFICATE, "certificate", papers)
    yield from _withdrawals(transaction)
    yield from _files(transaction)


def _compared(
    transaction: Transaction, kind: str, noun: str, written: Sequence[_Written]
) -> Iterator[str]:
    there = {one.name: one for one in written}
    first = next(iter(transaction.log.entries(0, 1)), None)
    begun_ms = None if first is None else first.at_ms
    seen = set()
    for entry in transaction.log.of_kind(kind):
        seen.add(entry.subject)
        one = there.get(entry.subject)
        name = f"{noun} {entry.subject}"
        if one is None:
            yield f"{name} is in the log and gone from the records"
        else:
            yield from _one(name, one, entry, begun_ms or 0)
    for one in written:
        if one.name not in seen and begun_ms is not None and one.recorded_ms >= begun_ms:
            yield f"{noun} {one.name} is not in the log: it was put there by other means"


def _one(name: str, one: _Written, entry: LogEntry, begun_ms: int) -> Iterator[str]:
    if one.digest is not None and one.digest != _said(entry, "digest"):
        yield f"{name} is not what was logged at {print_instant(entry.at_ms)}: it was changed"
    if one.recorded_ms >= begun_ms and entry.at_ms - one.recorded_ms > _LATE_MS:
        yield (
            f"{name} says that it was written at {print_instant(one.recorded_ms)}, the log took"
            f" it at {print_instant(entry.at_ms)}: it was dated back"
        )


def _files(transaction: Transaction) -> Iterator[str]:
    """Make the digest of every file again; a scan is empty where whose it is was erased."""
    producers = {one.id: one for one in transaction.places.producers()}
    papers = transaction.papers.certificates()
    erased = {one.paper for one in papers if producers[one.producer].name_erased}
    for digest in transaction.papers.files():
        content = transaction.papers.file(digest).content
        if digest_of_file(content) != digest and (content or digest not in erased):
            yield f"file {digest} is not what was kept: it was changed"


def _withdrawals(transaction: Transaction) -> Iterator[str]:
    logged = {one.subject: one for one in transaction.log.of_kind(WITHDRAWAL)}
    for one in transaction.papers.certificates():
        withdrawal = transaction.papers.withdrawal(one.id)
        entry = logged.pop(one.id, None)
        since = None if withdrawal is None else withdrawal.since.isoformat()
        if since is not None and entry is None:
            yield f"the withdrawal of certificate {one.id} is not in the log"
        elif entry is not None and since != _said(entry, "since"):
            yield f"the withdrawal of certificate {one.id} is not what was logged"
    for subject in logged:
        yield f"the withdrawal of certificate {subject} is in the log and gone from the records"


def _said(entry: LogEntry, field: str) -> object:
    """Return a field of an entry, None when it cannot be read: that is told elsewhere."""
    try:
        return decode(entry.entry).body.get(field)
    except VerificationFailed:
        return None
