"""What the log says was erased: digests that nobody can open any more, and nobody's name.

Whoever holds records from before an erasure (a backup brought back) can open those digests
still, and so finds out by the log alone which names have to go again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import VerificationFailed
from domain.ids import ProducerId
from store.records import Transaction
from store.records.log import LogEntry
from traceability.canonical import salted_digest
from traceability.diary import digest_of
from traceability.dossier import PRODUCER, producer_said
from traceability.erasing.plan import Plan, is_hidden
from traceability.lineage.steps import PARTY
from traceability.log.entry import CERTIFICATE, DIARY, ERASURE, Claim, decode

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
    logged = {one.subject: one for one in transaction.log.of_kind(DIARY)}
    return [
        *(
            f"diary entry {entry.id}"
            for entry in transaction.diary.every()
            if entry.id in logged
            and transaction.salts.find(DIARY, entry.id) is None
            and _said(logged[entry.id]) not in told.digests
        ),
        *(
            f"certificate {one.subject}"
            for one in transaction.log.of_kind(CERTIFICATE)
            if transaction.salts.find(CERTIFICATE, one.subject) is None
        ),
        *(
            f"shipment {step.id}"
            for step in transaction.lineage.every()
            if is_hidden(step)
            and transaction.salts.find(PARTY, step.id) is None
            and step.party not in told.digests
        ),
    ]


def _said(entry: LogEntry) -> str:
    """Return the digest that an entry logs, nothing when it cannot be read: told elsewhere."""
    try:
        return str(decode(entry.entry).body.get("digest"))
    except VerificationFailed:
        return ""


def _digest_of_producer(transaction: Transaction, name: str) -> str | None:
    salt = transaction.salts.find(PRODUCER, name)
    if salt is None:
        return None
    producer = transaction.places.producer(ProducerId(name))
    return salted_digest(salt, producer_said(producer))
