"""Writing down what a lot was made of: its steps, and the passports of its harvested lots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import NotFound, Refused
from domain.lineage import Portion, Step
from domain.lot import IssuedPassport, Lot
from domain.window import parse_instant, print_instant
from store.records import Transaction
from store.records.lineage import OUT
from traceability.composition.arithmetic import parts_of
from traceability.composition.claims import (
    METHOD,
    MOST_ORIGINS,
    MOST_STEPS,
    Part,
    name_of,
    part_row,
    read_made_of,
)
from traceability.dossier import lot_row, product_row
from traceability.envelope import digest_of
from traceability.lineage.graph import key_of, origins, upstream
from traceability.lineage.telling import subject_of, zone_of
from traceability.lineage.weights import floor_grams, kilograms
from traceability.log.entry import EVENT, decode


@dataclass(frozen=True, slots=True)
class Origin:
    """A harvested lot, the passport that speaks of it, and that passport's entry in the log."""

    lot: Lot
    passport: IssuedPassport
    number: int


def is_made_of_several(behind: Sequence[Lot]) -> bool:
    """Whether lots are of several seasons or days: one season's evidence cannot speak of them."""
    return len({(one.season, one.harvested) for one in behind}) > 1


def require_few(lot: Lot, behind: Sequence[Lot]) -> None:
    """Raise `Refused` where a lot is made of more than one passport speaks of."""
    if len(behind) > MOST_ORIGINS:
        message = (
            f"lot {lot.number} is made of {len(behind)} harvested lots; a passport speaks of at"
            f" most {MOST_ORIGINS}: merge fewer, or show the passports of those"
        )
        raise Refused(message, "made-of")


def named_passport(transaction: Transaction, part: Part) -> IssuedPassport:
    """Return the passport that another names; raises `NotFound` when it is gone, or another one.

    The newest may be a later one: what was signed stays what it was.
    """
    passport = transaction.lots.passport_at(*part.lot, parse_instant(part.issued))
    if passport is None or digest_of(passport.envelope) != part.envelope:
        message = f"the passport of {name_of(part.lot)} from {part.issued} is gone"
        raise NotFound(message)
    return passport


def compile_made_of(
    transaction: Transaction, lot: Lot, parts: Sequence[Origin], said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the passport's content as plain JSON values.

    ``said`` are its issuer, its log and the time of issue. Raises `Refused` when there are too
    many steps, `NotFound` for a step that is in no log.
    """
    steps = _steps(transaction, lot)
    weights = parts_of(
        key_of(lot), floor_grams(lot.kilograms), steps, [key_of(one.lot) for one in parts]
    )
    ordered = sorted(parts, key=lambda one: (one.lot.harvested, key_of(one.lot)))
    return {
        "lot": lot_row(transaction, lot),
        "product": product_row(transaction.lots.product(lot.gtin)),
        "made_of": [part_row(_part(one, *weights[key_of(one.lot)])) for one in ordered],
        "steps": [_step_row(transaction, step) for step in steps],
        "method": METHOD,
        **said,
    }


def compile_again(
    transaction: Transaction, lot: Lot, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a passport would say today of its lot, with the passports that it names.

    Raises `NotFound` where one of them, or a lot behind it, is gone.
    """
    behind = {key_of(one): one for one in origins(transaction, lot)}
    named = []
    for part in read_made_of(document).parts:
        if part.lot not in behind:
            message = f"{name_of(part.lot)} is not what it is made of"
            raise NotFound(message)
        passport = named_passport(transaction, part)
        _require_entry(transaction, part)
        named.append(Origin(behind.pop(part.lot), passport, part.number))
    if behind:
        message = f"{name_of(min(behind))} is left out of what it is made of"
        raise NotFound(message)
    said = {name: document[name] for name in ("issued", "issuer", "log")}
    return compile_made_of(transaction, lot, named, said)


def _require_entry(transaction: Transaction, part: Part) -> None:
    for one in transaction.log.entries(part.number, part.number + 1):
        if decode(one.entry).body.get("envelope") == part.envelope:
            return
    message = f"the passport of {name_of(part.lot)} is not entry {part.number} of the log"
    raise NotFound(message)


def _part(one: Origin, grams: int, share: float) -> Part:
    lot, passport = one.lot, one.passport
    return Part(
        key_of(lot), lot.harvested, floor_grams(lot.kilograms), grams, share,
        print_instant(passport.issued_ms), digest_of(passport.envelope), one.number,
    )  # fmt: skip


def _steps(transaction: Transaction, lot: Lot) -> list[Step]:
    """Return the steps that made a lot and all between, in the order of the log."""
    made = [key_of(one) for one in upstream(transaction, lot) if one.made_by is not None]
    steps = transaction.lineage.of(made, OUT)
    if len(steps) > MOST_STEPS:
        message = f"{len(steps)} steps lead to lot {lot.number}; a passport tells {MOST_STEPS}"
        raise Refused(message, "made-of")
    return sorted(steps, key=lambda step: _logged(transaction, step)[0])


def _logged(transaction: Transaction, step: Step) -> tuple[int, int, str]:
    """Return number, time and event of a step's entry in the log."""
    entry = transaction.log.newest(EVENT, subject_of(step))
    if entry is None:
        message = f"step {step.id} is not in the log"
        raise NotFound(message)
    return entry.number, entry.at_ms, str(decode(entry.entry).body["event"])


def _step_row(transaction: Transaction, step: Step) -> dict[str, Any]:
    number, logged_ms, event = _logged(transaction, step)
    return {
        "id": step.id,
        "kind": step.kind.value,
        "process": step.process,
        "at": print_instant(step.at_ms),
        "zone": zone_of(transaction, step).key,
        "place": step.place,
        "inputs": [_portion_row(one) for one in step.inputs],
        "outputs": [_portion_row(one) for one in step.outputs],
        "event": event,
        "logged": number,
        "logged_at": print_instant(logged_ms),
    }


def _portion_row(one: Portion) -> dict[str, Any]:
    weight = kilograms(floor_grams(one.kilograms))
    return {"gtin": one.gtin, "number": one.number, "kilograms": weight}
