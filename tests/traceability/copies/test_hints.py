"""Hints from scans: each said where it should be, and not where there is a plain reason."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.scan import Scan
from domain.window import HOUR_MS, MINUTE_MS
from tests.traceability.world import GTIN, NOON
from traceability.copies.hints import Kind, UnitSeen, of_lot, of_unit
from traceability.copies.rules import rules_on

RULES = rules_on(date(2026, 11, 21))


def scan(place: str, minutes: int) -> Scan:
    return Scan(GTIN, "LO-1", "7", place, "d", NOON + minutes * MINUTE_MS)


def unit(times: int = 2, devices: int = 1, **told: int | None) -> UnitSeen:
    return UnitSeen(GTIN, "LO-1", "7", times, devices, NOON, NOON + HOUR_MS, **told)


@pytest.mark.parametrize(
    ("scans", "far"),
    [
        ([("VN-58", 0), ("VN-HN", 44)], True),
        ([("VN-58", 0), ("VN-HN", 45)], False),
        ([("VN-58", 0), ("VN-58", 1)], False),
        ([("VN-58", 0), ("CN", 119)], True),
        ([("VN-58", 0), ("CN", 120)], False),
        ([("VN", 0), ("VN-58", 1)], False),
        ([("", 0), ("VN-58", 1)], False),
        ([("VN-HN", 30), ("VN-58", 0)], True),
        ([("VN-58", 0), ("VN-HN", 100), ("VN-58", 120)], True),
        ([], False),
    ],
)
def test_two_far_places_in_no_time(scans: list[tuple[str, int]], far: bool) -> None:
    found = list(of_unit(unit(), [scan(*one) for one in scans], RULES))
    assert [hint.kind for hint in found] == [Kind.FAR_PLACES] * far
    if far:
        assert found[0].places is not None
        assert found[0].places[0] != found[0].places[1]


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        ({}, []),
        ({"shipped_ms": NOON + 1}, [Kind.BEFORE_SHIPPING]),
        ({"shipped_ms": NOON}, []),
        ({"used_ms": NOON + HOUR_MS - 1}, [Kind.AFTER_USE]),
        ({"used_ms": NOON + HOUR_MS}, []),
        ({"shipped_ms": NOON + 2, "used_ms": NOON + 3}, [Kind.BEFORE_SHIPPING, Kind.AFTER_USE]),
        ({"times": 61, "devices": 21}, [Kind.UNIT_TOO_OFTEN]),
        ({"times": 60, "devices": 21}, []),
        ({"times": 6_000, "devices": 20}, []),
    ],
)
def test_what_events_and_counts_tell(told: dict[str, int], kinds: list[Kind]) -> None:
    assert [hint.kind for hint in of_unit(unit(**told), [], RULES)] == kinds


@pytest.mark.parametrize(
    ("times", "kilograms", "often"),
    [(500, 1.0, False), (501, 1.0, True), (8_000, 400.0, False), (8_001, 400.0, True)],
)
def test_a_lot_is_scanned_more_often_than_its_weight_allows(
    times: int, kilograms: float, often: bool
) -> None:
    found = list(of_lot(unit(times), kilograms, RULES))
    assert [hint.kind for hint in found] == [Kind.LOT_TOO_OFTEN] * often


@given(st.lists(st.tuples(st.sampled_from(["", "VN", "VN-58", "CN"]), st.integers(0, 10_000))))
def test_one_place_is_never_far_from_itself(scans: list[tuple[str, int]]) -> None:
    at_home = [scan("VN-58" if place else "", minutes) for place, minutes in scans]
    assert not list(of_unit(unit(), at_home, RULES))


def test_rules_before_the_first_are_the_first() -> None:
    assert rules_on(date(1999, 1, 1)) == rules_on(date(2026, 1, 1))
    assert rules_on(date(2999, 1, 1)).source
