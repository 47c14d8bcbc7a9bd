"""Units, windows, runs, buckets, coverage, quality: the arithmetic everything rests on."""

import itertools
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bucket import fold, ticks
from domain.coverage import cover
from domain.errors import InvalidInput, WrongUnit
from domain.ids import SeriesId
from domain.properties import GROUPS, observed_properties
from domain.quality import Flag, QcTest, Verdict, counts_in_statistics
from domain.ranges import merge, missing, size, unbroken_from_zero
from domain.reading import StoredReading
from domain.units import convert, to_ucum
from domain.window import (
    DAY_MS,
    HOUR_MS,
    Size,
    Window,
    day_window,
    days_window,
    hours_of,
    parse_instant,
    print_instant,
)  # fmt: skip
from tests.builders import NOON, ZONE


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [
        (0.257, "m3/m3", "%", 25.7), (96.4, "kPa", "hPa", 964.0), (32.0, "[degF]", "Cel", 0.0),
        (212.0, "[degF]", "Cel", 100.0), (300.15, "K", "Cel", 27.0), (1200.0, "uS/cm", "dS/m", 1.2),
        (3.141592653589793, "rad", "deg", 180.0), (3.6, "MJ/m2/h", "W/m2", 1000.0), (36.0, "km/h", "m/s", 10.0),
        (55.0, "%RH", "%", 55.0), (8745.0, "mV", "V", 8.745), (1.0, "[in_i]", "mm", 25.4),
    ],
)  # fmt: skip
def test_units_convert(value: float, unit: str, into: str, expected: float) -> None:
    assert convert(value, unit, into) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_same_unit_leaves_every_bit_alone(value: float) -> None:
    assert convert(value, "Cel", "Cel") == value


@pytest.mark.parametrize(
    ("unit", "into"), [("Cel", "%"), ("furlong", "m"), ("", "m"), ("m", "kPa")]
)
def test_units_of_different_things_are_refused(unit: str, into: str) -> None:
    with pytest.raises(WrongUnit):
        convert(1.0, unit, into)


def test_every_observed_property_has_a_known_unit_and_ordered_limits() -> None:
    for row in observed_properties().rows.values():
        assert to_ucum(row.unit) == row.unit
        limits = row.gross_range(0)
        assert limits.fail[0] < limits.fail[1]
        assert row.group in GROUPS
        if limits.suspect:
            low, high = limits.suspect
            assert limits.fail[0] <= low < high <= limits.fail[1]


NAM_DONG_MS = 1_761_500_000_000  # October 2025


def test_the_rain_that_fell_at_nam_dong_is_not_failed() -> None:
    rain = observed_properties().get("rainfall")
    low, high = rain.gross_range(NAM_DONG_MS).fail
    assert low <= 104.6 <= high


@given(st.integers(0, 4_102_444_800_000))
def test_instants_print_and_parse(instant_ms: int) -> None:
    assert parse_instant(print_instant(instant_ms)) == instant_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T00:00:00",
        "now",
        "2026-13-01T00:00:00Z",
        "1969-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_instant(text)


def test_a_local_day_in_viet_nam_starts_at_17_utc() -> None:
    window = day_window(date(2026, 11, 21), ZONE)
    assert print_instant(window.start_ms) == "2026-11-20T17:00:00.000Z"
    assert window.length_ms == DAY_MS


def test_a_day_with_a_clock_change_has_25_hours() -> None:
    window = day_window(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
    assert len(list(hours_of(window))) == 25


def test_windows_are_half_open_and_never_run_backwards() -> None:
    window = Window(0, 10)
    assert window.holds(0)
    assert not window.holds(10)
    with pytest.raises(InvalidInput):
        Window(1, 0)


@given(st.lists(st.sets(st.integers(0, 60))))
def test_runs_are_the_set_they_stand_for(parts: list[set[int]]) -> None:
    runs: tuple[tuple[int, int], ...] = ()
    for part in parts:
        runs = merge(runs, part)
    held = set().union(*parts)
    assert {n for first, last in runs for n in range(first, last + 1)} == held
    assert size(runs) == len(held)
    assert all(b[0] - a[1] > 1 for a, b in itertools.pairwise(runs))
    gaps = {n for first, last in missing(runs) for n in range(first, last + 1)}
    assert gaps == set(range(max(held, default=-1) + 1)) - held
    end = unbroken_from_zero(runs)
    assert (end is None) == (0 not in held)
    assert end is None or (set(range(end + 1)) <= held and end + 1 not in held)


def stored(
    time_ms: int, value: float, flag: Flag = Flag.GOOD, *, conflict: bool = False
) -> StoredReading:
    return StoredReading(SeriesId(1), time_ms, value, Verdict(flag).pack(), NOON, NOON, conflict)


def test_a_bucket_leaves_out_what_failed_and_what_is_disputed_and_says_so() -> None:
    window = Window(NOON, NOON + HOUR_MS)
    minute = 60_000
    readings = [
        stored(NOON, 10.0), stored(NOON + 10 * minute, 99.0, Flag.FAIL),
        stored(NOON + 20 * minute, 12.0, Flag.SUSPECT),
        stored(NOON + 30 * minute, 1.0, conflict=True), stored(NOON + 30 * minute, 2.0, conflict=True),
    ]  # fmt: skip
    bucket = fold(SeriesId(1), Size.HOUR, window, readings, 10 * minute)
    assert (bucket.n, bucket.expected, bucket.flagged, bucket.conflicts) == (2, 6, 2, 1)
    assert (bucket.minimum, bucket.maximum, bucket.mean, bucket.last) == (10.0, 12.0, 11.0, 12.0)


def test_an_empty_bucket_invents_nothing() -> None:
    bucket = fold(SeriesId(1), Size.HOUR, Window(NOON, NOON + HOUR_MS), [], 900_000)
    assert (bucket.n, bucket.minimum, bucket.mean, bucket.total) == (0, None, None, None)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 10**5))
def test_ticks_are_the_multiples_inside(start: int, length: int, interval: int) -> None:
    window = Window(start, start + length)
    by_hand = (start + length - 1) // interval - (start - 1) // interval if length else 0
    assert ticks(window, interval) == by_hand


def test_coverage_counts_slots_not_readings() -> None:
    window = Window(0, 10_000)
    times = [0, 1_010, 1_990, 2_000, 2_005, 7_000]  # slots 0, 1, 2 (three times over), 7
    coverage = cover([window], 1_000, times)
    assert (coverage.expected, coverage.filled, coverage.silence_s) == (10, 4, 4.995)


def test_an_early_clock_loses_a_slot_at_the_edge_and_never_invents_one() -> None:
    quarter = 900_000
    early = [n * quarter - 5_000 for n in (1, 2, 4)]  # 00:45 is missing, 01:00 came at 00:59:55
    coverage = cover([Window(0, 4 * quarter)], quarter, early)
    assert (coverage.expected, coverage.filled) == (4, 2)


def test_nothing_heard_is_one_long_silence() -> None:
    coverage = cover([Window(0, 10_000)], 1_000, [])
    assert (coverage.filled, coverage.share, coverage.silence_s) == (0, 0.0, 10.0)


@given(st.sampled_from(Flag), st.integers(0, 127))
def test_verdicts_survive_packing(flag: Flag, bits: int) -> None:
    verdict = Verdict(flag, QcTest(bits))
    assert Verdict.unpack(verdict.pack()) == verdict
    assert counts_in_statistics(verdict.pack()) == (
        flag in (Flag.GOOD, Flag.NOT_EVALUATED, Flag.SUSPECT)
    )


def test_seasons_include_both_days() -> None:
    window = days_window(date(2026, 11, 20), date(2026, 11, 21), ZONE)
    assert window.length_ms == 2 * DAY_MS
