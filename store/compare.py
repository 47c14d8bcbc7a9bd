"""Whether two stores hold the same: counts and hashes by series and day, table by table.

Both are read side by side in the order of their cycles, and what has cancelled out is let go
of, so that comparing takes little memory however much there is.
"""

import struct
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import zip_longest
from typing import TypeAlias

from domain.window import DAY_MS, from_ms
from store.archive import AT_ONCE, TABLES, Archive, Kept, Row, Say, batches

_HEAD = struct.Struct("<qqqqqqqq")
_READING = struct.Struct("<qqdq")
_MODULUS = 1 << 64
_CYCLES = 0  # no series has this number
_Sums: TypeAlias = dict[tuple[int, int], tuple[int, int, int]]


def differences(source: Archive, target: Archive, say: Say) -> Iterator[str]:
    """Yield a line for every series and day, and every table, in which two stores differ."""
    sums: _Sums = {}
    done, whole = 0, source.count(0)
    for ours, theirs in zip_longest(batches(source.cycles(0)), batches(target.cycles(0))):
        _add(sums, ours or (), 1)
        _add(sums, theirs or (), -1)
        for key in [key for key, (here, there, rest) in sums.items() if here == there and not rest]:
            del sums[key]
        done += AT_ONCE
        say(f"comparing cycles: {min(done, whole):,} of {whole:,}")
    for (series, day), (here, there, _) in sorted(sums.items()):
        what = f"series {series}" if series else "cycles"
        said = f"{here} against {there}" if here != there else f"{here}, but not the same"
        yield f"{what} on {from_ms(day * DAY_MS).date()}: {said}"
    for table in TABLES:
        say(f"comparing table {table}")
        ours_there, theirs_there = _digest(source.rows(table)), _digest(target.rows(table))
        if ours_there != theirs_there:
            yield f"table {table}: {ours_there[0]} rows against {theirs_there[0]}, not the same"


def _add(sums: _Sums, cycles: Iterable[Kept], sign: int) -> None:
    """Add cycles and their readings to the sums, or take them away from the hashes."""
    for cycle in cycles:
        head = _head(cycle)
        _count(sums, (_CYCLES, cycle.time_ms // DAY_MS), head, sign)
        for r in cycle.readings:
            raw = head + _READING.pack(r.series, r.time_ms, r.value, r.quality)
            _count(sums, (int(r.series), r.time_ms // DAY_MS), raw, sign)


def _count(sums: _Sums, key: tuple[int, int], raw: bytes, sign: int) -> None:
    here, there, rest = sums.get(key, (0, 0, 0))
    rest = (rest + sign * _hash(raw)) % _MODULUS
    sums[key] = (here + 1, there, rest) if sign > 0 else (here, there + 1, rest)


def _head(cycle: Kept) -> bytes:
    numbers = (-1 if n is None else n for n in (cycle.boot, cycle.seq))
    times = cycle.time_ms, cycle.received_ms, cycle.committed_ms, cycle.skew_ms
    return _HEAD.pack(cycle.number, *numbers, *times, cycle.clock) + str(cycle.device).encode()


def _digest(rows: Iterable[Row]) -> tuple[int, int]:
    """Return the number of rows, and a hash that does not depend on their order."""
    count = total = 0
    for row in rows:
        count, total = count + 1, (total + _hash(repr(row).encode())) % _MODULUS
    return count, total


def _hash(raw: bytes) -> int:
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little")
