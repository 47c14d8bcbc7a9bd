"""Which series go together: the shapes of cells, learnt as they come.

A device sends the same channels in every cycle, so a cell names its series by one number.
Two shapes that share a series may hold the same reading twice; where a shape shares none and
has no parts, its own key tells whether a cell is new.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw

from store.sqlite.cells import pack_series, series_of


@dataclass(frozen=True, slots=True)
class Shape:
    """The series of a cell, ascending."""

    id: int
    series: tuple[int, ...]


class Shapes:
    """The shapes of one file, as this process knows them.

    Used inside writing transactions only, so by one thread at a time. After one that is
    rolled back, `forget`: what it made is gone.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing, or nothing any more."""
        self._by_series: dict[tuple[int, ...], Shape] = {}
        self._of: defaultdict[int, list[Shape]] = defaultdict(list)
        self._parted: set[int] = set()
        self._crowded: set[int] = set()
        self._newest = 0

    def catch_up(self, connection: apsw.Connection) -> None:
        """Learn what others have added."""
        rows = connection.execute("SELECT id, series FROM shape WHERE id > ?", (self._newest,))
        for number, packed in list(rows):
            self._learn(Shape(number, series_of(packed)))
        self._parted = {row[0] for row in connection.execute("SELECT id FROM shape WHERE parted")}

    def find(self, series: tuple[int, ...]) -> Shape | None:
        """Return the shape of these series, ascending, None when there is none yet."""
        return self._by_series.get(series)

    def alone(self, shape: Shape) -> bool:
        """Whether a cell of this shape can only be equal to, or contradict, one of its own."""
        return shape.id not in self._crowded and shape.id not in self._parted

    def make(self, connection: apsw.Connection, series: tuple[int, ...]) -> Shape:
        """Return the shape of these series, ascending, made if it is not there."""
        known = self._by_series.get(series)
        if known is not None:
            return known
        row = connection.execute(
            "INSERT INTO shape (series) VALUES (?) RETURNING id", (pack_series(series),)
        ).fetchone()
        shape = Shape(int(row[0]) if row is not None else 0, series)
        connection.executemany(
            "INSERT INTO origin VALUES (?, ?, ?)",
            [(one, shape.id, place) for place, one in enumerate(series)],
        )
        self._learn(shape)
        return shape

    def part(self, connection: apsw.Connection, shape: Shape) -> None:
        """Note that a part has this shape."""
        if shape.id not in self._parted:
            connection.execute("UPDATE shape SET parted = 1 WHERE id = ?", (shape.id,))
            self._parted.add(shape.id)

    def sharing(self, series: Iterable[int]) -> Sequence[tuple[Shape, bool]]:
        """Return the shapes that hold any of these series, and whether each has parts."""
        found = {shape.id: shape for one in series for shape in self._of.get(one, ())}
        return [(shape, shape.id in self._parted) for shape in found.values()]

    def _learn(self, shape: Shape) -> None:
        self._by_series[shape.series] = shape
        self._newest = max(self._newest, shape.id)
        for one in shape.series:
            self._of[one].append(shape)
            if len(self._of[one]) > 1:
                self._crowded |= {sharing.id for sharing in self._of[one]}
