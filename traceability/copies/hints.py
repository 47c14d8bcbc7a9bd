"""What in a label's scans is worth a look. Pure: counts and instants in, hints out.

No hint is a verdict. A proxy may place a telephone in another town, a shop may show the same
bag to fifty people, a grower may try a label before it is shipped; so buyers are told
counts and days, and the office is told why to look.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.scan import Scan
from domain.window import MINUTE_MS
from traceability.copies.rules import Rules


class Kind(enum.StrEnum):
    """Why to look."""

    FAR_PLACES = "far-places"
    BEFORE_SHIPPING = "before-shipping"
    AFTER_USE = "after-use"
    UNIT_TOO_OFTEN = "unit-too-often"
    LOT_TOO_OFTEN = "lot-too-often"


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to look into; ``serial`` is empty when it is about the whole lot.

    ``at_ms`` is the scan that stands out, ``places`` the two of `FAR_PLACES`.
    """

    kind: Kind
    gtin: str
    number: str
    serial: str
    times: int
    at_ms: int
    places: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """A unit's scans in numbers; the instants that events tell, None where they tell none."""

    gtin: str
    number: str
    serial: str
    times: int
    devices: int
    first_ms: int
    last_ms: int
    shipped_ms: int | None = None
    used_ms: int | None = None


def of_unit(unit: UnitSeen, scans: Iterable[Scan], rules: Rules) -> Iterator[Hint]:
    """Yield what is worth a look about one unit; ``scans`` are its own."""
    far = _far(scans, rules)
    if far is not None:
        places = (far[0].place, far[1].place)
        yield _hint(Kind.FAR_PLACES, unit, far[1].at_ms, places)
    if unit.shipped_ms is not None and unit.first_ms < unit.shipped_ms:
        yield _hint(Kind.BEFORE_SHIPPING, unit, unit.first_ms)
    if unit.used_ms is not None and unit.last_ms > unit.used_ms:
        yield _hint(Kind.AFTER_USE, unit, unit.last_ms)
    if unit.times > rules.unit_scans and unit.devices > rules.unit_devices:
        yield _hint(Kind.UNIT_TOO_OFTEN, unit, unit.last_ms)


def of_lot(lot: UnitSeen, kilograms: float, rules: Rules) -> Iterator[Hint]:
    """Yield what is worth a look about a lot; ``lot`` counts all of its scans."""
    usual = max(rules.lot_scans_at_least, kilograms * rules.lot_scans_per_kg)
    if lot.times > usual:
        yield _hint(Kind.LOT_TOO_OFTEN, lot, lot.last_ms)


def _far(scans: Iterable[Scan], rules: Rules) -> tuple[Scan, Scan] | None:
    """Return the first two scans between which nobody can have travelled."""
    newest: dict[str, Scan] = {}
    for scan in sorted(scans, key=lambda one: one.at_ms):
        if not scan.place:
            continue
        for place, before in newest.items():
            if scan.at_ms - before.at_ms < _apart_minutes(place, scan.place, rules) * MINUTE_MS:
                return before, scan
        newest[scan.place] = scan
    return None


def _apart_minutes(one: str, other: str, rules: Rules) -> int:
    """Return how long the way takes at least; a country and a region in it may be one place."""
    if one[:2] != other[:2]:
        return rules.far_minutes_countries
    return 0 if one == other or len(one) == 2 or len(other) == 2 else rules.far_minutes_regions


def _hint(kind: Kind, unit: UnitSeen, at_ms: int, places: tuple[str, str] | None = None) -> Hint:
    return Hint(kind, unit.gtin, unit.number, unit.serial, unit.times, at_ms, places)
