"""What is to be erased, and what stays all the same: for people to read before it is done."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.erased import ERASED
from domain.errors import InvalidInput, NotFound
from domain.ids import EntryId, ProducerId, StepId
from domain.lineage import Step, StepKind
from store.records import Transaction
from traceability.envelope import PAYLOAD_TYPE_1, Envelope

_DIGEST = 64  # SHA-256 in hexadecimal; a GLN is shorter


@dataclass(frozen=True, slots=True)
class Plan:
    """Whose names are to be erased: producers, logins, takers of shipments, authors.

    ``texts`` are those of ``entries`` whose note goes as well.
    """

    producers: tuple[ProducerId, ...] = ()
    logins: tuple[str, ...] = ()
    steps: tuple[StepId, ...] = ()
    entries: tuple[EntryId, ...] = ()
    texts: tuple[EntryId, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.producers or self.logins or self.steps or self.entries)


def of_producer(
    transaction: Transaction, producer: ProducerId, *, diary: bool, text: bool
) -> Plan:  # fmt: skip
    """Return the erasing of a producer; raises `NotFound`.

    With ``diary`` of what they wrote there too, as its author; with ``text`` of the notes.
    """
    found = transaction.places.producer(producer)
    logins = transaction.erasing.logins(producer)
    written = [one for login in logins for one in transaction.erasing.entries_by(login)]
    entries = tuple(written) if diary or text else ()
    names = () if found.name_erased else (producer,)
    return Plan(names, tuple(logins), (), entries, entries if text else ())


def of_parties(transaction: Transaction, steps: tuple[StepId, ...], *, everywhere: bool) -> Plan:
    """Return the erasing of who took shipments, ``everywhere`` of every one to the same name.

    Raises `NotFound`, and `InvalidInput` for a step that is no shipment to a name.
    """
    wanted: dict[StepId, None] = {}
    for name in steps:
        step = transaction.lineage.find(name)
        if step is None:
            message = f"no step {name}"
            raise NotFound(message)
        if not is_hidden(step):
            message = f"step {name} is no shipment to somebody's name"
            raise InvalidInput(message, "step")
        said = transaction.lineage.party_name(name)
        if said is not None:
            more = transaction.erasing.shipped_to(said) if everywhere else [name]
            wanted |= dict.fromkeys(more)
    return Plan(steps=tuple(wanted))


def is_hidden(step: Step) -> bool:
    """Whether a step is a shipment to somebody's name, which stands behind a digest."""
    return step.kind is StepKind.SHIP and len(step.party or "") == _DIGEST


def of_entries(
    transaction: Transaction, entries: tuple[EntryId, ...], authors: tuple[str, ...], *, text: bool
) -> Plan:
    """Return the erasing of authors of diary entries, with ``text`` of the notes; `NotFound`."""
    written = [one for login in authors for one in transaction.erasing.entries_by(login)]
    wanted = dict.fromkeys([*entries, *written])
    named = tuple(
        one
        for one in wanted
        if transaction.diary.entry(one).author != ERASED
        or (text and transaction.diary.entry(one).note)
    )
    return Plan(entries=named, texts=named if text else ())


def erases(plan: Plan) -> Iterator[str]:
    """Yield what would go, a line each."""
    for producer in plan.producers:
        yield f"producer {producer}: public name, phone, scans of certificates, salt of its digest"
    for login in plan.logins:
        yield f"login {login}: the account, its sessions, and the login wherever it did something"
    for step in plan.steps:
        yield f"shipment {step}: who took it, and the salt of the digest"
    for entry in plan.entries:
        note = ", its note" if entry in plan.texts else ""
        yield f"diary entry {entry}: its author{note}, and the salt of its digest"


def _named_in_clear(transaction: Transaction, producer: ProducerId) -> int:
    """Return how many passports of the first version a producer's plots have."""
    plots = {plot.id for plot in transaction.places.plots(producer)}
    lots = {(lot.gtin, lot.number) for lot in transaction.lots.lots() if lot.plot in plots}
    theirs = (one for one in transaction.lots.passports() if (one.gtin, one.number) in lots)
    return sum(Envelope.decode(one.envelope).payload_type == PAYLOAD_TYPE_1 for one in theirs)


def stays(transaction: Transaction, plan: Plan) -> Iterator[str]:
    """Yield what does not go, so that nobody believes otherwise."""
    for login in plan.logins:
        count = len(set(transaction.erasing.entries_by(login)) - set(plan.entries))
        if count:
            yield (
                f"login {login} as the author of {count} diary entries: --diary takes it out,"
                f" later `nguon erase diary --author {login}`"
            )
    for producer in plan.producers:
        plots = ", ".join(plot.name for plot in transaction.places.plots(producer))
        yield f"the id {producer}, and the names of plots and products; plots: {plots or 'none'}"
        if transaction.papers.certificates(producer):
            yield "certificates: their numbers and who gave them, also in passports"
        old = _named_in_clear(transaction, producer)
        if old:
            yield f"{old} passports from before the log, which have the name in what is signed"
    if set(plan.entries) - set(plan.texts):
        yield "what the notes of these diary entries say: --text takes them out"
    if plan.producers or plan.logins:
        yield (
            "what people wrote: reasons of recalls and denials, sources of outlines and"
            " holdings, events that others told"
        )
    if plan.entries:
        yield "day, work, amount and product of these diary entries, also in passports"
    yield "passports, events and the log: they hold digests, which nobody can open any more"
    yield "copies that others made, proofs that were downloaded among them, and older backups"
