"""Nodes: one seed, one history; physics, not noise; faults where the scenario says."""

import itertools
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import InvalidInput
from domain.properties import observed_properties
from domain.reading import Cycle, Observation
from domain.receipt import Receipt
from domain.window import DAY_MS, HOUR_MS, MINUTE_MS, parse_instant
from firmware_sim.flash import Flash
from firmware_sim.ground import Ground, Reservoir, Soil, Watering
from firmware_sim.node import Measured, Node
from firmware_sim.run import Memory
from firmware_sim.scenario import Fault, NodePlan, Scenario, load
from firmware_sim.sun import clear_sky, elevation
from firmware_sim.weather import Weather
from nguon.demo.seed import scenario_path

START = parse_instant("2026-09-22T00:00:00Z")
WEATHER = Weather(1, "here", 11.28, 106.36)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(scenario_path())


def plan(scenario: Scenario, name: str, **changes: object) -> NodePlan:
    found = next(p for p in scenario.nodes if p.id == name)
    return replace(found, **changes)  # type: ignore[arg-type]


def run(scenario: Scenario, what: NodePlan, days: float = 60, seed: int = 7) -> list[Measured]:
    node = Node(what, scenario.sites[what.site], seed, START)
    return list(itertools.takewhile(lambda m: m.true_ms < START + days * DAY_MS, node.cycles()))


def channel(measured: list[Measured], name: str) -> list[float]:
    return [o.value for m in measured for o in m.cycle.observations if o.channel == name]


def test_one_seed_is_one_history_and_another_is_another(scenario: Scenario) -> None:
    what = plan(scenario, "dat-dua-leo")
    assert run(scenario, what, 5) == run(scenario, what, 5)
    assert run(scenario, what, 5) != run(scenario, what, 5, seed=8)


def test_every_plan_measures_within_what_is_possible(scenario: Scenario) -> None:
    for what in scenario.nodes:
        whole = replace(what, faults=())
        for measured in run(scenario, whole, 30):
            for observation, probe in zip(measured.cycle.observations, what.probes, strict=True):
                low, high = observed_properties().get(probe.property).gross_range(0).fail
                assert low <= observation.value <= high, (what.id, probe.channel)


def test_the_sun_is_highest_at_noon_and_gone_at_night() -> None:
    day = parse_instant("2026-03-21T17:00:00Z")  # midnight in Dầu Tiếng
    heights = [elevation(day + h * HOUR_MS, 11.28, 106.36) for h in range(24)]
    assert heights.index(max(heights)) == 12
    assert clear_sky(day, 11.28, 106.36) == 0
    # FAO-56, example 8's method: at 11.28°N the day's clear-sky sum in March is 0.75 Ra.
    total = sum(clear_sky(day + m * 10 * MINUTE_MS, 11.28, 106.36) for m in range(144)) * 600 / 1e6
    assert total == pytest.approx(0.75 * 37.0, rel=0.05)


def test_air_is_warm_after_noon_and_humidity_runs_against_it() -> None:
    days = range(30)
    dawn = [WEATHER.temperature(START + d * DAY_MS - 1 * HOUR_MS) for d in days]  # 06:00
    noon = [WEATHER.temperature(START + d * DAY_MS + 7 * HOUR_MS) for d in days]  # 14:00
    assert statistics.mean(noon) - statistics.mean(dawn) > 4
    assert WEATHER.humidity(START - HOUR_MS) > WEATHER.humidity(START + 7 * HOUR_MS)


def test_rain_is_the_same_however_finely_it_is_asked() -> None:
    whole = WEATHER.rain(START, START + 10 * DAY_MS)
    parts = sum(WEATHER.rain(START + i * HOUR_MS, START + (i + 1) * HOUR_MS) for i in range(240))
    assert whole <= parts + 1e-9
    assert parts > 10


def test_soil_wets_quickly_drains_and_dries_slowly_and_less_below() -> None:
    dry = Weather(5, "dry", 11.28, 106.36)
    ground = Ground(Soil(), dry, (Watering(START + HOUR_MS, 30.0),))
    ground.step(START, START + HOUR_MS)
    before = ground.moisture(0.2)
    ground.step(START + HOUR_MS, START + 2 * HOUR_MS)
    assert ground.moisture(0.2) > before + 5
    peak, below = ground.moisture(0.2), ground.moisture(0.4)
    for hour in range(2, 26):
        ground.step(START + hour * HOUR_MS, START + (hour + 1) * HOUR_MS)
    assert ground.moisture(0.2) < peak
    assert ground.moisture(0.4) > below


def test_the_days_wave_shrinks_and_lags_with_depth() -> None:
    ground = Ground(Soil(), WEATHER, ())
    hours = [START + i * HOUR_MS for i in range(48)]
    shallow = [ground.temperature(t, 0.05) for t in hours]
    deep = [ground.temperature(t, 0.4) for t in hours]
    assert max(shallow) - min(shallow) > 2 * (max(deep) - min(deep))


def test_a_tank_is_drawn_down_and_filled_again() -> None:
    tank = Reservoir(1.6, 0.9, 2.2)
    levels = []
    for hour in range(24 * 40):
        tank.step(START + hour * HOUR_MS, START + (hour + 1) * HOUR_MS, WEATHER)
        levels.append(tank.level())
    assert 0.1 <= min(levels) < 1.0
    assert 2.0 < max(levels) <= 2.2


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (Fault("unplugged", 2, 1, "soil_ph_20", -9999.0), lambda ph: ph.count(-9999.0) == 96),
        (
            Fault("stuck", 2, 1, "soil_ph_20"),
            lambda ph: len(set(ph[191:287])) == 1 < len(set(ph[287:383])),
        ),
        (Fault("drift", 2, 3, "soil_ph_20", 1.0), lambda ph: ph[470] - ph[190] > 2),
    ],
)
def test_probes_fail_when_the_scenario_says(
    scenario: Scenario, fault: Fault, check: object
) -> None:
    what = plan(scenario, "dat-dua-leo", faults=(fault,))
    assert check(channel(run(scenario, what, 5), "soil_ph_20"))  # type: ignore[operator]


def test_a_brown_out_is_a_gap_and_a_new_boot(scenario: Scenario) -> None:
    what = plan(scenario, "dat-dua-leo", faults=(Fault("brownout", 2, 0.5),))
    cycles = [m.cycle for m in run(scenario, what, 5)]
    assert [(c.boot, c.seq) for c in cycles if c.seq == 0] == [(0, 0), (1, 0)]
    assert len(cycles) == 5 * 96 - 1 - 48


def test_a_clock_that_drifts_misstates_and_the_truth_is_known(scenario: Scenario) -> None:
    what = plan(scenario, "dat-dua-leo", faults=(Fault("clock", 1, 2, None, 20.0),))
    off = [m.cycle.observations[0].time_ms - m.true_ms for m in run(scenario, what, 4)]
    assert off[:90] == [0] * 90
    assert 35_000 < max(off) <= 40_000
    assert off[-1] == 0


def cycle(boot: int, seq: int) -> Cycle:
    return Cycle(boot, seq, (Observation("a", seq, 1.0, None),))


def test_flash_lets_go_only_of_what_a_receipt_covers() -> None:
    flash = Flash()
    for boot, seq in ((0, 0), (0, 1), (0, 2), (1, 0)):
        flash.keep(cycle(boot, seq))
    assert flash.clear(Receipt(0, 1)) == 2
    assert flash.clear(Receipt(0, 1)) == 0
    assert [[c.seq for c in batch] for batch in flash.batches(1)] == [[2], [0]]
    assert flash.clear(Receipt(1, 5)) == 1
    assert len(flash) == 1


def test_a_node_remembers_across_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "nodes.json", 1_000)
    memory.note("a", Receipt(0, 7))
    memory.note("a", Receipt(0, 3))
    memory.save()
    again = Memory(tmp_path / "nodes.json", 9_999)
    assert again.installed_ms == 1_000
    assert again.covers("a", Measured(0, cycle(0, 7)))
    assert not again.covers("a", Measured(0, cycle(0, 8)))
    assert not again.covers("a", Measured(0, cycle(1, 0)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "KeyError"),
        ("seed = ", "s.toml"),
        ("seed = 1\nhistory_days = 1\n[[site]]\nname='a'\nlatitude=1\nlongitude=1\nheight=3\n[[node]]\n", "unknown key height"),
        ("seed=1\nhistory_days=1\nsite=[]\n[[node]]\nid='a'\nname='a'\nsite='x'\ninterval_s=9\nprobe=[]\nfault=[{kind='explode',from_day=1,days=1}]", "no fault 'explode'"),
        ("seed=1\nhistory_days=1\nsite=[]\n[[node]]\nid='A B'\nname='a'\nsite='x'\ninterval_s=9\nprobe=[]", "device id"),
    ],
)  # fmt: skip
def test_a_bad_scenario_is_refused_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(InvalidInput, match=why):
        load(tmp_path / "s.toml")
