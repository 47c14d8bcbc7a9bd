"""The embedded store's rows: which cycles are one row, what becomes parts, and the links back."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StoreRefused
from domain.ids import SeriesId
from domain.quality import GOOD, Flag, Verdict
from domain.reading import Delivery, Frame, Reading
from domain.window import MINUTE_MS, Window
from store.series import Fate
from store.sqlite import SqliteSeries
from store.sqlite.cells import at, pack_qualities, pack_values, qualities_of, values_of
from tests.builders import DEVICE, NOON, delivery, reading

ALL = Window(0, 2 * NOON)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteSeries]:
    made = SqliteSeries(tmp_path / "s.db")
    yield made
    assert made.check() == []
    made.close()


def count(store: SqliteSeries, table: str) -> int:
    with store._connections.guarded() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return 0 if row is None else int(row[0])


def cycle(seq: int, values: dict[int, float], minute: int = 0) -> Delivery:
    """One cycle of ``{series: value}``, in that order."""
    rows = tuple(reading(s, NOON + minute * MINUTE_MS, v) for s, v in values.items())
    return delivery(Frame(0, seq, rows))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_values_come_back_bit_by_bit(values: list[float]) -> None:
    packed = pack_values(values)
    assert [v.hex() for v in values_of(packed)] == [v.hex() for v in values]
    assert [at(i, packed, None)[0].hex() for i in range(len(values))] == [v.hex() for v in values]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_refused(store: SqliteSeries, value: float) -> None:
    with pytest.raises(StoreRefused):
        store.append([cycle(0, {1: 1.0, 2: value})], NOON)
    assert store.tally().readings == 0


def test_large_values_may_add_up_to_infinity() -> None:
    assert values_of(pack_values([1.7e308, 1.7e308])) == (1.7e308, 1.7e308)


def test_verdicts_are_kept_where_they_are_not_all_good() -> None:
    bad = Verdict(Flag.FAIL).pack()
    assert pack_qualities([GOOD.pack()] * 3) is None
    packed = pack_qualities([GOOD.pack(), bad])
    assert qualities_of(packed, 2) == (GOOD.pack(), bad)
    assert at(1, pack_values([1.0, 2.0]), packed) == (2.0, bad)


def test_a_cycle_of_one_time_is_one_row_in_whatever_order_its_channels_come(
    store: SqliteSeries,
) -> None:
    store.append([cycle(0, {1: 1.0, 2: 2.0, 3: 3.0}), cycle(1, {3: 3.5, 1: 1.5, 2: 2.5}, 15)], NOON)
    assert (count(store, "frame"), count(store, "part"), count(store, "shape")) == (2, 0, 1)
    assert [r.value for r in store.read(SeriesId(2), ALL)] == [2.0, 2.5]


def test_a_channel_that_comes_and_goes_is_another_shape_and_nothing_is_doubled(
    store: SqliteSeries,
) -> None:
    whole, less = {1: 1.0, 2: 2.0}, {1: 1.0}
    store.append([cycle(0, whole), cycle(1, {1: 1.5}, 15), cycle(2, whole, 30)], NOON)
    assert store.append([cycle(3, less), cycle(4, {1: 7.0, 2: 2.0}, 15)], NOON).fates == (
        Fate(0, 1, 0, 0),
        Fate(2, 0, 1, 0),
    )
    found = [(r.value, r.conflict) for r in store.read(SeriesId(1), ALL)]
    assert found == [(1.0, False), (1.5, True), (7.0, True), (1.0, False)]
    assert store.latest([SeriesId(1), SeriesId(2)], 2 * NOON)[SeriesId(2)].value == 2.0


def test_other_values_for_a_whole_cycle_are_a_part(store: SqliteSeries) -> None:
    store.append([cycle(0, {1: 1.0, 2: 2.0})], NOON)
    for n, value in enumerate((5.0, 6.0), 1):
        assert store.append([cycle(n, {1: value, 2: value})], NOON).fates == (Fate(2, 0, 2, 0),)
    assert (count(store, "frame"), count(store, "part")) == (3, 2)
    assert store.append([cycle(9, {1: 6.0, 2: 5.0})], NOON).fates == (Fate(0, 2, 0, 0),)
    assert [r.value for r in store.read(SeriesId(2), ALL)] == [2.0, 5.0, 6.0]


def test_a_cycle_of_several_times_has_parts_and_is_one_cycle(store: SqliteSeries) -> None:
    rows = tuple(reading(1 + n % 2, NOON + n * MINUTE_MS, float(n)) for n in range(6))
    store.append([delivery(Frame(0, 0, rows))], NOON)
    assert (count(store, "frame"), count(store, "part")) == (1, 5)
    assert [r.value for r in store.read(SeriesId(1), ALL)] == [0.0, 2.0, 4.0]
    assert len(store.cycles([SeriesId(1), SeriesId(2)], ALL)) == 1
    assert store.append([delivery(Frame(0, 0, rows))], NOON).fates == (Fate(0, 6, 0, 0),)


def test_links_skip_what_was_not_kept(store: SqliteSeries) -> None:
    """Old and new in one batch: what is there already gets no row, and no link leads to it."""
    first = [cycle(n, {1: float(n)}, n) for n in range(0, 20, 2)]
    store.append(first, NOON)
    store.append([cycle(n, {1: float(n)}, n) for n in range(20)], NOON)
    assert [b.seq for b in store.beats(DEVICE, 30)] == [*range(19, 0, -2), *range(18, -1, -2)]


def test_two_programs_learn_each_others_shapes(store: SqliteSeries, tmp_path: Path) -> None:
    other = SqliteSeries(tmp_path / "s.db")
    store.append([cycle(0, {1: 1.0, 2: 2.0})], NOON)
    other.append([cycle(1, {1: 1.0})], NOON)  # the same reading in another shape
    other.append([cycle(2, {1: 3.0}, 15)], NOON)
    assert store.append([cycle(3, {1: 3.0, 2: 4.0}, 15)], NOON).fates == (Fate(1, 1, 0, 0),)
    other.append([cycle(4, {1: 9.0, 2: 9.0})], NOON)  # a part of a shape that had none
    assert store.append([cycle(5, {1: 9.0, 2: 9.0})], NOON).fates == (Fate(0, 2, 0, 0),)
    assert other.tally() == store.tally()
    other.close()


def test_a_batch_that_is_rolled_back_leaves_no_shape_behind(store: SqliteSeries) -> None:
    broken = delivery(Frame(0, 1, (reading("x", NOON, 1.0),)))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        store.append([cycle(0, {1: 1.0, 2: 2.0}), broken], NOON)
    assert count(store, "shape") == 0
    store.append([cycle(0, {7: 1.0}), cycle(1, {1: 1.0, 2: 2.0}, 15)], NOON)
    assert [r.value for r in store.read(SeriesId(2), ALL)] == [2.0]


def test_a_commit_that_fails_leaves_no_shape_behind(store: SqliteSeries) -> None:
    """As on a full disk: the same batch again, and another device after it, as if never tried."""
    with store._connections.guarded() as connection:
        connection.set_commit_hook(lambda: True)  # whoever commits on this one is refused
    batch = [cycle(0, {1: 10.0, 2: 20.0})]
    with pytest.raises(StoreRefused, match="constraint"):
        store.append(batch, NOON)
    assert store.append(batch, NOON).fates == (Fate(2, 0, 0, 0),)
    store.append([cycle(1, {5: 50.0, 6: 60.0})], NOON)
    assert [r.value for r in store.read(SeriesId(1), ALL)] == [10.0]
    assert [r.value for r in store.read(SeriesId(5), ALL)] == [50.0]
    assert {t.series for t in store.touched(9)} == {1, 2, 5, 6}


def test_any_mixture_gives_what_a_plain_table_would(store: SqliteSeries) -> None:
    """Few series, few times, few values: overlapping shapes, conflicts, repeats, all at once."""
    dice = random.Random(11)
    model: defaultdict[tuple[int, int], set[float]] = defaultdict(set)
    kept = 0
    for number in range(400):
        batch = [some_delivery(dice, number) for _ in range(dice.randrange(1, 5))]
        fates = store.append(batch, NOON).fates
        for one, fate in zip(batch, fates, strict=True):
            wanted = expected(model, one)
            assert (fate.new, fate.conflicts) == wanted
        kept += sum(fate.new for fate in fates)
    assert store.tally().readings == kept == sum(map(len, model.values()))
    for series in range(1, 5):
        found = [(r.time_ms, r.value, r.conflict) for r in store.read(SeriesId(series), ALL)]
        assert found == [
            (time_ms, value, len(values) > 1)
            for (one, time_ms), values in sorted(model.items())
            if one == series
            for value in sorted(values)
        ]
        newest = store.latest([SeriesId(series)], 2 * NOON)[SeriesId(series)]
        assert (newest.time_ms, newest.value) == next(
            (t, v) for t, v, _ in found if t == found[-1][0]
        )


def some_delivery(dice: random.Random, number: int) -> Delivery:
    rows = tuple(
        reading(
            dice.randrange(1, 5), NOON + dice.randrange(30) * MINUTE_MS, float(dice.randrange(3))
        )
        if dice.random() < 0.3
        else reading(1 + n, NOON + number % 30 * MINUTE_MS, float(dice.randrange(3)))
        for n in range(dice.randrange(1, 5))
    )
    return delivery(Frame(0, number * 10 + dice.randrange(10), rows))


def expected(model: defaultdict[tuple[int, int], set[float]], one: Delivery) -> tuple[int, int]:
    new = conflicts = 0
    for r in (r for frame in one.frames for r in frame.readings):
        there = model[r.series, r.time_ms]
        if r.value not in there:
            new, conflicts = new + 1, conflicts + bool(there)
            there.add(r.value)
    return new, conflicts


def test_a_reading_is_a_reading(store: SqliteSeries) -> None:
    """Verdicts, all three times and the clock's move come back from a row and from a part."""
    quality = Verdict(Flag.SUSPECT).pack()
    rows = (
        Reading(SeriesId(1), NOON, 1.0, quality),
        Reading(SeriesId(2), NOON, 2.0, GOOD.pack()),
        Reading(SeriesId(1), NOON - MINUTE_MS, 3.0, quality),
    )
    store.append([delivery(Frame(0, 0, rows), received_ms=NOON + 7)], NOON + 9)
    found = list(store.read(SeriesId(1), ALL))
    assert [(r.value, r.quality, r.received_ms - NOON, r.committed_ms - NOON) for r in found] == [
        (3.0, quality, 7, 9),
        (1.0, quality, 7, 9),
    ]
