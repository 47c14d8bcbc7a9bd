"""Where the sun stands and what it delivers on a clear day, from latitude and time.

FAO Irrigation and Drainage Paper 56, chapter 3: declination (eq. 24), relative distance
(eq. 23), solar time (eq. 31-32); clear-sky transmission after eq. 37, at sea level.
"""

import math

from domain.window import DAY_MS, HOUR_MS, from_ms

SOLAR_CONSTANT = 1367.0
_CLEAR_SKY = 0.75


def elevation(time_ms: int, latitude: float, longitude: float) -> float:
    """Return the sine of the sun's elevation; negative at night."""
    day = from_ms(time_ms).timetuple().tm_yday
    declination = 0.409 * math.sin(2 * math.pi * day / 365 - 1.39)
    season = 2 * math.pi * (day - 81) / 364
    correction_h = (
        0.1645 * math.sin(2 * season) - 0.1255 * math.cos(season) - 0.025 * math.sin(season)
    )
    solar_h = time_ms % DAY_MS / HOUR_MS + longitude / 15 + correction_h
    angle = math.pi / 12 * (solar_h - 12)
    phi = math.radians(latitude)
    return math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(
        angle
    )


def clear_sky(time_ms: int, latitude: float, longitude: float) -> float:
    """Return global radiation under a clear sky in W/m2, 0 at night."""
    day = from_ms(time_ms).timetuple().tm_yday
    distance = 1 + 0.033 * math.cos(2 * math.pi * day / 365)
    sine = elevation(time_ms, latitude, longitude)
    return max(0.0, SOLAR_CONSTANT * distance * sine * _CLEAR_SKY)
