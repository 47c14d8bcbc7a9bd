"""A cycle and its cells as rows: one cell in the cycle's row if there is room, others as parts."""

from collections.abc import Iterable
from typing import TypeAlias

import apsw

from store.sqlite.cells import pack_qualities, pack_values
from store.sqlite.compare import Cell
from store.sqlite.shapes import Shapes

Head: TypeAlias = tuple[object, ...]
"""What a cycle's row says before its readings: the first ten columns of ``frame``."""

FRAME = """INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (shape, time) WHERE shape IS NOT NULL DO NOTHING"""
_PART = "INSERT INTO part VALUES (?, ?, ?, ?, ?)"
_NUMBER, _TIME = 0, 5


def keep_cells(
    connection: apsw.Connection, shapes: Shapes, head: Head, cells: Iterable[Cell]
) -> None:
    """Write a cycle and its cells; its row has no room where its shape and time are taken."""
    own, parts = False, []
    for cell in cells:
        series, _, values, qualities = zip(*cell.readings, strict=True)
        shape = shapes.make(connection, series)
        packed = pack_values(values), pack_qualities(qualities)
        if not own and cell.time_ms == head[_TIME]:
            connection.execute(FRAME, (*head, shape.id, *packed))
            own = bool(connection.changes())
            if own:
                continue
        shapes.part(connection, shape)
        parts.append((head[_NUMBER], shape.id, cell.time_ms, *packed))
    if not own:
        connection.execute(FRAME, (*head, None, None, None))
    connection.executemany(_PART, parts)
