"""The life of signing keys: made, ended, revoked; each step is in the log.

A key that is *ended* has signed its last passport, and what it signed before still holds. A
key that is *revoked* may be in other hands: of its signatures only those count that the log
shows from before that moment.
"""

from domain.errors import Clash, NotFound, Refused
from domain.window import print_instant
from store.records import Transaction
from store.records.keys import KeyRow
from traceability.keys import TrustedKey
from traceability.log.append import record
from traceability.log.entry import KEY


def trusted(transaction: Transaction) -> tuple[TrustedKey, ...]:
    """Return every key that passports were ever signed with, the oldest first."""
    return tuple(
        TrustedKey(row.id, row.public, row.from_ms, row.until_ms, row.revoked)
        for row in transaction.keys.every()
    )


def announce(transaction: Transaction, key: TrustedKey, now_ms: int) -> bool:
    """Put a key into the register, and end the one before; False when it is there already."""
    rows = transaction.keys.every()
    if any(row.id == key.id for row in rows):
        return False
    for row in rows:
        if row.until_ms is None:
            end(transaction, row.id, now_ms)
    transaction.keys.add(KeyRow(key.id, key.public, key.from_ms, None, revoked=False))
    body = {"public": key.public.hex(), "from": print_instant(key.from_ms)}
    record(transaction, KEY, key.id, {"id": key.id, "event": "valid", **body}, now_ms)
    return True


def end(transaction: Transaction, key_id: str, now_ms: int) -> None:
    """End a key; raises `NotFound`, `Clash` when it is ended already."""
    row = _row(transaction, key_id)
    if row.until_ms is not None:
        message = f"key {key_id} ended at {print_instant(row.until_ms)}"
        raise Clash(message)
    transaction.keys.end(key_id, now_ms, revoked=False)
    _log(transaction, key_id, "ended", now_ms, now_ms)


def revoke(transaction: Transaction, key_id: str, since_ms: int, now_ms: int) -> None:
    """Revoke a key since a moment at which it was surely still ours alone.

    Raises `NotFound`; `Clash` when it is revoked since earlier; `Refused` for the future,
    and for before the key was made: a slip of the pen would take back everything, for good.
    """
    row = _row(transaction, key_id)
    if since_ms > now_ms:
        message = f"a key is not revoked since {print_instant(since_ms)}: that is to come"
        raise Refused(message, "key")
    if since_ms < row.from_ms:
        message = f"key {key_id} exists since {print_instant(row.from_ms)} only"
        raise Refused(message, "key")
    if row.revoked and row.until_ms is not None and row.until_ms <= since_ms:
        message = f"key {key_id} is revoked since {print_instant(row.until_ms)} already"
        raise Clash(message)
    until_ms = since_ms if row.until_ms is None else min(since_ms, row.until_ms)
    transaction.keys.end(key_id, until_ms, revoked=True)
    _log(transaction, key_id, "revoked", until_ms, now_ms)


def require_valid(transaction: Transaction, key: TrustedKey, now_ms: int) -> None:
    """Raise `Refused` when a key may not sign any more."""
    for row in transaction.keys.every():
        if row.id == key.id and row.until_ms is not None and row.until_ms <= now_ms:
            message = (
                f"key {key.id} ended at {print_instant(row.until_ms)}: this program was started"
                " with it and must be started again with the new one"
            )
            raise Refused(message, "key")


def _row(transaction: Transaction, key_id: str) -> KeyRow:
    row = next((row for row in transaction.keys.every() if row.id == key_id), None)
    if row is None:
        message = f"no key {key_id}"
        raise NotFound(message)
    return row


def _log(transaction: Transaction, key_id: str, event: str, until_ms: int, now_ms: int) -> None:
    body = {"id": key_id, "event": event, "until": print_instant(until_ms)}
    record(transaction, KEY, key_id, body, now_ms)
