"""A label was opened: what is kept of that, and what is not.

No address, no name of a browser, no place finer than what a proxy in front of the program
tells. A device is a digest under a key that lives for a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.window import MINUTE_MS


@dataclass(frozen=True, slots=True)
class Scan:
    """``times`` openings of a lot's page, from ``at_ms`` on, within one minute.

    ``serial`` is AI (21) of a single unit, empty where the label named none; ``place`` a code
    such as VN-58, ``device`` 16 hexadecimal digits; both empty where not known.
    """

    gtin: str
    number: str
    serial: str
    place: str
    device: str
    at_ms: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class ScanTotal:
    """How often a lot or a unit was opened, and when first and last, in milliseconds."""

    times: int
    first_ms: int
    last_ms: int


def merged(scans: Iterable[Scan]) -> list[Scan]:
    """Return the same openings in fewer rows: one a unit, device, place and minute."""
    found: dict[tuple[str, str, str, str, str, int], Scan] = {}
    for scan in scans:
        minute = scan.at_ms // MINUTE_MS
        key = (scan.gtin, scan.number, scan.serial, scan.place, scan.device, minute)
        before = found.get(key)
        if before is None:
            found[key] = scan
        else:
            at_ms, times = min(before.at_ms, scan.at_ms), before.times + scan.times
            found[key] = replace(before, at_ms=at_ms, times=times)
    return list(found.values())
