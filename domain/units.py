"""Units of measure: UCUM codes, SenML names for them, and linear conversion.

UCUM: ucum.org, case sensitive codes. SenML units: RFC 8428 section 12.1 and the
secondary units of RFC 8798. Everything agriculture needs is linear, so a table of
factor and offset to a base unit replaces a units library and its parser.
"""

import math
from functools import lru_cache

from domain.errors import WrongUnit

# code -> (dimension, factor, offset): base = value * factor + offset
_TO_BASE: dict[str, tuple[str, float, float]] = {
    "1": ("ratio", 1.0, 0.0),
    "%": ("ratio", 0.01, 0.0),
    "m3/m3": ("ratio", 1.0, 0.0),
    "Cel": ("temperature", 1.0, 0.0),
    "K": ("temperature", 1.0, -273.15),
    "[degF]": ("temperature", 5 / 9, -160 / 9),
    "S/m": ("conductivity", 1.0, 0.0),
    "dS/m": ("conductivity", 0.1, 0.0),
    "mS/cm": ("conductivity", 0.1, 0.0),
    "uS/cm": ("conductivity", 1e-4, 0.0),
    "[pH]": ("acidity", 1.0, 0.0),
    "Pa": ("pressure", 1.0, 0.0),
    "hPa": ("pressure", 100.0, 0.0),
    "mbar": ("pressure", 100.0, 0.0),
    "kPa": ("pressure", 1e3, 0.0),
    "bar": ("pressure", 1e5, 0.0),
    "m": ("length", 1.0, 0.0),
    "cm": ("length", 0.01, 0.0),
    "mm": ("length", 1e-3, 0.0),
    "um": ("length", 1e-6, 0.0),
    "[in_i]": ("length", 0.0254, 0.0),
    "m/s": ("speed", 1.0, 0.0),
    "km/h": ("speed", 1 / 3.6, 0.0),
    "[mi_i]/h": ("speed", 0.44704, 0.0),
    "mm/h": ("rain rate", 1.0, 0.0),
    "deg": ("angle", 1.0, 0.0),
    "rad": ("angle", 57.29577951308232, 0.0),
    "W/m2": ("irradiance", 1.0, 0.0),
    "kW/m2": ("irradiance", 1e3, 0.0),
    "MJ/m2/h": ("irradiance", 1e6 / 3600, 0.0),
    "umol/m2/s": ("photon flux", 1.0, 0.0),
    "lx": ("illuminance", 1.0, 0.0),
    "V": ("voltage", 1.0, 0.0),
    "mV": ("voltage", 1e-3, 0.0),
    "mg/kg": ("mass fraction", 1.0, 0.0),
    "mg/L": ("concentration", 1.0, 0.0),
    "g/L": ("concentration", 1e3, 0.0),
    "m3": ("volume", 1.0, 0.0),
    "L": ("volume", 1e-3, 0.0),
    "m3/h": ("flow", 1.0, 0.0),
    "L/min": ("flow", 0.06, 0.0),
    "dB": ("level", 1.0, 0.0),
    "[ppm]": ("mole fraction", 1.0, 0.0),
    "{NTU}": ("turbidity", 1.0, 0.0),
    "{index}": ("index", 1.0, 0.0),
    "{count}": ("count", 1.0, 0.0),
}

_SENML = {"%RH": "%", "%EL": "%", "/": "1", "pH": "[pH]", "dBm": "dB", "count": "{count}", "l": "L"}


def to_ucum(unit: str) -> str:
    """Return the UCUM code of a SenML or UCUM unit name; raises `WrongUnit`."""
    code = _SENML.get(unit, unit)
    if code not in _TO_BASE:
        message = f"unknown unit {unit[:20]!r}"
        raise WrongUnit(message)
    return code


def convert(value: float, unit: str, into: str) -> float:
    """Return ``value`` given in ``unit`` as a number of ``into``.

    Both are UCUM or SenML names. The same unit returns the value untouched, bit
    for bit. Raises `WrongUnit` when the two measure different things.
    """
    line = _line(unit, into)
    if line is None:
        return value
    # Adding 0.0 turns -0.0 into 0.0, as for every value that is sent.
    converted = value * line[0] + line[1] + 0.0
    if not math.isfinite(converted):
        message = f"{value} {unit} is beyond any {into}"
        raise WrongUnit(message)
    return converted


@lru_cache(maxsize=4096)
def _line(unit: str, into: str) -> tuple[float, float] | None:
    """Return factor and offset from one unit to another, None when they are the same."""
    source, target = to_ucum(unit), to_ucum(into)
    if source == target:
        return None
    dimension, factor, offset = _TO_BASE[source]
    wanted, divisor, shift = _TO_BASE[target]
    if dimension != wanted:
        message = f"{unit} is {dimension}, {into} is {wanted}"
        raise WrongUnit(message)
    # Dividing factors first keeps 0.257 m3/m3 at 25.7 %, not 25.700000000000003.
    return factor / divisor, (offset - shift) / divisor
