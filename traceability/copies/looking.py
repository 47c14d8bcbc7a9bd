"""Looking through what is kept of scans, with what events tell of the same goods."""

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import quote
from zoneinfo import ZoneInfo

from domain.window import local_day
from store.records import Transaction
from store.records.events import Narrowing, Order, Things
from store.records.scans import Seen
from traceability.copies.hints import Hint, UnitSeen, of_lot, of_unit
from traceability.copies.rules import Rules, rules_on
from traceability.epcis.facts import CLASS_FIELDS, EPC_FIELDS
from traceability.epcis.identifiers import STEM

# The units looked at are those opened most often, and those opened in several places.
_MOST_UNITS, _MOST_SCANS, _MOST_EVENTS = 200, 2_000, 50
_SHIPPED = frozenset({"shipping"})
_GONE = frozenset({"destroying", "decommissioning"})
# Of a lot some may be destroyed and the rest sold; a number taken back is gone as a whole.
_LOT_GONE = frozenset({"decommissioning"})


def hints(transaction: Transaction, now_ms: int) -> list[Hint]:
    """Return what is worth a look in the weeks for which scans are kept, newest first."""
    rules = rules_on(local_day(now_ms, ZoneInfo("UTC")))
    seen = transaction.scans.seen(_MOST_UNITS)
    known = {(one.gtin, one.number, one.serial) for one in seen}
    apart = transaction.scans.seen(_MOST_UNITS, in_places=2)
    seen += [one for one in apart if (one.gtin, one.number, one.serial) not in known]
    found = [hint for one in seen if one.serial for hint in _of_unit(transaction, one, rules)]
    found += _of_lots(transaction, seen, rules)
    return sorted(found, key=lambda hint: (-hint.at_ms, hint.number, hint.serial, hint.kind))


def _of_unit(transaction: Transaction, one: Seen, rules: Rules) -> Iterator[Hint]:
    lot = f"{STEM}/01/{one.gtin}/10/{quote(one.number, safe='')}"
    unit = f"{STEM}/01/{one.gtin}/21/{quote(one.serial, safe='')}"
    gone = (_first_ms(transaction, unit, _GONE), _first_ms(transaction, lot, _LOT_GONE))
    shipped = (_first_ms(transaction, unit, _SHIPPED), _first_ms(transaction, lot, _SHIPPED))
    numbers = UnitSeen(
        one.gtin, one.number, one.serial, one.times, one.devices, one.first_ms, one.last_ms,
        shipped_ms=min((ms for ms in shipped if ms is not None), default=None),
        used_ms=min((ms for ms in gone if ms is not None), default=None),
    )  # fmt: skip
    scans = transaction.scans.of_unit(one.gtin, one.number, one.serial, _MOST_SCANS)
    yield from of_unit(numbers, scans if one.places > 1 else (), rules)


def _of_lots(transaction: Transaction, seen: list[Seen], rules: Rules) -> Iterator[Hint]:
    by_lot: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for one in seen:
        by_lot[one.gtin, one.number].append(one)
    for (gtin, number), units in by_lot.items():
        lot = transaction.lots.find(gtin, number)
        if lot is None:
            continue
        first_ms, last_ms = min(u.first_ms for u in units), max(u.last_ms for u in units)
        times = transaction.scans.since(gtin, number, 0)
        whole = UnitSeen(gtin, number, "", times, 0, first_ms, last_ms)
        yield from of_lot(whole, lot.kilograms, rules)


def _first_ms(transaction: Transaction, uri: str, steps: frozenset[str]) -> int | None:
    """Return when events first tell a step of a thing; those declared wrong tell nothing."""
    things = (Things(frozenset((*EPC_FIELDS, *CLASS_FIELDS)), frozenset({uri})),)
    among = (("biz_step", steps),)
    order = Order("event_ms")
    find = transaction.events.select
    wrong = find(Narrowing(among, things=things, declared=True), order, None, _MOST_EVENTS)
    named = {event.event_id for event in wrong}
    told = find(Narrowing(among, things=things), order, None, _MOST_EVENTS)
    return next((event.event_ms for event in told if event.event_id not in named), None)
