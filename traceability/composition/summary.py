"""What a lot was made of, as people and programs are told it: from the passports that it names."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from domain.errors import NotFound
from domain.lot import IssuedPassport, Lot
from domain.plot import Plot
from store.records import Transaction
from traceability.composition.claims import MadeOf, Part, read_made_of
from traceability.composition.compiling import named_passport
from traceability.dossier import require_lot
from traceability.envelope import MADE_OF_TYPE, Envelope


@dataclass(frozen=True, slots=True)
class Harvested:
    """A harvested lot in another: where it grew, from when, and how whole its readings are.

    ``filled`` of ``expected`` readings due were there, as its passport says.
    """

    part: Part
    lot: Lot
    plot: Plot
    started: date
    filled: int
    expected: int


def made_of(passport: IssuedPassport) -> MadeOf | None:
    """Return what a passport says its lot is made of, None for a season's."""
    if MADE_OF_TYPE.encode() not in passport.envelope[:90]:
        return None  # without taking apart what may be no envelope at all
    return read_made_of(json.loads(Envelope.decode(passport.envelope).payload))


def behind(transaction: Transaction, passport: IssuedPassport) -> list[IssuedPassport]:
    """Return the passports that one names and that are there; none for a season's."""
    said = made_of(passport)
    found = []
    for part in () if said is None else said.parts:
        with suppress(NotFound):
            found.append(named_passport(transaction, part))
    return found


def harvested(transaction: Transaction, parts: Sequence[Part]) -> list[Harvested]:
    """Return what the passports of harvested lots say; raises `NotFound` for one that is gone."""
    return [_harvested(transaction, part) for part in parts]


def _harvested(transaction: Transaction, part: Part) -> Harvested:
    document = json.loads(Envelope.decode(named_passport(transaction, part).envelope).payload)
    filled, expected = (
        sum(row[name] for row in document["evidence"]) for name in ("filled", "expected")
    )
    lot = require_lot(transaction, *part.lot)
    started = date.fromisoformat(document["season"]["started"])
    return Harvested(part, lot, transaction.places.plot(lot.plot), started, filled, expected)
