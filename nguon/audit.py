"""The log's part of ``nguon fsck``: everything claimed is in it, and it says what we say.

Leaves, roots, checkpoints and signatures are made again from the entries; passports, recalls
and the days of devices are each held against their entry. What people wrote down, and the
steps of lots, are in :mod:`.audit_written` and :mod:`.audit_events`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from domain.errors import NguonError, VerificationFailed
from nguon.audit_days import QUIET, Looked, Say, body_of, days_in_log
from nguon.audit_events import events_in_log
from nguon.audit_written import written_in_log
from nguon.compose import Stores
from store.records import Transaction
from store.records.log import LogEntry, SignedHead
from traceability.envelope import PAYLOAD_TYPE_1
from traceability.erasing.noted import claims_in, come_back, noted, unexplained
from traceability.erasing.plan import erases
from traceability.log.checkpoint import Policy, open_checkpoint
from traceability.log.entry import DENIAL, PASSPORT, RECALL, decode
from traceability.log.files import LogFiles
from traceability.log.merkle import EMPTY_ROOT, leaf_hash, root_of
from traceability.passport import logged, subject_of

_PAGE = 10_000


def findings(
    opened: Stores, files: LogFiles, policy: Policy, looked: Looked = QUIET
) -> Iterator[str]:
    """Yield what is wrong with the log, nothing when all is well."""
    say = looked.say
    with opened.records.reading() as transaction:
        heads, size = transaction.log.heads(), transaction.log.size()
    yield from _tree(opened, heads, size, policy, say)
    yield from _published(files, heads, policy)
    say("diary, certificates, passports, recalls and events in the log")
    with opened.records.reading() as transaction:
        yield from [*written_in_log(transaction), *_passports(transaction)]
        yield from _recalls(transaction)
        yield from [*_denials(transaction), *events_in_log(transaction), *_erased(transaction)]
    yield from days_in_log(opened, looked)


def _tree(
    opened: Stores, heads: Sequence[SignedHead], size: int, policy: Policy, say: Say
) -> Iterator[str]:
    """Make every leaf and every signed root again."""
    leaves: list[bytes] = []
    newest_ms = 0
    for first in range(0, size, _PAGE):
        say(f"entry {first} of {size} in the log")
        with opened.records.reading() as transaction:
            entries = transaction.log.entries(first, first + _PAGE)
        for number, one in enumerate(entries, first):
            leaves.append(leaf_hash(one.entry))
            yield from _entry(number, one, newest_ms)
            newest_ms = one.at_ms
    for head in heads:
        root = root_of(leaves[: head.size]) if head.size else EMPTY_ROOT
        if head.size > size:
            yield f"checkpoint of {head.size} entries: the log has {size}, it was rolled back"
        elif root != head.root:
            yield f"checkpoint of {head.size} entries: these are not the entries that were signed"
        yield from _note(head, policy)


def _entry(number: int, one: LogEntry, newest_ms: int) -> Iterator[str]:
    name = f"entry {one.number} of the log"
    if one.number != number:
        yield f"{name}: entry {number} is missing"
    try:
        claim = decode(one.entry)
    except VerificationFailed as error:
        yield f"{name}: {error}"
        return
    if (claim.kind, claim.at_ms) != (one.kind, one.at_ms):
        yield f"{name}: it is filed as something else than it says"
    if one.at_ms < newest_ms:
        yield f"{name}: its time goes back"


def _note(head: SignedHead, policy: Policy) -> Iterator[str]:
    try:
        said = open_checkpoint(head.note, policy).checkpoint
    except VerificationFailed as error:
        if error.step != "witnesses":
            yield f"checkpoint of {head.size} entries: {error}"
        return
    if (said.size, said.root) != (head.size, head.root):
        yield f"checkpoint of {head.size} entries: its note says something else"


def _published(files: LogFiles, heads: Sequence[SignedHead], policy: Policy) -> Iterator[str]:
    raw = files.checkpoint()
    if raw is None:
        if heads:
            yield f"nothing is published in {files.root}; `nguon log publish` does it"
        return
    try:
        shown = open_checkpoint(raw, Policy(policy.origin, policy.keys)).checkpoint
        root = files.tree(shown.size).root()
    except NguonError as error:
        yield f"published log: {error}"
        return
    if root != shown.root:
        yield f"published log: its tiles are not those of its checkpoint of {shown.size} entries"
    known = {head.size: head.root for head in heads}
    if known.get(shown.size) != shown.root:
        yield (
            f"published log: we never signed its checkpoint of {shown.size} entries as we have"
            " them: the records were rolled back, or the log was"
        )


def _passports(transaction: Transaction) -> Iterator[str]:
    said = {one.subject: body_of(one) for one in transaction.log.of_kind(PASSPORT)}
    for passport in transaction.lots.passports():
        subject = subject_of(passport)
        there = said.pop(subject, None)
        if there is None and PAYLOAD_TYPE_1.encode() not in passport.envelope[:90]:
            yield f"passport {subject} is not in the log"
        elif there is not None and there != logged(passport):
            yield f"passport {subject} is not the one that was logged"
    for subject in said:
        yield f"passport {subject} is in the log and gone from the records"


def _recalls(transaction: Transaction) -> Iterator[str]:
    begun = next(iter(transaction.log.entries(0, 1)), None)
    there = {f"{r.gtin}/{r.number}": r.since_ms for r in transaction.lots.recalls()}
    in_log = {one.subject for one in transaction.log.of_kind(RECALL)}
    for subject in sorted(in_log - there.keys()):
        yield f"the recall of lot {subject} is in the log and gone from the records"
    for subject, since_ms in there.items():
        if subject not in in_log and begun is not None and since_ms >= begun.at_ms:
            yield f"the recall of lot {subject} is not in the log"


def _denials(transaction: Transaction) -> Iterator[str]:
    kept = Counter(f"{one.gtin}/{one.number}" for one in transaction.decisions.denials())
    in_log = Counter(one.subject for one in transaction.log.of_kind(DENIAL))
    for subject in sorted(kept.keys() | in_log.keys()):
        if kept[subject] != in_log[subject]:
            yield (
                f"lot {subject} was denied by its grower {in_log[subject]} times in the log,"
                f" {kept[subject]} times in the records"
            )


def _erased(transaction: Transaction) -> Iterator[str]:
    """What was erased stays erased, and nothing else is: a salt that is gone hides a change."""
    told = noted(claims_in(transaction))
    for line in erases(come_back(transaction, told)):
        yield f"what the log says was erased is back ({line}): `nguon erase again --yes`"
    for what in unexplained(transaction, told):
        yield f"{what}: the salt of its digest is gone, and no erasure is in the log"
