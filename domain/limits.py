"""Limits of the quality tests: dated data, per observed property and per series.

A history is a list of limits with the instant from which each is in force; readings
older than the first are judged by the first. What a series says replaces what its
property says, test by test.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

from domain.errors import InvalidInput
from domain.window import DAY_MS


class SpikeMethod(enum.StrEnum):
    """How far a value stands out from its neighbours."""

    AVERAGE = "average"
    DIFFERENTIAL = "differential"


@dataclass(frozen=True, slots=True)
class GrossRange:
    """Inclusive limits in the property's unit."""

    fail: tuple[float, float]
    suspect: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Spike:
    """Sizes in the property's unit."""

    suspect: float | None = None
    fail: float | None = None
    method: SpikeMethod = SpikeMethod.DIFFERENTIAL


@dataclass(frozen=True, slots=True)
class RateOfChange:
    """Units an hour."""

    suspect: float | None = None
    fail: float | None = None


@dataclass(frozen=True, slots=True)
class FlatLine:
    """Seconds for which readings vary by less than ``tolerance`` (0: not at all)."""

    tolerance: float
    suspect_s: float | None = None
    fail_s: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Silences, in intervals of the series."""

    suspect: float
    fail: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one series at one time; a test without limits is not run."""

    gross_range: GrossRange | None = None
    spike: Spike | None = None
    rate_of_change: RateOfChange | None = None
    flat_line: FlatLine | None = None
    gap: Gap | None = None


History: TypeAlias = tuple[tuple[int, Limits], ...]
"""Limits and the instant from which they hold, ascending."""


def in_force(history: History, instant_ms: int) -> Limits:
    """Return the limits that hold at an instant."""
    found = history[0][1] if history else Limits()
    for since_ms, limits in history:
        if since_ms > instant_ms:
            break
        found = limits
    return found


def overlaid(base: History, own: History) -> History:
    """Return ``base`` with the tests that ``own`` names replaced from their day on."""
    return _overlaid(base, own) if own else base


@lru_cache(maxsize=4096)
def _overlaid(base: History, own: History) -> History:
    moments = sorted({since for since, _ in (*base, *own)})
    return tuple((moment, _over(base, own, moment)) for moment in moments)


def _over(base: History, own: History, moment_ms: int) -> Limits:
    under = in_force(base, moment_ms)
    since = [limits for since_ms, limits in own if since_ms <= moment_ms]
    if not since:
        return under
    said = {f.name: getattr(since[-1], f.name) for f in fields(Limits)}
    return replace(under, **{name: value for name, value in said.items() if value is not None})


def from_day(day: date) -> int:
    """Return the instant from which limits that are dated ``day`` hold: its start in UTC."""
    return (day - date(1970, 1, 1)).days * DAY_MS


_KINDS: Mapping[str, type] = {
    "gross_range": GrossRange,
    "spike": Spike,
    "rate_of_change": RateOfChange,
    "flat_line": FlatLine,
    "gap": Gap,
}


def parse_limits(row: Mapping[str, Any]) -> Limits:
    """Return the limits in a table, one entry a test; raises `InvalidInput` naming it."""
    unknown = sorted(set(row) - set(_KINDS))
    if unknown:
        message = f"no quality test {', '.join(unknown)}; there are {', '.join(_KINDS)}"
        raise InvalidInput(message, "limits")
    return Limits(**{name: _parse(name, values) for name, values in row.items()})


def _parse(name: str, values: Any) -> Any:
    try:
        return _KINDS[name](**{key: _limit(value) for key, value in values.items()})
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        message = f"{name}: {error}"
        raise InvalidInput(message, "limits") from error


def _limit(value: object) -> object:
    if isinstance(value, str):
        return SpikeMethod(value)
    if isinstance(value, list | tuple):
        low, high = (float(v) for v in value)
        if not low <= high:
            message = f"{low} is above {high}"
            raise ValueError(message)
        return low, high
    if isinstance(value, bool):
        message = "a limit is a number, not true or false"
        raise TypeError(message)
    if value is None or (isinstance(value, int | float) and 0 <= float(value) < math.inf):
        return value
    message = f"not a limit: {value!r}"
    raise ValueError(message)
