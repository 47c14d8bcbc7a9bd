"""Taking up the log where it was published, after records came back from an older backup.

What was signed cannot be taken back, so the log goes on from its published end or not at all.
Its entries are taken into the records again; what they speak of may be gone, and ``nguon fsck``
then says so, entry by entry. Nothing is taken that is not under a checkpoint of our own key and
does not continue what the records hold.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from domain.errors import VerificationFailed
from domain.ids import DeviceId
from domain.window import parse_instant
from store.records import Records, Transaction
from store.records.days import DayRevision
from store.records.log import LogEntry, SignedHead
from traceability.log.checkpoint import Checkpoint
from traceability.log.entry import DEVICE_DAY, DROP, ERASURE, KEY, PASSPORT, Claim, decode
from traceability.log.merkle import leaf_hash, root_of
from traceability.log.reader import LogReader

_PAGE = 10_000


def adopt(records: Records, reader: LogReader, say: Callable[[str], None] = lambda _: None) -> int:
    """Take the entries that the records lack from a published log; return how many.

    Raises `VerificationFailed`, step ``log``, when that is not a continuation of ours.
    """
    now = reader.now
    with records.transaction() as transaction:
        transaction.log.lock()
        size = transaction.log.size()
        if size >= now.size:
            return 0
        reader.require_continues(Checkpoint(now.origin, size, _root(transaction, size)))
        devices = set(transaction.devices.register().devices)
        for number in range(size, now.size):
            if number % 1_000 == 0:
                say(f"entry {number} of {now.size}")
            entry = reader.entry(number)
            claim = decode(entry)
            transaction.log.add(
                LogEntry(number, claim.kind, _subject(claim, number), claim.at_ms, entry)
            )
            if claim.kind == DEVICE_DAY and claim.body["device"] in devices:
                transaction.days.add(_revision(claim.body, number))
        transaction.log.add_head(SignedHead(now.size, now.root, reader.note))
    return now.size - size


def _root(transaction: Transaction, size: int) -> bytes:
    pages = (transaction.log.entries(n, min(size, n + _PAGE)) for n in range(0, size, _PAGE))
    return root_of(leaf_hash(one.entry) for page in pages for one in page)


def _subject(claim: Claim, number: int) -> str:
    """Return what an entry is filed under; a diary's says nothing of whose it was."""
    body = claim.body
    if claim.kind in (DEVICE_DAY, DROP):
        return str(body["device"])
    if claim.kind == PASSPORT:
        return f"{body['gtin']}/{body['lot']}/{parse_instant(str(body['issued']))}"
    if claim.kind == KEY:
        return str(body["id"])
    if claim.kind == ERASURE:
        return str(body["of"])
    if "gtin" in body:
        return f"{body['gtin']}/{body['lot']}"
    return f"adopted-{number}"


def _revision(body: Any, number: int) -> DayRevision:
    try:
        return DayRevision(
            DeviceId(body["device"]), date.fromisoformat(body["day"]), int(body["revision"]),
            number, bytes.fromhex(body["root"]), parse_instant(body["known"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        raise VerificationFailed("log", f"a device's day at number {number}", str(error)) from error
