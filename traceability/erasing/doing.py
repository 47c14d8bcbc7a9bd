"""Erasing, in one transaction: salts, fields, and last the note in the log."""

from collections.abc import Sequence

from domain.ids import EntryId, ProducerId, StepId
from store.records import Transaction
from traceability.canonical import salted_digest
from traceability.diary import digest_of
from traceability.dossier import PRODUCER, producer_said
from traceability.erasing.noted import TEXT
from traceability.erasing.plan import Plan
from traceability.lineage.steps import PARTY
from traceability.log.append import record
from traceability.log.entry import DIARY, ERASURE

_A_ENTRY = 500  # digests of 67 bytes in JSON: far below what an entry may have


def erase(transaction: Transaction, plan: Plan, now_ms: int) -> None:
    """Erase what a plan names, and note it in the log by the digests that it shuts."""
    notes: list[tuple[str, bool, list[str | None]]] = [
        ("producer", False, [_producer(transaction, one) for one in plan.producers]),
        ("party", False, [_party(transaction, one) for one in plan.steps]),
    ]
    for text in (False, True):
        some = [one for one in plan.entries if (one in plan.texts) is text]
        notes.append(("diary", text, [_entry(transaction, one, text=text) for one in some]))
    for login in plan.logins:
        transaction.erasing.login(login)
    for of, text, digests in notes:
        _note(transaction, of, digests, now_ms, text=text)


def _producer(transaction: Transaction, name: ProducerId) -> str | None:
    producer = transaction.places.producer(name)
    salt = transaction.salts.find(PRODUCER, name)
    transaction.salts.erase(PRODUCER, name)
    transaction.erasing.producer(name)
    return None if salt is None else salted_digest(salt, producer_said(producer))


def _party(transaction: Transaction, name: StepId) -> str | None:
    step = transaction.lineage.find(name)
    transaction.salts.erase(PARTY, name)
    transaction.erasing.party(name)
    return None if step is None else step.party


def _entry(transaction: Transaction, name: EntryId, *, text: bool) -> str | None:
    digest = digest_of(transaction, transaction.diary.entry(name))
    transaction.salts.erase(DIARY, name)
    transaction.erasing.entry(name, text=text)
    return digest


def _note(
    transaction: Transaction, of: str, erased: Sequence[str | None], now_ms: int, *, text: bool
) -> None:  # fmt: skip
    digests = sorted(one for one in erased if one is not None)
    without = len(erased) - len(digests)
    for first in range(0, max(len(digests), without and 1), _A_ENTRY):
        some = digests[first : first + _A_ENTRY]
        body = {"of": of, "digests": some, "without": 0 if first else without, TEXT: text}
        record(transaction, ERASURE, of, body, now_ms)
