"""What is put right, what is said of it, and what is left for whoever knows the land."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traceability.eudr.plots import ASKED, feature, names, polygon, raw, square
from tests.traceability.eudr.test_check import (
    EIGHT,
    HOLE,
    NEAR,
    SPIKE,
    E,
    N,
    S,
    W,
    json_values,
    point,
)
from traceability.eudr.check import check
from traceability.eudr.mend import mend

SAID = [
    ("more-decimals", point(106.41234567, S), "1 positions rounded to 6 decimals"),
    ("third-dimension", point(W, S, 35.2), "1 positions without their elevation"),
    ("coordinate-text", point("106.412345", "11.312345"), "1 positions made numbers that were texts"),
    ("swapped", point(S, W), "1 positions turned: longitude first"),
    ("point-nesting", point([W, S]), "1 point taken out of a list of its own"),
    ("open-ring", polygon(square()[:-1]), "1 outlines closed with their first position"),
    ("duplicate", polygon(NEAR), "1 positions dropped that repeated the one before"),
    ("hole", polygon(square(), HOLE), "holes cut out: 2 plots in its place"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "geometry", "sentence"), SAID)
def test_what_has_one_way_to_be_right_is_put_right_and_said(
    rule: str, geometry: Any, sentence: str
) -> None:
    file = raw(feature(geometry, Area=1))
    assert rule in names(check(file, ASKED))
    mended = mend(file, ASKED)
    assert mended.report.well
    assert rule not in names(mended.report)
    assert sentence in [change.what for change in mended.changes]
    assert {change.feature for change in mended.changes} == {0}
    again = mend(mended.raw, ASKED)
    assert (again.raw, again.changes) == (mended.raw, ()), "mended once is mended"


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ({"Area": "3.5"}, {"Area": 3.5}),
        ({"ProducerCountry": "vn"}, {"ProducerCountry": "VN"}),
        ({"productionplace": "Lô 9"}, {"ProductionPlace": "Lô 9"}),
        ({"Area_hectare": 3.5}, {"Area": 3.5}),
    ],
)
def test_names_and_types_are_put_right(said: dict[str, Any], becomes: dict[str, Any]) -> None:
    one = feature(point()) | {"properties": said}
    mended = mend(raw(one), ASKED)
    assert json.loads(mended.raw)["features"][0]["properties"] == becomes
    assert len(mended.changes) == 1


@pytest.mark.parametrize(
    ("rule", "geometry"),
    [
        ("crossing", polygon(EIGHT)),
        ("overlapping-sides", polygon(SPIKE)),
        ("straight", polygon([[W, S], [106.413345, 11.313345], [E, N], [W, S]])),
        ("geometry-type", {"type": "LineString", "coordinates": square()}),
        ("range", point(206.5, 11.3)),
        ("projected", point(658000.5, 1251000.5)),
        ("coordinate-text", point("106,412345", "11,312345")),
        ("coordinate-text", point("106°24'44\"E", "11°18'44\"N")),
        ("hole", polygon(square(), square(0.01))),
        ("polygon-required", point()),
        ("swapped", polygon([[W, S], [S, E], [E, N], [W, S]])),
    ],
)
def test_what_only_a_person_can_know_is_left_and_told(rule: str, geometry: Any) -> None:
    mended = mend(raw(feature(geometry, Area=5)), ASKED)
    assert rule in names(mended.report)
    assert not mended.report.well


def test_half_moons_cover_the_plot_without_its_hole() -> None:
    file = raw(feature(polygon(square(), HOLE), Area=4.7) | {"id": 7})
    before, after = check(file, ASKED), mend(file, ASKED)
    hole = check(raw(feature(polygon(HOLE))), ASKED).hectares
    whole = check(raw(feature()), ASKED).hectares
    assert before.hectares == pytest.approx(whole - hole, rel=1e-9)
    assert after.report.hectares == pytest.approx(before.hectares, rel=1e-4)
    assert names(after.report) == set(), "halves share a side and do not overlap"
    halves = json.loads(after.raw)["features"]
    assert [one["geometry"]["type"] for one in halves] == ["Polygon", "Polygon"]
    assert [one["properties"]["ProductionPlace"] for one in halves] == ["Lô 3", "Lô 3"]
    assert not any("Area" in one["properties"] or "id" in one for one in halves)
    assert "id, Area of the whole dropped from its parts" in [c.what for c in after.changes]


def test_a_bare_feature_or_geometry_is_put_into_a_collection() -> None:
    for bare in (feature(), polygon()):
        mended = mend(json.dumps(bare).encode(), ASKED)
        assert mended.report.well
        assert mended.changes[0].what.startswith("put into a Feature")
    named = raw(feature(), crs={"type": "name", "properties": {"name": "EPSG:4326"}})
    assert check(named, ASKED).well
    assert "crs" not in json.loads(mend(named, ASKED).raw)


def test_a_file_that_cannot_be_read_comes_back_as_it_was() -> None:
    mended = mend(b"%PDF-1.7", ASKED)
    assert (mended.raw, mended.changes) == (b"%PDF-1.7", ())
    assert names(mended.report) == {"file-format"}


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" * 400])
def test_a_number_beyond_all_numbers_is_told_and_never_written(number: bytes) -> None:
    for file in (
        raw(feature(point(0, 5), Area=1)).replace(b"[0, 5]", b"[%s, 5.0]" % number),
        raw(feature(point(), Area=7)).replace(b'"Area": 7', b'"Area": %s' % number),
    ):
        mended = mend(file, ASKED)
        assert not mended.report.well
        assert "syntax" not in names(mended.report)
        assert b"Infinity" not in mended.raw


@pytest.mark.parametrize("written", ["3,5", "9" * 5_000, "-3", "٣", "3 ha", ""])
def test_an_area_that_is_read_in_two_ways_is_left(written: str) -> None:
    mended = mend(raw(feature(point(), Area=written)), ASKED)
    assert mended.changes == ()
    assert names(mended.report) >= {"area-type"}


def test_a_sound_file_is_not_changed_but_for_its_spaces() -> None:
    file = raw(feature(), feature(point(), Area=2))
    mended = mend(file, ASKED)
    assert mended.changes == ()
    assert json.loads(mended.raw) == json.loads(file)


corners = st.tuples(st.integers(-900, 900), st.integers(-900, 900))


@given(st.lists(st.tuples(corners, st.integers(1, 300)), min_size=1, max_size=5))
def test_whatever_holes_there_are_the_result_is_taken_or_the_hole_is_told(holes: Any) -> None:
    outer = [[W + x / 1e6, S + y / 1e6] for x, y in ((-1500, -1500), (1500, -1500), (1500, 1500), (-1500, 1500), (-1500, -1500))]  # fmt: skip
    rings = [
        [[W + (x + dx) / 1e6, S + (y + dy) / 1e6] for dx, dy in ((0, 0), (size, 0), (size // 2, size), (0, 0))]
        for (x, y), size in holes
    ]  # fmt: skip
    mended = mend(raw(feature(polygon(outer, *rings))), ASKED)
    assert mended.report.well or "hole" in names(mended.report)
    assert "overlap" not in names(mended.report)


@given(st.lists(json_values, max_size=3), json_values)
def test_mending_whatever_comes_is_no_accident(features: Any, geometry: Any) -> None:
    document = {"type": "FeatureCollection", "features": [*features, feature(geometry)]}
    mend(json.dumps(document).encode(), ASKED)
    mend(json.dumps(features).encode(), ASKED)
