"""The quality tests of QARTOD, as pure functions over one series in order of time.

Flags and tests: U.S. IOOS QARTOD manuals (gap, gross range, spike, rate of change, flat
line). Inputs are ascending by time; results are one flag a reading, never a changed
value. A limit is reached at the limit: thresholds count as exceeded when equal, within
one part in 10⁹, since 10 per 15 minutes must not depend on how it is written as a float.
"""

import math
from collections.abc import Iterable, Sequence

from domain.limits import FlatLine, Gap, GrossRange, RateOfChange, Spike, SpikeMethod
from domain.quality import Flag
from domain.window import HOUR_MS

Value = float | None
_PRECEDENCE = (Flag.MISSING, Flag.NOT_EVALUATED, Flag.GOOD, Flag.SUSPECT, Flag.FAIL)
_EDGE = 1 - 1e-9


def aggregate(flags: Iterable[Flag]) -> Flag:
    """Return the flag that stands for several: 9 < 2 < 1 < 3 < 4."""
    return max(flags, key=_PRECEDENCE.index, default=Flag.NOT_EVALUATED)


def gross_range(value: float, limits: GrossRange) -> Flag:
    """Test 4: impossible outside ``fail``, rare outside ``suspect``; edges are inside."""
    if not limits.fail[0] <= value <= limits.fail[1]:
        return Flag.FAIL
    if limits.suspect is not None and not limits.suspect[0] <= value <= limits.suspect[1]:
        return Flag.SUSPECT
    return Flag.GOOD


def spike(values: Sequence[Value], limits: Spike) -> list[Flag]:
    """Test 6: a value that stands out from the one before and the one after.

    ``average`` measures from their mean, so that the neighbours of a spike stand out too;
    ``differential`` by the smaller step, up and down again, so that they do not.
    """
    befores, afters = (None, *values[:-1]), (*values[1:], None)
    return [_spike_at(*near, limits) for near in zip(befores, values, afters, strict=True)]


def _spike_at(before: Value, value: Value, after: Value, limits: Spike) -> Flag:
    if value is None:
        return Flag.MISSING
    if before is None or after is None:
        return Flag.NOT_EVALUATED
    if limits.method is SpikeMethod.AVERAGE:
        return _over(abs(value - (before + after) / 2), limits.suspect, limits.fail)
    up, down = value - before, value - after
    return _over(min(abs(up), abs(down)) if up * down > 0 else 0.0, limits.suspect, limits.fail)


def rate_of_change(
    times_ms: Sequence[int], values: Sequence[float], limits: RateOfChange
) -> list[Flag]:
    """Test 7: units an hour since the reading before; the first one is good."""
    found = [Flag.GOOD] if values else []
    bounds = [bound for bound in (limits.suspect, limits.fail) if bound is not None]
    least = min(bounds, default=math.inf) * _EDGE
    for i in range(1, len(values)):
        hours = (times_ms[i] - times_ms[i - 1]) / HOUR_MS
        rate = abs(values[i] - values[i - 1]) / hours if hours else 0.0
        # Hardly any comes near a limit: told first, for that is what a season's time goes into.
        found.append(Flag.GOOD if rate < least else _over(rate, limits.suspect, limits.fail))
    return found


def flat_line(
    times_ms: Sequence[int], values: Sequence[float], limits: FlatLine, interval_ms: int
) -> list[Flag]:
    """Test 8: as many readings in a row as fit the limit vary by less than the tolerance.

    A row that a gap of more than one interval interrupts proves nothing.
    """
    found = [Flag.GOOD] * len(values)
    for seconds, flag in ((limits.suspect_s, Flag.SUSPECT), (limits.fail_s, Flag.FAIL)):
        if seconds is None:
            continue
        steps = max(1, int(seconds * 1000 // interval_ms))
        for i in range(steps, len(values)):
            unbroken = times_ms[i] - times_ms[i - steps] <= (steps + 1) * interval_ms
            if unbroken and _is_flat(values, i - steps, i, limits.tolerance):
                found[i] = flag
    return found


def _is_flat(values: Sequence[float], first: int, last: int, tolerance: float) -> bool:
    step = abs(values[last] - values[first])
    if step >= tolerance > 0 or step > tolerance:
        return False  # most are told by their ends
    row = values[first : last + 1]
    width = max(row) - min(row)
    return width < tolerance or width == 0


def gap(
    times_ms: Sequence[int], limits: Gap, interval_ms: int, before_ms: int | None = None
) -> list[Flag]:
    """Test 1: the first reading after too long a silence; ``before_ms`` is the one before all.

    The first reading of a series follows nothing, and no gap.
    """
    found = []
    previous = before_ms
    for time_ms in times_ms:
        silent = 0.0 if previous is None else (time_ms - previous) / interval_ms
        # Here the edge is allowed: a silence of exactly so many intervals is on time.
        if limits.fail is not None and silent > limits.fail:
            found.append(Flag.FAIL)
        else:
            found.append(Flag.SUSPECT if silent > limits.suspect else Flag.GOOD)
        previous = time_ms
    return found


def _over(size: float, suspect: float | None, fail: float | None) -> Flag:
    if fail is not None and size >= fail * _EDGE:
        return Flag.FAIL
    if suspect is not None and size >= suspect * _EDGE:
        return Flag.SUSPECT
    return Flag.GOOD
