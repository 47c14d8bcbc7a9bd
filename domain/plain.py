"""The short way through an ordinary pack: numbers and names, nothing else.

Nearly every message is one, and :mod:`domain.senml` costs four times as much for it.
Nothing is ever refused here: whatever is unusual, or wrong, is left to the long way,
which alone decides. A property test holds the two equal.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from domain.reading import Cycle, Observation
from domain.senml import is_name
from domain.window import LAST_MS

_TEXTS = frozenset(("bn", "n", "u"))
_NUMBERS = frozenset(("bt", "t", "v"))
_COUNTS = frozenset(("boot", "seq"))
_CARRIED = frozenset(("bn", "bt", "boot", "seq"))
_EXACT = 2**53
_LONGEST = 100  # what is longer is not remembered in `_channel`, which a device could fill
_LAST_S = LAST_MS / 1000


def plain_cycles(device: str, records: Sequence[Mapping[str, object]]) -> tuple[Cycle, ...] | None:
    """Return the cycles of an ordinary pack, None when the long way has to look at it."""
    prefix = f"{device}:"
    base: dict[str, object] = {"bn": "", "bt": 0, "boot": None, "seq": None}
    cycles: list[Cycle] = []
    gathered: list[Observation] = []
    open_for: tuple[object, object] = (None, None)
    for record in records:
        if not _is_plain(record):
            return None
        for key in record.keys() & _CARRIED:
            base[key] = record[key]
        observation = _observation(prefix, record, base)
        boot, seq = base["boot"], base["seq"]
        if observation is None or (boot is None) != (seq is None):
            return None
        if gathered and (boot, seq) != open_for:
            cycles.append(Cycle(*open_for, tuple(gathered)))  # type: ignore[arg-type] # checked
            gathered = []
        open_for = (boot, seq)
        gathered.append(observation)
    if gathered:
        cycles.append(Cycle(*open_for, tuple(gathered)))  # type: ignore[arg-type] # checked
    return tuple(cycles)


def _is_plain(record: Mapping[str, object]) -> bool:
    """Whether a record has one number as its value and no field out of the ordinary."""
    if "v" not in record:
        return False
    for key, content in record.items():
        kind = type(content)
        if key in _NUMBERS:
            if kind is not float and (kind is not int or not -_EXACT < content < _EXACT):  # type: ignore[operator]
                return False
        elif key in _TEXTS:
            if kind is not str or len(content) > _LONGEST:  # type: ignore[arg-type]
                return False
        elif key not in _COUNTS or kind is not int or not 0 <= content < _EXACT:  # type: ignore[operator]
            return False
    return True


def _observation(
    prefix: str, record: Mapping[str, object], base: Mapping[str, object]
) -> Observation | None:
    channel = _channel(prefix, base["bn"], record.get("n", ""))
    time_s = float(base["bt"]) + float(record.get("t", 0))  # type: ignore[arg-type]
    value = float(record["v"]) + 0.0  # type: ignore[arg-type]
    if channel is None or not math.isfinite(value) or not 0 < time_s <= _LAST_S:
        return None
    return Observation(channel, round(time_s * 1000), value, record.get("u"))  # type: ignore[arg-type]


@lru_cache(maxsize=100_000)
def _channel(prefix: str, base: str, own: str) -> str | None:
    """Return the channel that two halves of a name mean; a device says the same ones for ever."""
    name = base + own
    return name[len(prefix) :] if name.startswith(prefix) and is_name(name) else None
