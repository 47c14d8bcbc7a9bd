"""Soil and water under a node: what rain, sun and watering do to them, step by step.

Soil is a stack of layers, each a bucket: water enters at the top, what is above field
capacity drains down, sun and roots dry the top first. Temperature at depth is the
day's wave, damped and delayed (Carslaw and Jaeger; FAO-56 needs no more).
"""

import math
from dataclasses import dataclass

from domain.window import DAY_MS, HOUR_MS
from firmware_sim.weather import Weather


@dataclass(frozen=True, slots=True)
class Soil:
    """Volumetric water contents in %, for a loam by default."""

    field_capacity: float = 32.0
    wilting_point: float = 14.0
    saturation: float = 46.0
    ph: float = 5.6
    salt: float = 1.1


@dataclass(frozen=True, slots=True)
class Watering:
    """Irrigation: so many millimetres at a moment."""

    time_ms: int
    millimetres: float


_LAYERS_M = ((0.0, 0.3), (0.3, 0.7))
_DAMPING_M = 0.12


class Ground:
    """The soil profile of a plot; `step` moves it forward in time."""

    def __init__(self, soil: Soil, weather: Weather, waterings: tuple[Watering, ...]) -> None:
        self._soil, self._weather, self._waterings = soil, weather, waterings
        self._water = [soil.field_capacity - 4.0, soil.field_capacity - 2.0]

    def step(self, start_ms: int, end_ms: int) -> None:
        """Let rain, watering, drainage and drying of this stretch happen."""
        hours = (end_ms - start_ms) / HOUR_MS
        watered = sum(w.millimetres for w in self._waterings if start_ms <= w.time_ms < end_ms)
        incoming = self._weather.rain(start_ms, end_ms) + watered
        # Radiation to evaporation: 2.45 MJ/kg, three quarters of it used, wet soil gives more.
        taken = 0.75 * self._weather.radiation(end_ms) * hours * 3600 / 2.45e6
        for i, ((top, bottom), roots) in enumerate(zip(_LAYERS_M, (0.7, 0.3), strict=True)):
            thickness_mm = (bottom - top) * 1000
            wet = self._water[i] + incoming / thickness_mm * 100
            reach = (wet - self._soil.wilting_point) / (
                self._soil.field_capacity - self._soil.wilting_point
            )
            wet -= taken * roots * min(1.0, max(0.0, reach)) / thickness_mm * 100
            above = max(0.0, wet - self._soil.field_capacity)
            drained = above * (1 - math.exp(-hours / 12)) + max(0.0, wet - self._soil.saturation)
            wet = min(self._soil.saturation, wet - min(drained, above))
            incoming = drained * thickness_mm / 100
            self._water[i] = max(self._soil.wilting_point * 0.8, wet)

    def moisture(self, depth_m: float) -> float:
        """Return volumetric water content in % at a depth."""
        return self._water[0] if depth_m < _LAYERS_M[0][1] else self._water[1]

    def temperature(self, time_ms: int, depth_m: float) -> float:
        """Return soil temperature in Cel at a depth."""
        lag_ms = round(depth_m / _DAMPING_M / (2 * math.pi) * DAY_MS)
        felt = self._weather.temperature(time_ms - lag_ms)
        mean = (self._weather.temperature(time_ms - lag_ms + DAY_MS // 2) + felt) / 2
        return mean + 0.6 + (felt - mean) * 1.4 * math.exp(-depth_m / _DAMPING_M)

    def conductivity(self, depth_m: float) -> float:
        """Return bulk EC in dS/m: salt conducts as far as water connects it."""
        return self._soil.salt * math.pow(self.moisture(depth_m) / self._soil.saturation, 1.5)

    def acidity(self, time_ms: int) -> float:
        """Return soil pH: slow, a little lower after rain."""
        wetness = self._water[0] / self._soil.saturation
        return self._soil.ph - 0.15 * wetness + 0.05 * math.sin(time_ms / DAY_MS / 9)


class Reservoir:
    """A tank, pond or canal: rain fills it, watering and evaporation draw it down."""

    def __init__(self, level_m: float, refill_below_m: float, full_m: float) -> None:
        self._level, self._low, self._full = level_m, refill_below_m, full_m
        self._filling = False

    def step(self, start_ms: int, end_ms: int, weather: Weather) -> None:
        """Let this stretch of time happen."""
        hours = (end_ms - start_ms) / HOUR_MS
        rise = weather.rain(start_ms, end_ms) / 1000 * 3
        fall = 0.006 * hours / 24 * 6 + (0.012 * hours if weather.radiation(end_ms) > 0 else 0)
        if self._level < self._low:
            self._filling = True
        if self._level >= self._full - 0.05:
            self._filling = False
        pumped = 0.05 * hours if self._filling else 0.0
        self._level = min(self._full, max(0.1, self._level + rise - fall + pumped))

    def level(self) -> float:
        """Return the level in m."""
        return self._level

    def conductivity(self) -> float:
        """Return water EC in dS/m; it rises as the water sinks."""
        return 0.18 + 0.12 * (1 - self._level / self._full)

    def acidity(self, weather: Weather, time_ms: int) -> float:
        """Return water pH: algae raise it by day."""
        return 6.7 + 0.5 * weather.radiation(time_ms - 2 * HOUR_MS) / 1000

    def temperature(self, weather: Weather, time_ms: int) -> float:
        """Return water temperature in Cel: the air's, two hours late and half as wide."""
        return 26.5 + 0.5 * (weather.temperature(time_ms - 2 * HOUR_MS) - 26.5)
