"""The four names that the Commission's system reads, spelt its way and no other.

File Description v1.3, sections 3 and 4, and section 6 (9, 12, 14); validation rules,
*geolocation area for point*. Other properties are ignored there, and so here.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput
from domain.text import plain
from traceability.eudr.report import Findings, shown
from traceability.eudr.rules import Edition, countries

NAMES = ("ProducerName", "ProducerCountry", "ProductionPlace", "Area")
MEMBERS = ("type", "geometry", "properties", "id", "bbox")
_CLOSE = 0.8
_LONGEST = 1_000
# Units and a plural that people add to a name that must stand alone.
_TAIL = re.compile(r"(in)?(s|ha|hectares?|hecta)$")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a plot, as far as the system would read it; ``area`` in hectares."""

    producer: str
    country: str
    place: str
    area: float | None


def said_of(properties: Any, feature: int, path: str, found: Findings, *, listed: bool) -> Said:
    """Return what the properties say; ``listed`` is a file of several producers (Type II)."""
    own: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    misspelt(own, NAMES, feature, path, found)
    country = _country(own, feature, path, found, needed=listed)
    place = _text(own, "ProductionPlace", feature, path, found)
    if not place:
        found.add("production-place", feature, path, "nothing")
    producer = _text(own, "ProducerName", feature, path, found)
    return Said(producer, country, place, _area(own, feature, path, found))


def misspelt(
    own: Iterable[str], names: tuple[str, ...], feature: int | None, path: str, found: Findings
) -> None:
    """Note every name that is nearly one of ``names``, and which it should be."""
    own = list(own)
    for written in own:
        meant = meant_by(written, names)
        if meant is not None and meant not in own:
            found.add("property-name", feature, path, f"{shown(written)} instead of “{meant}”")


def meant_by(written: str, names: tuple[str, ...]) -> str | None:
    """Return the name that was nearly written, None when it is right or something else."""
    if written in names or len(written) > _LONGEST:
        return None
    bare = {_bare(name): name for name in names}
    for form in (_bare(written), _TAIL.sub("", _bare(written))):
        if form in bare:
            return bare[form]
    close = difflib.get_close_matches(_bare(written), bare, 1, _CLOSE)
    return bare[close[0]] if close else None


def _bare(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _country(
    own: Mapping[str, Any], feature: int, path: str, found: Findings, *, needed: bool
) -> str:  # fmt: skip
    written = own.get("ProducerCountry")
    if written is None:
        if needed:
            found.add("country-missing", feature, path, "nothing")
        return ""
    if isinstance(written, str) and written in countries():
        return written
    found.add("country", feature, f"{path}.ProducerCountry", shown(written))
    return ""


def _text(own: Mapping[str, Any], name: str, feature: int, path: str, found: Findings) -> str:
    written = own.get(name)
    if written is None:
        return ""
    try:
        if isinstance(written, str):
            return plain(written, name, _LONGEST)
    except InvalidInput as error:
        found.add("text", feature, f"{path}.{name}", str(error))
        return ""
    found.add("text", feature, f"{path}.{name}", shown(written))
    return ""


def _area(own: Mapping[str, Any], feature: int, path: str, found: Findings) -> float | None:
    written = own.get("Area")
    if written is None:
        return None
    if isinstance(written, bool) or not isinstance(written, (int, float)):
        found.add("area-type", feature, f"{path}.Area", shown(written))
        return None
    return min(max(written, -1e12), 1e12)


def judge_point_area(
    area: float | None, edition: Edition, feature: int, path: str, found: Findings
) -> None:
    """Note what is wrong with the area of a plot that is given as a point."""
    if area is None:
        found.add("area-missing", feature, path, f"counts as {edition.default_area_ha:g} ha")
    elif area > edition.polygon_above_ha:
        found.add("polygon-required", feature, f"{path}.Area", f"{area:g} ha")
    elif area < edition.least_area_ha:
        said = f"{area:g} ha, {edition.least_area_ha:g} ha is the least"
        found.add("area-range", feature, f"{path}.Area", said)
    elif area < edition.speck_ha:
        found.add("speck", feature, f"{path}.Area", as_speck(area))


def as_speck(hectares: float) -> str:
    """Return a small area in words: nobody pictures a ten-thousandth of a hectare."""
    return f"{hectares:.2g} ha, that is {hectares * 10_000:.2g} m²"
