"""The Commission's published common errors, each caught, each saying how to mend the plot."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotFound
from tests.traceability.eudr.plots import ASKED, checked, feature, names, polygon, raw, square
from traceability.eudr.area import hectares
from traceability.eudr.check import Question, Whole, check
from traceability.eudr.rules import countries, law

W, S, E, N = 106.412345, 11.312345, 106.414345, 11.314345
EIGHT = [[W, S], [E, N], [E, S], [W, N], [W, S]]
SPIKE = [[W, S], [E, S], [E, N], [106.416345, N], [E, N], [W, N], [W, S]]
# The boundary comes back to a corner it has been at: a fold, or a hole seen from inside.
FOLD = [
    [W, S],
    [E, S],
    [E, N],
    [106.413345, 11.313345],
    [W, N],
    [106.412845, 11.313845],
    [106.413345, 11.313345],
    [W, S],
]
HOLE = [
    [106.412845, 11.312845],
    [106.413345, 11.312845],
    [106.413345, 11.313345],
    [106.412845, 11.312845],
]
NEAR = [[106.4123451234, S], [106.4123454567, S], [E, S], [E, N], [W, N], [106.4123451234, S]]


def point(*position: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position) or [W, S]}


def test_a_sound_file_is_taken_without_a_word() -> None:
    report = checked(
        feature(), feature(point(106.423456, 11.323456), Area=2.5, ProductionPlace="Lô 4")
    )
    assert report.well
    assert report.findings == ()
    assert report.features == 2
    assert report.hectares == pytest.approx(4.83, abs=0.01)


# The list of section 6 of the File Description (9.5 of the API reference), by its number.
PUBLISHED: list[tuple[str, bytes, str]] = [
    ("1", raw(feature(polygon(EIGHT))), "crossing"),
    ("2", raw(feature(polygon(SPIKE))), "overlapping-sides"),
    ("2", raw(feature(polygon(FOLD))), "overlapping-sides"),
    ("3", raw(feature(polygon(square(), HOLE))), "hole"),
    ("4", raw(feature(polygon(square()[:-1]))), "open-ring"),
    ("5", raw(feature({"type": "LineString", "coordinates": square()})), "geometry-type"),
    ("5", raw(feature({"type": "MultiLineString", "coordinates": [square()]})), "geometry-type"),
    ("6", raw(feature(polygon([[W, S], [106.413345, 11.313345], [E, N], [W, S]]))), "straight"),
    ("7", raw(feature(polygon(NEAR))), "duplicate"),
    ("8", raw(feature())[:-1], "syntax"),
    ("8", raw(feature()).replace(b"[[[", b"[[(", 1), "syntax"),
    ("9", raw({"type": "Feature", "properties": {}, "geomerty": polygon()}), "property-name"),
    ("9", raw(feature(productionplace="Lô 3")).replace(b'"ProductionPlace": "L\xc3\xb4 3", ', b""), "property-name"),
    ("10", b"%PDF-1.7 ...", "file-format"),
    ("10", "Thửa 3, kinh độ 106.4".encode(), "file-format"),
    ("11", raw(feature(point(206.412345, 11.3), Area=1)), "range"),
    ("11", raw(feature(point(150.123456, -91.0), Area=1, ProducerCountry="CI")), "range"),
    ("12", raw(feature(ProducerCountry="VNM")), "country"),
    ("12", raw(feature(ProducerCountry="XX")), "country"),
    ("13", b"PK\x03\x04\x14\x00\x01\x00\x08\x00" + b"\0" * 30, "password"),
    ("13", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ("14", raw(feature(point(), Area="3")), "area-type"),
    ("14", raw(feature(point([W, S]), Area=3)), "point-nesting"),
    ("15", raw(feature({"type": "MultiPolygon", "coordinates": [[square(), HOLE]]})), "hole"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "file", "rule"), PUBLISHED)
def test_every_published_error_is_caught_and_says_how_to_mend_it(
    number: str, file: bytes, rule: str
) -> None:
    report = check(file, ASKED)
    assert not report.well
    one = next(found for found in report.findings if found.rule.name == rule)
    assert number in one.rule.ec.replace(",", " ").split()
    assert one.rule.is_error
    assert one.rule.mend_vi
    assert one.rule.mend_en
    assert one.found


def test_all_fifteen_published_errors_are_in_the_list() -> None:
    assert {number for number, _, _ in PUBLISHED} == {str(n) for n in range(1, 16)}


@pytest.mark.parametrize(
    ("rule", "file"),
    [
        ("swapped", raw(feature(point(S, W), Area=1))),
        ("swapped", raw(feature(polygon([[y, x] for x, y in square()])))),
        ("swapped", raw(feature(point(7.5, -150.25), ProducerCountry="CI", Area=1))),
        ("projected", raw(feature(polygon([[658000.5, 1251000.5], [658100.5, 1251000.5], [658100.5, 1251100.5], [658000.5, 1251000.5]])))),
        ("coordinate-text", raw(feature(point("106.412345", "11.312345"), Area=1))),
        ("coordinate-text", raw(feature(point("106°24'44\"", "11°18'44\""), Area=1))),
        ("coordinate-text", raw(feature(point(None, S), Area=1))),
        ("coordinate-text", raw(feature(point(True, S), Area=1))),
        ("range", raw(feature(point(0, 0), Area=1)).replace(b"[0, 0]", b"[1e999, 1e-400]")),
        ("range", raw(feature(point(0, 0), Area=1)).replace(b"[0, 0]", b"[1%s, 1]" % (b"0" * 4000))),
        ("nesting", raw(feature({"type": "Polygon", "coordinates": square()}))),
        ("nesting", raw(feature({"type": "Polygon", "coordinates": []}))),
        ("nesting", raw(feature({"type": "Point", "coordinates": []}))),
        ("nesting", raw(feature({"type": "Polygon"}))),
        ("nesting", raw(feature({"type": "MultiPoint", "coordinates": [[W], [W, S]]}, Area=1))),
        ("nesting", raw(feature({"type": "GeometryCollection", "geometries": []}))),
        ("geometry-type", raw(feature({"type": "polygon", "coordinates": [square()]}))),
        ("geometry-type", raw(feature({"type": ["Polygon"], "coordinates": [square()]}))),
        ("geometry-type", raw(feature([]))),
        ("few-positions", raw(feature(polygon([[W, S], [E, S], [W, S]])))),
        ("few-positions", raw(feature(polygon([[W, S], [W, S], [W, S], [W, S]])))),
        ("few-positions", raw(feature(polygon([[W, S], [106.4123451, S], [W, 11.3123451], [W, S]])))),
        ("parts-overlap", raw(feature({"type": "MultiPolygon", "coordinates": [[square()], [square(0.001)]]}))),
        ("polygon-required", raw(feature(point(), Area=4.01))),
        ("area-range", raw(feature(point(), Area=0.00005))),
        ("area-range", raw(feature(point(), Area=-3))),
        ("area-type", raw(feature(point(), Area=True))),
        ("text", raw(feature(ProducerName=7))),
        ("text", raw(feature(ProductionPlace="Lô\u202e3"))),
        ("feature", raw({"type": "Point", "coordinates": [W, S]})),
        ("feature", raw(7)),
        ("feature", raw(feature() | {"geometry": None})),
        ("collection", raw()),
        ("collection", b"[]"),
        ("collection", b'{"type": "Topology"}'),
        ("collection", json.dumps(feature()).encode()),
        ("property-name", raw(feature(Area_hectare=3.2))),
        ("property-name", raw(feature(producer_name="Hộ mẫu 1") | {"properties": {"producer_name": "x"}})),
        ("reference-system", raw(feature(), crs={"type": "name", "properties": {"name": "EPSG:9210"}})),
        ("encoding", b"\xef\xbb\xbf" + raw(feature())),
        ("encoding", raw(feature()).decode().encode("utf-16")),
        ("encoding", raw(feature()).replace("ộ".encode(), b"\xe9")),
        ("file-format", b""),
        ("file-format", b" \n"),
        ("file-format", b"<kml></kml>"),
        ("syntax", b'{"type": NaN}'),
        ("syntax", b'{"type": 1, "type": 2}'),
        ("syntax", b"[" * 100_000),
        ("syntax", b"[" * 200 + b"]" * 200),
        ("syntax", b'{"a": ' + b"1" * 5_000 + b"}"),
    ],
)  # fmt: skip
def test_what_else_goes_wrong_is_told_by_name(rule: str, file: bytes) -> None:
    report = check(file, ASKED)
    assert rule in names(report)
    assert not report.well


@pytest.mark.parametrize(
    ("rule", "features"),
    [
        ("third-dimension", [feature(point(W, S, 35.2), Area=1)]),
        ("more-decimals", [feature(point(106.41234567, S), Area=1)]),
        ("few-decimals", [feature(polygon([[106.41, 11.31], [106.42, 11.31], [106.42, 11.32], [106.41, 11.31]]))]),
        ("few-decimals", [feature(polygon([[106.412345, 11.31], [106.42, 11.31], [106.42, 11.32], [106.41, 11.32], [106.412345, 11.31]]))]),
        ("few-decimals", [feature(point(106.41234, 11.31234), Area=1)]),
        ("speck", [feature(polygon(square(side=0.00005)))]),
        ("speck", [feature(point(), Area=0.003)]),
        ("speck", [feature({"type": "MultiPolygon", "coordinates": [[square()], [square(0.01, side=0.00005)]]})]),
        ("area-disagrees", [feature(Area=0.0483)]),
        ("outside-country", [feature(point(2.352222, 48.856613), Area=1)]),
        ("area-missing", [feature(point())]),
        ("area-disagrees", [feature(Area=48.3)]),
        ("production-place", [feature(ProductionPlace=None)]),
        ("twice", [feature(), feature(polygon([*square()[2:], *square()[1:3]]))]),
        ("overlap", [feature(), feature(polygon(square(0.001)))]),
    ],
)  # fmt: skip
def test_what_the_system_takes_and_an_officer_asks_about_is_a_warning(
    rule: str, features: list[Any]
) -> None:
    report = checked(*features)
    assert names(report) == {rule}
    assert report.well


def test_a_zero_at_the_end_is_no_coarse_position() -> None:
    """JSON writes 106.412340 as 106.41234: one number in ten, and one position in a hundred."""
    ring = [[W, 11.3123], [106.41434, S], [E, N], [W, N], [W, 11.3123]]
    assert checked(feature(polygon(ring)), feature(point(106.42234, S), Area=1)).findings == ()


def test_a_speck_says_how_small_it_is() -> None:
    (one,) = checked(feature(polygon(square(side=0.00005)))).findings
    assert one.found == "0.003 ha, that is 30 m²"
    assert checked(feature(polygon(square(side=0.0001)))).findings == ()


def test_the_land_in_a_hole_is_not_counted() -> None:
    without = checked(feature()).hectares
    hole = checked(feature(polygon(HOLE))).hectares
    report = checked(feature(polygon(square(), HOLE), Area=round(without, 2)))
    assert report.hectares == pytest.approx(without - hole, rel=1e-9)
    assert next(one.found for one in report.findings) == "1 of them, 4.679 ha are left without"
    big = square(0.0001, 0.0001, 0.0018)
    told = checked(feature(polygon(square(), big), Area=4.83))
    assert "area-disagrees" in names(told)
    assert told.hectares == pytest.approx(without - checked(feature(polygon(big))).hectares)


@pytest.mark.parametrize("hole", [square(0.01), square(0.001), [[W, S], [W, S]], square(-1e-6, -1e-6, 0.003)])  # fmt: skip
def test_a_hole_that_is_none_leaves_no_area_to_go_by(hole: Any) -> None:
    report = checked(feature(polygon(square(), hole), Area=4.8))
    assert names(report) == {"hole"}
    assert report.hectares == 0.0


def whole(hectares: float, *geometries: Any) -> set[str]:
    features = [feature(one, ProductionPlace=f"mảnh {i}") for i, one in enumerate(geometries)]
    asked = replace(ASKED, wholes=(Whole(hectares, range(len(features))),))
    return names(checked(*features, asked=asked))


def test_a_plot_of_several_features_is_judged_by_its_area_in_the_register() -> None:
    parts = polygon(), polygon(square(0.01))
    assert whole(9.66, *parts) == set()
    assert whole(4.83, *parts) == {"area-disagrees"}
    assert whole(96.6, *parts) == {"area-disagrees"}
    points = point(), point(106.423456, 11.323456)
    assert whole(3.9, *points) == {"area-missing"}
    assert whole(4.1, *points) == {"area-missing", "polygon-required"}
    assert whole(4.83, parts[0], polygon(EIGHT)) == {"crossing"}, "an error says enough"


def test_neighbours_that_share_a_side_do_not_overlap() -> None:
    report = checked(feature(), feature(polygon(square(0.002)), ProductionPlace="Lô 4"))
    assert report.findings == ()


def test_a_plot_must_be_sound_rounded_and_truncated() -> None:
    """Rounded, the corner stays on its side of the line; cut off, it comes to lie on it."""

    def found(lat: float) -> set[str]:
        ring = [[W, S], [E, S], [E, N], [106.413345, lat], [W, N], [W, S]]
        return names(checked(feature(polygon(ring))))

    assert found(11.312346) == set()
    assert found(11.312345) == {"overlapping-sides"}
    assert found(11.3123466) == {"more-decimals"}
    assert found(11.3123456) == {"more-decimals", "overlapping-sides"}


def test_a_file_of_several_producers_needs_the_country_in_each() -> None:
    absent = feature(ProducerCountry=None)
    assert checked(absent).well
    assert names(checked(absent, asked=replace(ASKED, listed=True))) == {"country-missing"}


def test_the_least_area_is_that_of_the_day() -> None:
    small = feature(point(), Area=0.05)
    before = Question(date(2026, 5, 28))
    assert names(checked(small, asked=before)) == {"area-range"}
    assert checked(small, asked=Question(date(2026, 5, 29))).well
    with pytest.raises(NotFound, match="no edition"):
        checked(small, asked=Question(date(2025, 2, 17)))


def test_more_producers_than_a_commodity_may_have() -> None:
    several = [
        feature(point(round(W + i * 1e-5, 6), 11.312345), Area=1, ProducerName=f"Hộ {i}")
        for i in range(1_001)
    ]
    assert checked(*several[:1_000]).well
    assert names(checked(*several)) == {"producers"}


def test_a_file_that_is_too_large_is_not_even_read() -> None:
    limit = law(ASKED.on).edition.most_bytes
    assert names(check(raw(feature()) + b" " * limit, ASKED)) == {"file-size"}


def test_a_finding_leads_to_the_place() -> None:
    report = checked(feature(), feature(polygon(square(0.01)[:-1]), ProductionPlace="Lô 4"))
    (one,) = report.findings
    assert (one.feature, one.path) == (1, "features[1].geometry.coordinates[0]")
    assert one.found == "from [106.422345, 11.312345] to [106.422345, 11.314345]"


def test_a_thousand_times_the_same_is_told_once() -> None:
    ring = [[y, x] for x, y in square()]
    report = checked(feature(polygon(ring)))
    assert [one.found for one in report.findings] == ["[11.312345, 106.412345] and 4 more"]


def test_foreign_text_is_printed_as_one_safe_line() -> None:
    report = checked(feature(ProducerCountry="V\u001b[2J\ud800\n" + "N" * 9_999))
    (one,) = report.findings
    assert one.found.isprintable()
    assert len(one.found) < 80


def test_the_published_examples_are_taken_and_their_areas_agree() -> None:
    """The Commission's areas are those of a sphere: up to 0.7 % more than the ellipsoid's."""
    farm = [[17.155151, -12.534456], [17.216949, -12.526412], [17.285614, -12.612197], [17.219696, -12.633638],
            [17.107086, -12.656418], [17.078247, -12.567968], [17.155151, -12.534456]]  # fmt: skip
    said = {"ProductionPlace": "Cocoa Farm 02", "Area": 20670.76, "ProducerCountry": "AO"}
    report = checked({"type": "Feature", "properties": said, "geometry": polygon(farm)})
    assert report.findings == ()
    assert report.hectares == pytest.approx(20670.76, rel=0.007)
    nested = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [[-105.029865, 40.622831]]},
            }
        ],
    }
    # The one example of the description that its own list of errors forbids (14).
    assert "point-nesting" in names(check(json.dumps(nested).encode(), ASKED))


def test_the_area_of_the_whole_earth_is_that_of_the_ellipsoid() -> None:
    whole = [(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0), (-180.0, -90.0)]
    assert hectares(whole) == pytest.approx(510_065_621.724e2, rel=1e-9)


def test_countries_are_those_of_iso_3166() -> None:
    assert {"VN", "LA", "KH", "CI"} <= countries()
    assert not {"UK", "EU", "vn", "VNM", ""} & countries()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(["Polygon", "Point", "Feature", "type"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["type", "coordinates", "geometry", "properties", "features", "Area", "geometries", "ProducerCountry", "x"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(json_values, max_size=3), json_values)
def test_whatever_comes_is_a_report_and_never_an_accident(features: Any, geometry: Any) -> None:
    document = {"type": "FeatureCollection", "features": [*features, feature(geometry)]}
    check(json.dumps(document).encode(), ASKED)
    check(json.dumps(features).encode(), ASKED)


@given(st.binary(max_size=64))
def test_whatever_bytes_come_are_a_report(junk: bytes) -> None:
    assert not check(junk, ASKED).well
