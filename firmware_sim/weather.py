"""The weather over one site: a function of seed, place and time, so nodes share it.

Each local day is drawn once (cloud, warmth, wind, showers); within the day physics
takes over: radiation follows the sun, temperature lags it, humidity follows from the
dew point, pressure has the half-day tide of the tropics.
"""

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from domain.window import DAY_MS, HOUR_MS, from_ms
from firmware_sim.sun import clear_sky

# Chance of a rainy day by month in the south of Viet Nam (wet season May to November).
_WET = (0.05, 0.04, 0.08, 0.25, 0.6, 0.7, 0.72, 0.72, 0.75, 0.68, 0.4, 0.15)


@dataclass(frozen=True, slots=True)
class Shower:
    """Rain of even intensity."""

    start_ms: int
    end_ms: int
    millimetres: float


@dataclass(frozen=True, slots=True)
class Day:
    """What one day is like. ``cloud`` is the share of radiation that clouds take."""

    cloud: float
    coolest: float
    warmest: float
    dew_point: float
    wind: float
    bearing: float
    pressure: float
    showers: tuple[Shower, ...]


@dataclass(frozen=True)
class Weather:
    """The weather at a place. ``longitude`` also sets local days, in whole hours of sun."""

    seed: int
    site: str
    latitude: float
    longitude: float

    def radiation(self, time_ms: int) -> float:
        """Return global radiation in W/m2."""
        today = self._day(time_ms)
        broken = 1 - today.cloud * (0.75 + 0.25 * math.sin(time_ms / 900_000))
        overcast = 0.35 if self._raining(time_ms) else 1.0
        return clear_sky(time_ms, self.latitude, self.longitude) * broken * overcast

    def temperature(self, time_ms: int) -> float:
        """Return air temperature in Cel: coolest at dawn, warmest two hours after noon."""
        today = self._day(time_ms)
        hour = self._local_ms(time_ms) % DAY_MS / HOUR_MS
        share = 0.5 - 0.5 * math.cos(2 * math.pi * ((hour - 6) % 24) / 16) if 6 <= hour < 22 else 0
        fresh = 3.5 if self._raining(time_ms) else 0.0
        return today.coolest + (today.warmest - today.coolest) * share - fresh * share

    def humidity(self, time_ms: int) -> float:
        """Return relative humidity in %, from the dew point (Magnus formula)."""
        dew = self._day(time_ms).dew_point
        air = self.temperature(time_ms)
        ratio = math.exp(17.62 * dew / (243.12 + dew) - 17.62 * air / (243.12 + air))
        return min(100.0, 100 * ratio)

    def wind(self, time_ms: int) -> float:
        """Return wind speed in m/s; it rises with the sun."""
        sun = clear_sky(time_ms, self.latitude, self.longitude) / 1000
        gusts = 1 + 0.3 * math.sin(time_ms / 1_700_000)
        return self._day(time_ms).wind * (0.4 + sun) * gusts

    def bearing(self, time_ms: int) -> float:
        """Return where the wind comes from, in degrees."""
        return (self._day(time_ms).bearing + 25 * math.sin(time_ms / 5_000_000)) % 360

    def pressure(self, time_ms: int) -> float:
        """Return station pressure in hPa, with its tide of 1.5 hPa twice a day."""
        hour = self._local_ms(time_ms) % DAY_MS / HOUR_MS
        return self._day(time_ms).pressure + 1.5 * math.cos(2 * math.pi * (hour - 10) / 12)

    def rain(self, start_ms: int, end_ms: int) -> float:
        """Return the rain between two moments in mm."""
        showers = {s for t in (start_ms, end_ms) for s in self._day(t).showers}
        return math.fsum(
            s.millimetres * max(0, min(end_ms, s.end_ms) - max(start_ms, s.start_ms))
            / (s.end_ms - s.start_ms)
            for s in showers
        )  # fmt: skip

    def _raining(self, time_ms: int) -> bool:
        return any(s.start_ms <= time_ms < s.end_ms for s in self._day(time_ms).showers)

    def _local_ms(self, time_ms: int) -> int:
        return time_ms + round(self.longitude / 15) * HOUR_MS

    def _day(self, time_ms: int) -> Day:
        number = self._local_ms(time_ms) // DAY_MS
        midnight_ms = number * DAY_MS - round(self.longitude / 15) * HOUR_MS
        return draw_day(self.seed, self.site, number, midnight_ms)


@lru_cache(maxsize=4096)
def draw_day(seed: int, site: str, number: int, midnight_ms: int) -> Day:
    """Return one day of one site; ``midnight_ms`` is when it begins."""
    dice = random.Random(f"{seed}:{site}:{number}")  # noqa: S311 - weather, not secrets
    month = from_ms(midnight_ms + DAY_MS // 2).month - 1
    wet = dice.random() < _WET[month]
    cloud = dice.uniform(0.35, 0.7) if wet else dice.uniform(0.05, 0.4)
    coolest = dice.gauss(23.5 if wet else 22.5, 0.8)
    warmest = coolest + dice.uniform(6.5, 9.0) * (1.25 - cloud / 2)
    showers = []
    for _ in range(dice.choice((1, 1, 2)) if wet else 0):
        start = midnight_ms + round(dice.triangular(10, 23, 15.5) * HOUR_MS)
        lasts = round(dice.uniform(0.3, 2.0) * HOUR_MS)
        showers.append(Shower(start, start + lasts, dice.gammavariate(1.3, 9.0)))
    return Day(cloud, coolest, warmest, dice.gauss(22.0, 0.6), dice.uniform(1.2, 3.5),
               dice.gauss(220, 30) % 360, dice.gauss(1007, 1.5), tuple(showers))  # fmt: skip
