"""One position: two numbers, longitude first, in degrees of WGS 84; and its six decimals.

RFC 7946, section 3.1.1; File Description v1.3, sections 2 and 6 (11, 14).
"""

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from traceability.eudr.report import Findings, shown
from traceability.eudr.rules import Box

Position = tuple[float, float]
"""Longitude and latitude in degrees."""

_LON, _LAT = 180.0, 90.0
# Metres of a projection: an easting of a zone, a northing of this planet.
_METRES = (100_000.0, 10_100_000.0)


@dataclass
class Positions:
    """Reads the positions of one plot; ``box`` is its country's, None where unknown.

    A rule that many positions break is told once, with the first of them and how many.
    """

    decimals: int
    box: Box | None
    finest: int = 0
    read_well: int = 0
    coarse: int = 0
    _wrong: dict[str, tuple[str, Any, int]] = field(default_factory=dict)

    def read(self, written: Any, path: str) -> Position | None:
        """Return a position, None where there is none to return."""
        if not isinstance(written, list) or not 2 <= len(written) <= 3:
            self._note("nesting", path, written)
            return None
        if not all(map(is_number, written)):
            self._note("coordinate-text", path, written)
            return None
        lon, lat = written[0], written[1]
        rule = _beyond(lon, lat, self.box)
        if rule:
            self._note(rule, path, written)
            return None
        if len(written) == 3:
            self._note("third-dimension", path, written)
        return self._kept(float(lon), float(lat), path)

    @property
    def is_coarse(self) -> bool:
        """Whether most positions have fewer decimals than asked in both of their numbers.

        A file cannot show zeros at the end, so a number in ten looks a decimal short that is
        not, but hardly both of a position, and never most of a plot's.
        """
        return 2 * self.coarse > self.read_well

    @property
    def has_more_decimals(self) -> bool:
        """Whether a position has more decimals than the system keeps."""
        return self.finest > self.decimals

    def tell(self, feature: int, found: Findings) -> None:
        """Note what was wrong with the positions of a plot."""
        for rule, (path, written, times) in self._wrong.items():
            more = f" and {times - 1:,} more" if times > 1 else ""
            found.add(rule, feature, path, _as_written(written) + more)

    def _kept(self, lon: float, lat: float, path: str) -> Position:
        here = max(decimals_of(lon), decimals_of(lat))
        self.finest = max(self.finest, here)
        self.read_well += 1
        self.coarse += here < self.decimals
        if here > self.decimals:
            self._note("more-decimals", path, [lon, lat])
        if self.box is not None and not self.box.holds(lon, lat):
            self._note("outside-country", path, [lon, lat])
        return lon, lat

    def _note(self, rule: str, path: str, written: Any) -> None:
        first_path, first, times = self._wrong.get(rule, (path, written, 0))
        self._wrong[rule] = first_path, first, times + 1


def _as_written(position: Any) -> str:
    if not isinstance(position, list) or len(position) > 3:
        return f"{shown(position)} where a pair belongs"
    return f"[{', '.join(shown(one, 24) for one in position)}]"


def _beyond(lon: float, lat: float, box: Box | None) -> str:
    """Return the rule that two numbers break, nothing when they may be a position."""
    inside = abs(lon) <= _LON and abs(lat) <= _LAT
    if box is not None and not box.holds(lon, lat) and box.holds(lat, lon):
        return "swapped"
    if inside:
        return ""
    if box is None and abs(lat) <= _LON and abs(lon) <= _LAT:
        return "swapped"
    if all(_METRES[0] <= abs(one) <= _METRES[1] for one in (lon, lat)):
        return "projected"
    return "range"


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number; to Python, true is one as well."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def decimals_of(value: float) -> int:
    """Return how many decimals a number is written with, as its shortest form has them."""
    text = repr(value)
    if "e" in text:  # Decimal reads any form, and takes ten times as long
        exponent = Decimal(text).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0
    digits = text.partition(".")[2]
    return 0 if digits == "0" else len(digits)


def rounded(position: Position, decimals: int) -> Position:
    """Return a position rounded to so many decimals."""
    # Adding zero turns -0.0 into 0.0: one place has one spelling.
    return round(position[0], decimals) + 0.0, round(position[1], decimals) + 0.0


def truncated(position: Position, decimals: int) -> Position:
    """Return a position with further decimals cut off, as written in decimal."""
    if max(map(decimals_of, position)) <= decimals:
        return rounded(position, decimals)
    step = Decimal(1).scaleb(-decimals)
    lon, lat = (Decimal(repr(one)).quantize(step, ROUND_DOWN) for one in position)
    return float(lon) + 0.0, float(lat) + 0.0
