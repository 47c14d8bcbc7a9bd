"""The published vectors of the QARTOD tests, and the edges of ours.

Vectors: ioos_qc 3.0.0, tests/test_qartod.py (Apache-2.0); the numbers only.
"""

import pytest

from domain.errors import InvalidInput
from domain.limits import (
    FlatLine,
    Gap,
    GrossRange,
    Limits,
    RateOfChange,
    Spike,
    SpikeMethod,
    in_force,
    overlaid,
    parse_limits,
)
from domain.qartod import aggregate, flat_line, gap, gross_range, rate_of_change, spike
from domain.quality import Flag

QUARTER_MS = 900_000


def every(count: int, step_ms: int) -> list[int]:
    return [i * step_ms for i in range(count)]


def test_gross_range() -> None:
    limits = GrossRange((10, 50), (20, 40))
    values = [5, 10, 15, 20, 25, 30, 35, 40, 45, 51]
    assert [gross_range(v, limits) for v in values] == [4, 3, 3, 1, 1, 1, 1, 1, 3, 4]


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ([10, 12, 999.99, 13, 15, 40, 9, 9], [2, 4, 4, 4, 1, 3, 1, 2]),
        (
            [10, 12, 999.99, 13, 15, 40, 9, 9, None, 10, 10, 999.99, 10, None],
            [2, 4, 4, 4, 1, 3, 1, 2, 9, 2, 4, 4, 2, 9],
        ),
    ],
)
def test_spike_from_the_average(values: list[float | None], flags: list[int]) -> None:
    assert spike(values, Spike(25, 50, SpikeMethod.AVERAGE)) == flags


def test_spike_by_the_smaller_step_leaves_the_neighbours_alone() -> None:
    values = [10.0, 12.0, 999.99, 13.0, 15.0, 40.0, 9.0, 9.0]
    assert spike(values, Spike(20, 50)) == [2, 1, 4, 1, 1, 3, 1, 2]
    # Irrigation: up, and it stays up.
    assert spike([20.0, 20.0, 45.0, 45.0], Spike(8, 20)) == [2, 1, 1, 2]


def test_rate_of_change() -> None:
    values = [2, 10, 2.1, 3, 4, 5, 7, 10, 0, 2, 2.2, 2, 1, 2, 3, 90, 91, 92, 93, 1, 2, 3, 4, 5]
    wanted = [1, 3, 3, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 4, 1, 1, 1, 1]
    times = every(len(values), QUARTER_MS)
    # 5 and 10 in a quarter of an hour, written in two ways: the edge must not depend on it.
    for suspect, fail in ((20, 40), (5 / 900 * 3600, 10 / 15 / 60 * 3600)):
        assert rate_of_change(times, values, RateOfChange(suspect, fail)) == wanted


@pytest.mark.parametrize(
    ("step_ms", "limits", "values", "flags"),
    [
        (
            QUARTER_MS,
            FlatLine(0.01, 3000, 4800),
            [1, 2, 2.0001, 2, 2.0001, 2, 2.0001, 2, 4, 5, 3, 3.0001, 3.0005, 3.00001],
            [1, 1, 1, 1, 3, 3, 4, 4, 1, 1, 1, 1, 1, 3],
        ),
        (1000, FlatLine(0.1, 3, 5), [5] * 6, [1, 1, 1, 3, 3, 4]),
        (1000, FlatLine(0, 3, 5), [5] * 6, [1, 1, 1, 3, 3, 4]),
    ],
)
def test_flat_line(step_ms: int, limits: FlatLine, values: list[float], flags: list[int]) -> None:
    assert flat_line(every(len(values), step_ms), values, limits, step_ms) == flags


def test_a_row_that_a_gap_interrupts_is_not_flat() -> None:
    times = [0, 1000, 2000, 60_000, 61_000, 62_000]
    assert flat_line(times, [5.0] * 6, FlatLine(0.1, 3, 5), 1000) == [1] * 6


def test_gap() -> None:
    month = 30 * 24 * 3_600_000
    times = [0, 1000, 2000, 3000, 3000 + month]
    assert gap(times, Gap(2, 10), 1000) == [1, 1, 1, 1, 4]
    assert gap(times, Gap(2), 1000) == [1, 1, 1, 1, 3]
    assert gap([50_000], Gap(2), 1000, before_ms=0) == [3]
    assert gap([], Gap(2), 1000) == []


def test_aggregate() -> None:
    rows = (
        [1, 1, 1, 9, 1, 1, 9, 9], [2, 1, 1, 1, 1, 1, 9, 9], [1, 3, 3, 4, 3, 1, 2, 9],
    )  # fmt: skip
    found = [aggregate([Flag(v) for v in column]) for column in zip(*rows, strict=True)]
    assert found == [1, 3, 3, 4, 3, 1, 2, 9]
    assert aggregate([]) is Flag.NOT_EVALUATED


def test_limits_hold_from_their_day_and_a_series_overrides_test_by_test() -> None:
    base = ((0, Limits(gap=Gap(12), spike=Spike(5))), (100, Limits(gap=Gap(6), spike=Spike(5))))
    own = ((50, Limits(spike=Spike(2))),)
    both = overlaid(base, own)
    assert [in_force(both, at).spike for at in (0, 49, 50, 100)] == [
        Spike(5),
        Spike(5),
        Spike(2),
        Spike(2),
    ]
    assert [in_force(both, at).gap for at in (0, 60, 100)] == [Gap(12), Gap(12), Gap(6)]
    assert in_force((), 5) == Limits()


@pytest.mark.parametrize(
    "row",
    [
        {"spikes": {}},
        {"spike": {"suspected": 5}},
        {"spike": {"suspect": -1}},
        {"spike": {"method": "guess"}},
        {"gross_range": {"fail": [5, 1]}},
        {"gross_range": {"fail": "all"}},
        {"gap": 3},
    ],
)
def test_limits_that_are_none_are_refused(row: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        parse_limits(row)
