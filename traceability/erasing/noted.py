"""What the log says was erased: digests that nobody can open any more, and nobody's name.

Whoever holds records from before an erasure (a backup brought back) can open those digests
still, and so finds out by the log alone which names have to go again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import VerificationFailed
from domain.ids import ProducerId
from store.records import Transaction
from traceability.canonical import salted_digest
from traceability.diary import digest_of
from traceability.dossier import PRODUCER, producer_said
from traceability.erasing.plan import Plan
from traceability.lineage.steps import PARTY
from traceability.log.entry import DIARY, ERASURE, Claim, decode

TEXT = "text"
"""Marks erasures of diary entries that took the note as well."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Digests that were erased, each with whether a text went with it.

    ``without`` is how many things were erased that had no digest yet: a producer of whom no
    passport was ever issued. Which, no log can tell.
    """

    digests: Mapping[str, bool]
    without: int


def noted(claims: Iterable[Claim]) -> Noted:
    """Return what claims of the log say was erased; other claims say nothing of it."""
    digests: dict[str, bool] = {}
    without = 0
    for claim in claims:
        if claim.kind == ERASURE:
            text = bool(claim.body.get(TEXT, False))
            for one in claim.body["digests"]:
                digests[str(one)] = digests.get(str(one), False) or text
            without += int(claim.body["without"])
    return Noted(digests, without)


def claims_in(transaction: Transaction) -> list[Claim]:
    """Return the erasures in the log of the records; one that cannot be read is told elsewhere."""
    found = []
    for one in transaction.log.of_kind(ERASURE):
        try:
            found.append(decode(one.entry))
        except VerificationFailed:
            continue
    return found


def come_back(transaction: Transaction, told: Noted) -> Plan:
    """Return what has a name again though it was erased, as what to erase once more."""
    producers = [
        one.id
        for one in transaction.places.producers()
        if not one.name_erased and _digest_of_producer(transaction, one.id) in told.digests
    ]
    steps = [
        step.id
        for step in transaction.lineage.every()
        if step.party in told.digests
        and (transaction.lineage.party_name(step.id) or transaction.salts.find(PARTY, step.id))
    ]
    digests = {one.id: digest_of(transaction, one) or "" for one in transaction.diary.every()}
    entries = {name: digest for name, digest in digests.items() if digest in told.digests}
    texts = tuple(name for name, digest in entries.items() if told.digests[digest])
    logins = [login for one in producers for login in transaction.erasing.logins(one)]
    return Plan(tuple(producers), tuple(logins), tuple(steps), tuple(entries), texts)


def unexplained(transaction: Transaction, told: Noted) -> list[str]:
    """Return what nobody can check any more though no erasure of it is in the log."""
    found, there = [], {entry.id for entry in transaction.diary.every()}
    for one in transaction.log.of_kind(DIARY):
        if one.subject in there and transaction.salts.find(DIARY, one.subject) is None:
            try:
                digest = decode(one.entry).body.get("digest")
            except VerificationFailed:
                continue
            if digest not in told.digests:
                found.append(f"diary entry {one.subject}")
    return found


def _digest_of_producer(transaction: Transaction, name: str) -> str | None:
    salt = transaction.salts.find(PRODUCER, name)
    if salt is None:
        return None
    producer = transaction.places.producer(ProducerId(name))
    return salted_digest(salt, producer_said(producer))
