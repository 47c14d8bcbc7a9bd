"""Put a file right where there is one way to do so; every change is listed, none is silent.

What cannot be put right without asking whoever knows the land stays wrong, and the report
of the mended file says so.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from traceability.eudr.check import WGS84, Question, check
from traceability.eudr.document import read
from traceability.eudr.geometry import DEPTH
from traceability.eudr.mend_geometry import Mender
from traceability.eudr.properties import MEMBERS, NAMES, meant_by
from traceability.eudr.report import Findings, Report, shown
from traceability.eudr.rules import Law, countries, law

# A comma is read in two ways, so it is not read here.
_AREA = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a plot, counted from 0 in the file as given; None: to the file."""

    feature: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Mended:
    """The bytes of a file put right, what was done, and what is still wrong with it."""

    raw: bytes
    changes: tuple[Change, ...]
    report: Report


def mend(raw: bytes, question: Question) -> Mended:
    """Return a file put right; one that cannot be read comes back as it was."""
    in_force = law(question.on)
    document = read(raw, in_force.edition, Findings(in_force.rules))
    if document is None:
        return Mended(raw, (), check(raw, question))
    changes: list[Change] = []
    if raw.startswith(b"\xef\xbb\xbf"):
        changes.append(Change(None, "byte order mark dropped"))
    whole = _collection(document, changes)
    if isinstance(whole.get("features"), list):
        features = enumerate(whole["features"])
        whole["features"] = [
            new for i, one in features for new in _feature(i, one, question, in_force, changes)
        ]
    written = write(whole)
    report = check(written, question)
    if "syntax" in report.counts:  # a number beyond all numbers is read, and cannot be written
        return Mended(raw, (), check(raw, question))
    return Mended(written, tuple(changes), report)


def write(document: Any) -> bytes:
    """Return a document as UTF-8 JSON on one line, in the order in which it is."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:  # half a sign: the check finds it
        return f"{json.dumps(document)}\n".encode()


def _collection(document: Any, changes: list[Change]) -> dict[str, Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Feature":
        changes.append(Change(None, "put into a FeatureCollection"))
        return {"type": "FeatureCollection", "features": [document]}
    if isinstance(kind, str) and kind in DEPTH:
        changes.append(Change(None, "put into a Feature of a FeatureCollection"))
        feature = {"type": "Feature", "properties": {}, "geometry": document}
        return {"type": "FeatureCollection", "features": [feature]}
    whole = dict(document) if isinstance(document, dict) else {"type": None}
    crs = whole.get("crs")
    own = crs.get("properties") if isinstance(crs, dict) else None
    name = own.get("name") if isinstance(own, dict) else None
    if isinstance(name, str) and name in WGS84:
        changes.append(Change(None, f'"crs" {name} dropped, since no other is allowed'))
        del whole["crs"]
    return whole


def _feature(
    number: int, feature: Any, question: Question, in_force: Law, changes: list[Change]
) -> list[Any]:
    if not isinstance(feature, dict):
        return [feature]
    whole = _renamed(feature, MEMBERS, number, changes)
    own = whole.get("properties")
    if isinstance(own, dict):
        whole["properties"] = own = _properties(own, number, changes)
    country = own.get("ProducerCountry") if isinstance(own, dict) else None
    box = in_force.boxes.get(country if isinstance(country, str) else question.country)
    mender = Mender(in_force.edition.decimals, box)
    geometries = mender.geometries(whole.get("geometry"))
    changes += [Change(number, sentence) for sentence in mender.sentences()]
    if len(geometries) == 1:
        return [whole | {"geometry": geometries[0]}]
    return _parts(whole, geometries, number, changes)


def _parts(
    whole: dict[str, Any], geometries: Sequence[Any], number: int, changes: list[Change]
) -> list[Any]:
    """Return a Feature a geometry; an area and an id of the whole are none of its parts."""
    dropped: list[str] = [name for name in ("id", "bbox") if name in whole]
    own = whole.get("properties")
    if isinstance(own, dict) and "Area" in own:
        dropped.append("Area")
        own = {name: value for name, value in own.items() if name != "Area"}
    if dropped:
        changes.append(Change(number, f"{', '.join(dropped)} of the whole dropped from its parts"))
    return [{"type": "Feature", "properties": own, "geometry": one} for one in geometries]


def _renamed(
    written: dict[str, Any], names: tuple[str, ...], number: int, changes: list[Change]
) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for name, value in written.items():
        meant = meant_by(name, names)
        if meant is None or meant in written or meant in renamed:
            renamed[name] = value
            continue
        changes.append(Change(number, f"{shown(name)} renamed to “{meant}”"))
        renamed[meant] = value
    return renamed


def _properties(own: dict[str, Any], number: int, changes: list[Change]) -> dict[str, Any]:
    mended = _renamed(own, NAMES, number, changes)
    country, area = mended.get("ProducerCountry"), mended.get("Area")
    if isinstance(country, str) and country not in countries():
        capitals = country.strip().upper()
        if capitals in countries():
            changes.append(Change(number, f"country {shown(country)} written as {capitals}"))
            mended["ProducerCountry"] = capitals
    if isinstance(area, str) and _AREA.fullmatch(area):
        changes.append(Change(number, f"area {shown(area)} made a number"))
        mended["Area"] = float(area)
    return mended
