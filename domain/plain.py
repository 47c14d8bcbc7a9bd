"""The short way through an ordinary pack: numbers and names, nothing else.

Nearly every message is one, and :mod:`domain.senml` costs five times as much for it.
Nothing is ever refused here: whatever is unusual, or wrong, is left to the long way,
which alone decides. A property test holds the two equal.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from domain.reading import Cycle, Observation
from domain.senml import LABELS, is_name
from domain.window import LAST_MS

_KINDS = {
    "bn": (str,), "n": (str,), "u": (str,),
    "bt": (int, float), "t": (int, float), "v": (int, float),
    "boot": (int,), "seq": (int,),
}  # fmt: skip
_CARRIED = frozenset(("bn", "bt", "boot", "seq"))
_EXACT = 2**53
_LONGEST = 100  # what is longer is not remembered in `_channel`, which a device could fill
_SHAPES_KEPT = 1_000
_LAST_S = LAST_MS / 1000
_NOWHERE = -1


class _Shape(NamedTuple):
    """Where in a record its fields stand; ``_NOWHERE`` is behind the last."""

    name: int
    unit: int
    value: int
    time: int
    carried: tuple[tuple[str, int], ...]


_Cycle: TypeAlias = tuple[int | None, int | None]
# The labels of a record and the kinds of what they hold, in order: devices send the same few.
_shapes: dict[tuple[object, ...], _Shape] = {}


def plain_cycles(device: str, records: Sequence[Mapping[Any, Any]]) -> tuple[Cycle, ...] | None:
    """Return the cycles of an ordinary pack, None when the long way has to look at it.

    Labels are those of SenML's JSON or, as numbers, of its CBOR (RFC 8428, table 4).
    """
    prefix = f"{device}:"
    base: dict[str, Any] = {"bn": "", "bt": 0, "boot": None, "seq": None}
    base_name, base_s, base_ms = "", 0, 0
    cycles: list[Cycle] = []
    gathered: list[Observation] = []
    open_for: _Cycle = (None, None)
    for record in records:
        kinds = (*record, *map(type, record.values()))
        shape = _shapes.get(kinds) or _learn(kinds, record)
        if shape is None:
            return None
        at_name, at_unit, at_value, at_time, carried = shape
        contents = (*record.values(), None)
        if carried:
            for label, place in carried:
                base[label] = contents[place]
            base_name, base_s = base["bn"], base["bt"]
            cycle = _cycle(base["boot"], base["seq"])
            if cycle is None or not 0 < base_s <= _LAST_S:
                return None
            base_ms = round(base_s * 1000)
            if gathered and cycle != open_for:
                cycles.append(Cycle(*open_for, tuple(gathered)))
                gathered = []
            open_for = cycle
        channel = _channel(prefix, base_name, contents[at_name] or "")
        value, later_s = contents[at_value], contents[at_time]
        time_ms = _later_ms(base_s, later_s) if later_s else base_ms
        if channel is None or time_ms <= 0 or not -_EXACT < value < _EXACT:
            return None
        # Adding 0.0 turns -0.0 into 0.0: one value must not have two spellings.
        gathered.append(Observation(channel, time_ms, value + 0.0, contents[at_unit]))
    if gathered:
        cycles.append(Cycle(*open_for, tuple(gathered)))
    return tuple(cycles)


def _cycle(boot: int | None, seq: int | None) -> _Cycle | None:
    """Return what numbers a cycle, none of both or both; None where that is out of the ordinary."""
    if boot is None or seq is None:
        return (None, None) if boot is seq else None
    return (boot, seq) if 0 <= boot < _EXACT and 0 <= seq < _EXACT else None


def _later_ms(base_s: float, later_s: float) -> int:
    """Return a time in ms, 0 when it is none that a clock can show."""
    if not -_EXACT < later_s < _EXACT:
        return 0
    time_s = float(base_s) + float(later_s)
    return round(time_s * 1000) if 0 < time_s <= _LAST_S else 0


def _learn(kinds: tuple[object, ...], record: Mapping[Any, Any]) -> _Shape | None:
    """Return the shape of a record that has a number as its value and nothing unusual."""
    names = [LABELS.get(label, label) for label in record]
    if len(set(names)) != len(names) or "v" not in names:
        return None
    if not all(
        type(held) in _KINDS.get(n, ()) for n, held in zip(names, record.values(), strict=True)
    ):
        return None
    places = {name: place for place, name in enumerate(names)}
    carried = tuple((name, places[name]) for name in names if name in _CARRIED)
    n, u, v, t = (places.get(name, _NOWHERE) for name in ("n", "u", "v", "t"))
    if len(_shapes) >= _SHAPES_KEPT:
        _shapes.clear()
    return _shapes.setdefault(kinds, _Shape(n, u, v, t, carried))


def _channel(prefix: str, base: str, own: str) -> str | None:
    if len(base) > _LONGEST or len(own) > _LONGEST:
        return None
    return _known_channel(prefix, base, own)


@lru_cache(maxsize=100_000)
def _known_channel(prefix: str, base: str, own: str) -> str | None:
    """Return the channel that two halves of a name mean; a device says the same ones for ever."""
    name = base + own
    return name[len(prefix) :] if name.startswith(prefix) and is_name(name) else None
