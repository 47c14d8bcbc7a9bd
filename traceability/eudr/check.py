"""Check a file of plots: every finding by rule, plot and place, in one pass. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely

from traceability.eudr.document import read
from traceability.eudr.geometry import Ring, Shapes, shapes_of
from traceability.eudr.land import land_within
from traceability.eudr.position import Positions, rounded
from traceability.eudr.properties import (
    MEMBERS,
    Said,
    as_speck,
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
    ``wholes`` are plots that are several features each, none of which may bear their area.
    """

    on: date
    country: str = "VN"
    listed: bool = False
    wholes: tuple["Whole", ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """A plot of the register that is several features: its hectares there, which ones it is."""

    hectares: float
    features: range


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
    for whole in question.wholes:
        run.whole(whole)
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
    enclosed: dict[int, float] = field(default_factory=dict)
    pointed: set[int] = field(default_factory=set)

    def whole(self, whole: Whole) -> None:
        """Judge a plot of several features by its area in the register."""
        first, path = whole.features.start, f"features[{whole.features.start}].properties"
        told = f"{whole.hectares:g} ha in the register"
        if self.pointed.intersection(whole.features):
            if whole.hectares > self.in_force.edition.polygon_above_ha:
                self.found.add("polygon-required", first, path, told)
        elif self.enclosed.keys() >= set(whole.features):
            enclosed = sum(self.enclosed[number] for number in whole.features)
            self._compare_area(first, whole.hectares, enclosed, path, told)

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
        if (shapes.polygons or shapes.points) and positions.is_coarse:
            of = f"{positions.coarse:,} of {positions.read_well:,} positions"
            self.found.add("few-decimals", number, path, f"{of}, {positions.finest} at most")
        if shapes.points:
            self.pointed.add(number)
            judge_point_area(said.area, self.in_force.edition, number, at, self.found)
        for where, point in shapes.points:
            key = (rounded(point, decimals),)
            self.placed.append(Placed(number, where, key, None))
        self._polygons(number, shapes, said, at, both=positions.has_more_decimals)

    def _polygons(self, number: int, shapes: Shapes, said: Said, at: str, *, both: bool) -> None:
        outlines: list[Outline] = []
        enclosed = []
        for rings in shapes.polygons:
            outline = outline_of(
                rings[0], number, self.in_force.edition.decimals, self.found, both=both
            )
            if outline is None:
                within = None
            else:
                outlines.append(outline)
                part = Placed(number, rings[0].path, outline.positions, outline.polygon)
                self.placed.append(part)
                within = land_within(outline, rings[1:], self.in_force.edition.decimals)
            self._hole(number, rings, within)
            if within is not None:
                self._speck(number, rings[0].path, within)
                enclosed.append(within)
        self.hectares += sum(enclosed)
        whole = len(enclosed) == len(shapes.polygons) and not shapes.points
        if whole and outlines:
            self._parts(number, outlines, shapes)
            self.enclosed[number] = sum(enclosed)
            if said.area is not None:
                told = f"{said.area:g} ha written"
                self._compare_area(number, said.area, sum(enclosed), f"{at}.Area", told)

    def _hole(self, number: int, rings: Sequence[Ring], within: float | None) -> None:
        if len(rings) > 1:
            left = "" if within is None else f", {within:.4g} ha are left without"
            self.found.add("hole", number, rings[1].path, f"{len(rings) - 1} of them{left}")

    def _speck(self, number: int, path: str, within: float) -> None:
        if within < self.in_force.edition.speck_ha:
            self.found.add("speck", number, path, as_speck(within))

    def _parts(self, number: int, outlines: list[Outline], shapes: Shapes) -> None:
        together = shapely.MultiPolygon([one.polygon for one in outlines])
        if len(outlines) > 1 and not shapely.is_valid(together):
            path = shapes.polygons[0][0].path.rpartition(".")[0]
            self.found.add("parts-overlap", number, path, f"{len(outlines)} parts")

    def _compare_area(
        self, number: int, area: float, enclosed: float, at: str, told: str
    ) -> None:  # fmt: skip
        if abs(area - enclosed) > self.in_force.edition.area_tolerance * enclosed:
            said = f"{told}, {enclosed:.4g} ha outlined"
            self.found.add("area-disagrees", number, at, said)
