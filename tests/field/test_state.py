"""What a grower is told of now: never old as new, never silence as a value."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from district.health import health
from district.output import output
from domain.diary import Entry, Work
from domain.errors import InvalidInput, NotFound
from domain.ids import EntryId, PlotId, SeasonId
from domain.plot import Season
from domain.quality import Flag, Verdict
from domain.reading import Frame
from domain.window import DAY_MS, HOUR_MS, MINUTE_MS
from field.diary import record
from field.state import PlotState, State, plot_state, worst
from store.records import tables as t
from tests.builders import PLOT, delivery, reading
from tests.traceability.world import HARVESTED, NOON, TODAY, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def told(world: World, now_ms: int = NOON) -> PlotState:
    with world.records.reading() as transaction:
        return plot_state(transaction, world.series, PLOT, now_ms)


def measure(
    world: World, value: float, at_ms: int = NOON, received_ms: int = NOON, flag: Flag = Flag.GOOD
) -> None:
    row = reading(1, at_ms, value, Verdict(flag).pack())
    world.series.append(
        [delivery(Frame(0, at_ms // 1000, (row,)), received_ms=received_ms)], received_ms
    )


def moisture(state: PlotState) -> State:
    return next(c.state for c in state.streams if c.property.name == "soil_moisture")


@pytest.mark.parametrize(
    ("value", "flag", "state"),
    [(28.0, Flag.GOOD, State.GOOD), (22.0, Flag.GOOD, State.GOOD), (21.9, Flag.GOOD, State.ATTENTION),
     (34.1, Flag.GOOD, State.ATTENTION), (28.0, Flag.FAIL, State.FAULTY), (28.0, Flag.SUSPECT, State.GOOD)],
)  # fmt: skip
def test_a_value_is_rated_by_the_crops_band(
    world: World, value: float, flag: Flag, state: State
) -> None:
    measure(world, value, flag=flag)
    assert moisture(told(world)) is state


def test_nothing_ever_heard_is_silence(world: World) -> None:
    state = told(world)
    assert state.state is State.SILENT
    assert all(c.reading is None for c in state.streams)


def test_silence_begins_after_one_and_a_half_intervals(world: World) -> None:
    measure(world, 28.0)
    assert moisture(told(world, NOON + 45 * MINUTE_MS // 2)) is State.GOOD
    assert moisture(told(world, NOON + 45 * MINUTE_MS // 2 + 1)) is State.SILENT


def test_a_backlog_that_arrives_now_says_nothing_of_now(world: World) -> None:
    measure(world, 28.0, at_ms=NOON - 7 * DAY_MS, received_ms=NOON)
    assert moisture(told(world)) is State.SILENT


def test_a_clock_in_the_future_does_not_become_now(world: World) -> None:
    measure(world, 28.0, at_ms=NOON - MINUTE_MS)
    measure(world, 99.0, at_ms=NOON + 2 * DAY_MS)
    current = next(c for c in told(world).streams if c.property.name == "soil_moisture")
    assert current.reading is not None
    assert current.reading.value == 28.0


def test_two_values_for_one_moment_are_nobodys_good(world: World) -> None:
    measure(world, 28.0)
    measure(world, 29.0)
    assert moisture(told(world)) is State.FAULTY


@pytest.mark.parametrize(
    ("states", "worst_of_them"),
    [("faulty good", "good"), ("faulty attention good", "attention"), ("faulty silent", "faulty"),
     ("faulty unrated", "unrated"), ("silent", "silent"), ("", "silent")],
)  # fmt: skip
def test_one_faulty_sensor_does_not_speak_for_the_plot(states: str, worst_of_them: str) -> None:
    assert worst([State(word) for word in states.split()]) is State(worst_of_them)


def test_nothing_is_good_while_what_the_crop_needs_is_unknown(world: World) -> None:
    measure(world, 28.0, flag=Flag.FAIL)
    row = (reading(2, NOON, 25.0), reading(3, NOON, 0.0))
    world.series.append([delivery(Frame(None, None, row))], NOON)
    assert told(world).state is State.FAULTY


def test_an_unknown_plot_is_not_found(world: World) -> None:
    with world.records.reading() as transaction, pytest.raises(NotFound):
        plot_state(transaction, world.series, PlotId("khong"), NOON)


ENTRY = Entry(EntryId("a"), PLOT, Work.HARVEST, TODAY, "grower", 1.0, "kg", None, "", NOON)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"day": TODAY + timedelta(days=1)}, "day"), ({"day": date(2020, 1, 1)}, "day"), ({"amount": None}, "amount"),
     ({"amount": 0.0}, "amount"), ({"amount": float("nan")}, "amount"), ({"unit": "tấn"}, "amount"),
     ({"work": Work.SPRAYING, "product": None}, "product"), ({"note": "x" * 501}, "note"),
     ({"note": "a\0b"}, "note"), ({"product": "\x1b[31m"}, "product")],
)  # fmt: skip
def test_an_entry_that_cannot_be_is_refused_by_field(
    world: World, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught, world.records.transaction() as transaction:
        record(transaction, replace(ENTRY, **change), TODAY)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_output_is_the_sum_of_the_diaries(world: World) -> None:
    world.harvest(400.0, TODAY - timedelta(days=1), "h1")
    world.harvest(20.5, TODAY, "h2")
    world.harvest(7.0, TODAY - timedelta(days=300), "h3")
    with world.records.reading() as transaction:
        rows = output(transaction)
    assert [(r.area_vi, r.crop_vi, r.harvests, r.kilograms) for r in rows] == [
        ("Xã mẫu", "", 1, 7.0), ("Xã mẫu", "Dưa leo", 2, 420.5),
    ]  # fmt: skip


def test_health_counts_silent_streams_and_missing_cycles(world: World) -> None:
    rows = [Frame(0, seq, (reading(1, NOON - seq * HOUR_MS, 28.0),)) for seq in (0, 1, 4)]
    world.series.append([delivery(*rows)], NOON)
    with world.records.reading() as transaction:
        (device,) = health(transaction, world.series, NOON).devices
    assert (device.streams, device.silent, device.received, device.missing) == (3, 2, 3, 2)


def test_what_a_device_measured_before_it_came_is_another_plots(world: World) -> None:
    measure(world, 28.0, at_ms=NOON - 10 * MINUTE_MS)
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.placement.update().values(start_ms=NOON - MINUTE_MS))
    assert moisture(told(world)) is State.SILENT


def test_a_harvest_on_the_day_two_seasons_touch_counts_once(world: World) -> None:
    world.harvest(420.0)
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.season.update().values(ended=HARVESTED))
        transaction.places.add_season(Season(SeasonId("vu-2"), PLOT, "cucumber", HARVESTED, None))
        assert [row.kilograms for row in output(transaction)] == [420.0]


def test_an_area_that_has_ended_takes_down_no_page(world: World) -> None:
    world.harvest()
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.area.update().values(valid_to=date(2026, 1, 1)))
    assert told(world).plot.id == PLOT
    with world.records.reading() as transaction:
        assert output(transaction)[0].area_vi == "Xã mẫu"


def test_a_probe_that_is_stuck_is_not_told_as_good(world: World) -> None:
    """Air temperature, the same to the hundredth for a day: failed, though its value is fine."""
    for quarter in range(97):
        row = (reading(2, NOON - quarter * 15 * MINUTE_MS, 28.4),)
        world.series.append([delivery(Frame(None, None, row))], NOON)
    current = next(c for c in told(world).streams if c.property.name == "air_temperature")
    assert current.reading is not None
    assert Verdict.unpack(current.reading.quality).failed.names() == ("flat_line",)
    assert current.state is State.FAULTY
