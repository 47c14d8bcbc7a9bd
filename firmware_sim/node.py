"""A node measuring: wake, read the probes, count, sleep. Time in, cycles out.

Deterministic: the same plan, seed and start give the same cycles, whenever they are
asked for. What goes wrong with probes, power and clock goes wrong here.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.properties import observed_properties
from domain.reading import Cycle, Observation
from domain.window import DAY_MS, HOUR_MS
from firmware_sim.ground import Ground, Reservoir, Soil, Watering
from firmware_sim.scenario import Fault, NodePlan, Probe, Site
from firmware_sim.weather import Weather


@dataclass(frozen=True, slots=True)
class Measured:
    """A cycle and the true moment it was measured, which a drifting clock misstates."""

    true_ms: int
    cycle: Cycle


class Node:
    """One simulated node from ``start_ms`` on."""

    def __init__(self, plan: NodePlan, site: Site, seed: int, start_ms: int) -> None:
        self.plan = plan
        self._start_ms = start_ms
        self._dice = random.Random(f"{seed}:{plan.id}")  # noqa: S311 - noise, not secrets
        self._weather = Weather(seed, site.name, site.latitude, site.longitude)
        self._ground = Ground(Soil(), self._weather, _waterings(plan, start_ms))
        self._tank = Reservoir(1.6, 0.9, 2.2)
        self._stuck: dict[str, float] = {}
        self._truths = self._quantities()

    def cycles(self) -> Iterator[Measured]:
        """Yield every cycle from the start, for ever; the caller stops at its "now"."""
        interval_ms = self.plan.interval_s * 1000
        time_ms = self._start_ms - self._start_ms % interval_ms
        boot, seq, was_off = 0, 0, False
        while True:
            time_ms += interval_ms
            self._ground.step(time_ms - interval_ms, time_ms)
            self._tank.step(time_ms - interval_ms, time_ms, self._weather)
            if self._active("brownout", time_ms):
                was_off = True
                continue
            if was_off:
                boot, seq, was_off = boot + 1, 0, False
            yield Measured(time_ms, self._measure(time_ms, boot, seq))
            seq += 1

    def _measure(self, time_ms: int, boot: int, seq: int) -> Cycle:
        clock = self._active("clock", time_ms)
        said_ms = time_ms
        if clock:
            days = (time_ms - self._start_ms) / DAY_MS - clock.from_day
            said_ms += round(clock.size * 1000 * days)
        observations = tuple(self._observe(probe, time_ms, said_ms) for probe in self.plan.probes)
        return Cycle(boot, seq, observations)

    def _observe(self, probe: Probe, time_ms: int, said_ms: int) -> Observation:
        truth = self._truths[probe.property](probe, time_ms)
        value = round(truth + self._dice.gauss(0, probe.noise), probe.decimals)
        value = self._spoilt(probe, value, time_ms)
        unit = observed_properties().get(probe.property).unit
        return Observation(probe.channel, said_ms, value, unit)

    def _spoilt(self, probe: Probe, value: float, time_ms: int) -> float:
        if unplugged := self._active("unplugged", time_ms, probe.channel):
            return unplugged.size
        if self._active("stuck", time_ms, probe.channel):
            return self._stuck.setdefault(probe.channel, value)
        self._stuck.pop(probe.channel, None)
        if drift := self._active("drift", time_ms, probe.channel):
            days = (time_ms - self._start_ms) / DAY_MS - drift.from_day
            return round(value + drift.size * days, probe.decimals)
        return value

    def _active(self, kind: str, time_ms: int, channel: str | None = None) -> Fault | None:
        day = (time_ms - self._start_ms) / DAY_MS
        for fault in self.plan.faults:
            running = fault.from_day <= day < fault.from_day + fault.days
            if fault.kind == kind and running and fault.channel == channel:
                return fault
        return None

    def _quantities(self) -> dict[str, Callable[[Probe, int], float]]:
        sky, ground, tank = self._weather, self._ground, self._tank
        interval_ms = self.plan.interval_s * 1000
        return {
            "soil_moisture": lambda p, _: ground.moisture(p.depth_m or 0.2),
            "soil_temperature": lambda p, t: ground.temperature(t, p.depth_m or 0.2),
            "soil_ec": lambda p, _: ground.conductivity(p.depth_m or 0.2),
            "soil_ph": lambda _, t: ground.acidity(t),
            "water_level": lambda *_: tank.level(),
            "water_ec": lambda *_: tank.conductivity(),
            "water_ph": lambda _, t: tank.acidity(sky, t),
            "water_temperature": lambda _, t: tank.temperature(sky, t),
            "air_temperature": lambda _, t: sky.temperature(t),
            "air_relative_humidity": lambda _, t: sky.humidity(t),
            "air_pressure": lambda _, t: sky.pressure(t),
            "wind_speed": lambda _, t: sky.wind(t),
            "wind_direction": lambda _, t: sky.bearing(t),
            "rainfall": lambda _, t: sky.rain(t - interval_ms, t),
            "solar_radiation": lambda _, t: sky.radiation(t),
            # A small panel tops the battery up by day; the radio draws it down by night.
            "battery_voltage": lambda _, t: 3.75 + 0.3 * sky.radiation(t - HOUR_MS) / 1000,
        }


def _waterings(plan: NodePlan, start_ms: int) -> tuple[Watering, ...]:
    if plan.watering is None:
        return ()
    every_ms = round(plan.watering.every_days * DAY_MS)
    first_ms = start_ms - start_ms % DAY_MS + round(plan.watering.hour * HOUR_MS)
    # Two years of watering is longer than any scenario runs.
    times = range(first_ms, first_ms + 730 * DAY_MS, every_ms)
    return tuple(Watering(time_ms, plan.watering.millimetres) for time_ms in times)
