"""What of a cycle's readings is new, where some of it may be there already."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import apsw

from domain.reading import Reading
from store.sqlite.cells import values_of
from store.sqlite.shapes import Shapes

_CELLS = "SELECT readings, skew FROM frame WHERE shape = ? AND time = ?"
_PARTS = """SELECT p.readings, f.skew FROM part p JOIN frame f ON f.id = p.frame
    WHERE p.shape = ? AND p.time = ?"""


class Cell(NamedTuple):
    """Readings of one time, one of a series, by series."""

    time_ms: int
    readings: tuple[Reading, ...]


class Compared(NamedTuple):
    """The new readings, in cells, and those of them that say another value than what is there.

    ``moves`` are those of the cycles with which they are in dispute.
    """

    fresh: tuple[Cell, ...]
    disputed: tuple[Reading, ...]
    moves: frozenset[int]


def compare(connection: apsw.Connection, shapes: Shapes, readings: Sequence[Reading]) -> Compared:
    """Return what of a cycle is new. Readings it says twice count once."""
    by_time: defaultdict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_time[reading.time_ms].append(reading)
    fresh: list[Cell] = []
    disputed: list[Reading] = []
    moves: set[int] = set()
    for time_ms, some in by_time.items():
        there, moved = _values(connection, shapes, time_ms, {r.series for r in some})
        moves |= moved
        cells: list[dict[int, Reading]] = []
        for reading in some:
            held = there[reading.series]
            if reading.value in held:
                continue
            if held:
                disputed.append(reading)
            held.add(reading.value)
            _put(cells, reading)
        fresh += _sorted(time_ms, cells)
    return Compared(tuple(fresh), tuple(disputed), frozenset(moves))


def cells_of(readings: Sequence[Reading]) -> Iterator[Cell]:
    """Yield readings that are all to be kept as cells, by time."""
    by_time: defaultdict[int, list[dict[int, Reading]]] = defaultdict(list)
    for reading in readings:
        _put(by_time[reading.time_ms], reading)
    for time_ms, cells in by_time.items():
        yield from _sorted(time_ms, cells)


def _sorted(time_ms: int, cells: Sequence[Mapping[int, Reading]]) -> Iterator[Cell]:
    for cell in cells:
        yield Cell(time_ms, tuple(cell[one] for one in sorted(cell)))


def _put(cells: list[dict[int, Reading]], reading: Reading) -> None:
    """Put a reading into the first cell that has none of its series."""
    for cell in cells:
        if reading.series not in cell:
            cell[reading.series] = reading
            return
    cells.append({reading.series: reading})


def _values(
    connection: apsw.Connection, shapes: Shapes, time_ms: int, series: set[int]
) -> tuple[defaultdict[int, set[float]], set[int]]:
    """Return the values that are there for these series at a time, and how far they are moved."""
    found: defaultdict[int, set[float]] = defaultdict(set)
    moves: set[int] = set()
    for shape, parted in shapes.sharing(series):
        for statement in (_CELLS, _PARTS) if parted else (_CELLS,):
            for readings, skew in connection.execute(statement, (shape.id, time_ms)):
                moves.add(skew)
                for one, value in zip(shape.series, values_of(readings), strict=True):
                    found[one].add(value)
    return found, moves
