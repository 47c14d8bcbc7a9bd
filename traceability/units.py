"""Units with serials of their own: drawn at random, no more than was harvested, printed once.

Rules:

- ``units-within-lot``   units together never hold more than what bears their lot's number:
  its weight without what became other lots (traceability/lineage) or was destroyed; a unit
  whose label was destroyed counts no more (traceability/voiding)

A serial is 64 bits from the operating system, never the next number: who has seen one label
cannot guess another, so an invented one is found out when it is scanned. Thirteen signs of
Crockford's base 32 without look-alikes, for whoever types them; all are in AI (21).
"""

import secrets
from collections.abc import Sequence

from domain.errors import Refused
from domain.gs1 import SerialNumber
from domain.label import PrintRun
from domain.lot import Lot, Unit
from store.records import Transaction

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKE = str.maketrans("OIL", "011")
_BITS, SIGNS = 64, 13
_GRAM_KG = 0.001


def draw(count: int) -> tuple[SerialNumber, ...]:
    """Return so many serials, all different."""
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[secrets.randbits(_BITS)] = None
    return tuple(map(_spelt, drawn))


def _spelt(number: int) -> SerialNumber:
    signs = (_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(SIGNS)))
    return SerialNumber("".join(signs))


def typed(text: str) -> SerialNumber:
    """Return a serial as it was read off a label by hand; raises `InvalidInput`.

    Only those that we drew have look-alikes to put right; others stand as they were typed.
    """
    drawn = text.upper().translate(_LOOKALIKE)
    ours = len(drawn) == SIGNS and set(drawn) <= set(_SYMBOLS)
    return SerialNumber.parse(drawn if ours else text)


def require_room(transaction: Transaction, lot: Lot, count: int, unit_kg: float) -> None:
    """Raise `Refused` when so many further units would hold more than the lot weighs."""
    bearing, kilograms = transaction.units.bearing(lot)
    weight = lot.kilograms - sum(transaction.lineage.turned((lot.gtin, lot.number)))
    left = weight - kilograms
    if count * unit_kg > left + _GRAM_KG:
        most = max(0, int((left + _GRAM_KG) / unit_kg))
        message = (
            f"lot {lot.number} weighs {weight:g} kg and has {bearing:,} units of"
            f" {kilograms:g} kg; {most:,} more of {unit_kg:g} kg are possible, {count:,} asked"
        )
        raise Refused(message, "units-within-lot")


def spend(
    transaction: Transaction, lot: Lot, serials: Sequence[SerialNumber], unit_kg: float, now_ms: int
) -> PrintRun:
    """Write down that these serials are printed, once and for all; return the run that they are.

    Raises `Refused` as `require_room`, also when somebody else was faster, and `Clash` for a
    serial that was printed before.
    """
    transaction.lots.lock(lot)
    require_room(transaction, lot, len(serials), unit_kg)
    run = _next_run(transaction, lot, len(serials), unit_kg, now_ms)
    transaction.units.add([
        Unit(lot.gtin, one, lot.number, unit_kg, now_ms, run.number, position)
        for position, one in enumerate(serials, 1)
    ])  # fmt: skip
    return run


def note_printed(transaction: Transaction, lot: Lot, count: int, now_ms: int) -> PrintRun:
    """Write down that so many labels of a lot, all alike, are printed; return the run."""
    transaction.lots.lock(lot)
    return _next_run(transaction, lot, count, None, now_ms)


def _next_run(
    transaction: Transaction, lot: Lot, count: int, unit_kg: float | None, now_ms: int
) -> PrintRun:
    """Return a lot's next run of the printer, kept; the lot is locked."""
    last = max((run.number for run in transaction.units.runs(lot)), default=0)
    run = PrintRun(last + 1, count, unit_kg, now_ms)
    transaction.units.add_run(lot, run)
    return run
