"""Salted digests: said in the log and in passports in place of what may have to be erased."""

import secrets
from collections.abc import Mapping
from typing import Any

from store.records import Transaction
from traceability.canonical import salted_digest

SALT_BYTES = 16


def salted(
    transaction: Transaction, kind: str, subject: str, said: Mapping[str, Any]
) -> tuple[str, bytes]:
    """Return the digest of what is said of a subject, and its salt, drawn at first use."""
    salt = transaction.salts.find(kind, subject)
    if salt is None:
        transaction.log.lock()  # in this order everywhere, or two that log would deadlock
        salt = transaction.salts.find(kind, subject)
    if salt is None:
        salt = secrets.token_bytes(SALT_BYTES)
        transaction.salts.add(kind, subject, salt)
    return salted_digest(salt, said), salt
