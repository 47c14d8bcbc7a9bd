"""Check a file of plots: every finding by rule, plot and place, in one pass. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely

from traceability.eudr.area import hectares
from traceability.eudr.document import read
from traceability.eudr.geometry import Shapes, shapes_of
from traceability.eudr.position import Positions, rounded
from traceability.eudr.properties import (
    MEMBERS,
    Said,
    judge_point_area,
    misspelt,
    said_of,
)
from traceability.eudr.report import Findings, Report, close, shown
from traceability.eudr.ring import Outline, outline_of
from traceability.eudr.rules import Law, law
from traceability.eudr.together import Placed, compare

# EPSG:4326 under its names; RFC 7946 section 4 wants no name at all.
WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "EPSG:4326",
          "urn:ogc:def:crs:EPSG::4326")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """How to judge: by the law of a day; ``country`` where a plot names none.

    ``listed`` is a file of several producers for the Commission's import page (Type II).
    """

    on: date
    country: str = "VN"
    listed: bool = False


def check(raw: bytes, question: Question) -> Report:
    """Return what is wrong with the bytes of a file; raises `NotFound` for too early a day."""
    in_force = law(question.on)
    found = Findings(in_force.rules)
    document = read(raw, in_force.edition, found)
    if document is None:
        return close(found, 0, 0.0)
    return check_document(document, question, in_force, found)


def check_document(document: Any, question: Question, in_force: Law, found: Findings) -> Report:
    """Return what is wrong with a document; the findings of its file are in ``found``."""
    features = _features(document, found)
    run = _Run(in_force, question, found)
    for number, feature in enumerate(features):
        run.feature(number, feature)
    compare(run.placed, in_force.edition, found)
    if len(run.producers) > in_force.edition.most_producers:
        said = f"{len(run.producers):,}, {in_force.edition.most_producers:,} are taken"
        found.add("producers", None, "features", said)
    return close(found, len(features), run.hectares)


def _features(document: Any, found: Findings) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if isinstance(document, dict) else None
    if kind != "FeatureCollection" or not isinstance(features, list) or not features:
        if isinstance(document, dict):
            misspelt(document, ("type", "features"), None, "", found)
        what = "an empty list of features" if features == [] else shown(kind)
        found.add("collection", None, "", what)
        return []
    _crs(document.get("crs"), found)
    return features


def _crs(crs: Any, found: Findings) -> None:
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else crs
    if crs is not None and name not in WGS84:
        found.add("reference-system", None, "crs", shown(name))


@dataclass
class _Run:
    in_force: Law
    question: Question
    found: Findings
    placed: list[Placed] = field(default_factory=list)
    producers: set[tuple[str, str]] = field(default_factory=set)
    hectares: float = 0.0

    def feature(self, number: int, feature: Any) -> None:
        path = f"features[{number}]"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            kind = feature.get("type") if isinstance(feature, dict) else feature
            self.found.add("feature", number, path, shown(kind))
            return
        misspelt(feature, MEMBERS, number, path, self.found)
        at = f"{path}.properties"
        said = said_of(
            feature.get("properties"), number, at, self.found, listed=self.question.listed
        )
        self.producers.add((said.producer, said.country))
        if feature.get("geometry") is None:
            self.found.add("feature", number, path, "without a geometry")
            return
        self._geometry(number, feature["geometry"], f"{path}.geometry", said, at)

    def _geometry(self, number: int, geometry: Any, path: str, said: Said, at: str) -> None:
        decimals = self.in_force.edition.decimals
        box = self.in_force.boxes.get(said.country or self.question.country)
        positions = Positions(decimals, box)
        shapes = shapes_of(geometry, number, path, positions, self.found)
        positions.tell(number, self.found)
        least = decimals if shapes.polygons else decimals - 1
        if (shapes.polygons or shapes.points) and positions.finest < least:
            self.found.add("few-decimals", number, path, f"{positions.finest} at most")
        if shapes.points:
            judge_point_area(said.area, self.in_force.edition, number, at, self.found)
        for where, point in shapes.points:
            key = (rounded(point, decimals),)
            self.placed.append(Placed(number, where, key, None))
        self._polygons(number, shapes, said, at, both=positions.has_more_decimals)

    def _polygons(self, number: int, shapes: Shapes, said: Said, at: str, *, both: bool) -> None:
        outlines: list[Outline] = []
        for rings in shapes.polygons:
            if len(rings) > 1:
                self.found.add("hole", number, rings[1].path, f"{len(rings) - 1} of them")
            outline = outline_of(
                rings[0], number, self.in_force.edition.decimals, self.found, both=both
            )
            if outline is not None:
                outlines.append(outline)
                part = Placed(number, rings[0].path, outline.positions, outline.polygon)
                self.placed.append(part)
        enclosed = sum(hectares(one.positions) for one in outlines)
        self.hectares += enclosed
        whole = len(outlines) == len(shapes.polygons) and not shapes.points
        if whole and outlines:
            self._parts(number, outlines, shapes)
            self._compare_area(number, said, enclosed, at)

    def _parts(self, number: int, outlines: list[Outline], shapes: Shapes) -> None:
        together = shapely.MultiPolygon([one.polygon for one in outlines])
        if len(outlines) > 1 and not shapely.is_valid(together):
            path = shapes.polygons[0][0].path.rpartition(".")[0]
            self.found.add("parts-overlap", number, path, f"{len(outlines)} parts")

    def _compare_area(self, number: int, said: Said, enclosed: float, at: str) -> None:
        if said.area is None:
            return
        if abs(said.area - enclosed) > self.in_force.edition.area_tolerance * enclosed:
            told = f"{said.area:g} ha written, {enclosed:.4g} ha outlined"
            self.found.add("area-disagrees", number, f"{at}.Area", told)
