"""Where in PostgreSQL a reading lies: in the part of about a month that holds its time.

A part is a native partition, made when the first reading for it comes, or a chunk, which
TimescaleDB makes by itself. Times that no field sensor of ours can mean have none: clocks
that have lost their date claim any, and each of these would get a part of its own. Their
readings lie in one table beside, and every question looks there too.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import psycopg

from store.retention import PART_MS

FIRST_MS, END_MS = 547 * PART_MS, 1_157 * PART_MS
"""From 2014-12-06 to 2065-01-12; ``migrations/0006_partitions.sql`` has the same bounds."""


class Layout(Enum):
    """What the readings lie in, and whether their old parts are compressed."""

    NATIVE = "native partitions"
    CHUNKS = "chunks"
    COMPRESSED = "chunks, compressed"


_COST = "readings are never compressed, and the store takes three and a half times the disk"
LACKS: dict[Layout, tuple[str, ...]] = {
    Layout.NATIVE: (f"no TimescaleDB: {_COST}",),
    Layout.CHUNKS: (f"only TimescaleDB's Apache edition: {_COST}",),
    Layout.COMPRESSED: (),
}
"""What each layout lacks, in sentences, and what that costs (bench/RESULTS.md)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a database offers; ``extension`` is TimescaleDB's version, None without it."""

    layout: Layout
    extension: str | None


def look(connection: psycopg.Connection) -> Found:
    """Return how a database's readings are laid out."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
    extension = row.fetchone()
    if extension is None:
        return Found(Layout.NATIVE, None)
    found = connection.execute(
        """SELECT compression_enabled FROM timescaledb_information.hypertables
           WHERE hypertable_schema = 'series' AND hypertable_name = 'reading'"""
    ).fetchone()
    if found is None:
        return Found(Layout.NATIVE, str(extension[0]))
    return Found(Layout.COMPRESSED if found[0] else Layout.CHUNKS, str(extension[0]))


LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('series.make_partition', 0))"
"""Taken by whoever makes or drops parts, before any lock on the tables."""


def has_part(time_ms: int) -> bool:
    """Whether readings of that time lie in a part, and not beside."""
    return FIRST_MS <= time_ms < END_MS


class Partitions:
    """The native partitions that this process has seen or made."""

    def __init__(self) -> None:
        # Replaced and never changed: other threads may be looking.
        self._known: frozenset[int] = frozenset()
        self._forgotten = 0
        self._lock = threading.Lock()

    def wanted(self, times: Sequence[int]) -> list[int]:
        """Return an instant of each part that may have to be made, the earliest first."""
        if not times:
            return []
        # Nearly always all of a batch lies in one part that is known.
        lowest, highest = min(times) // PART_MS, max(times) // PART_MS
        parts: Iterable[int] = (lowest,) if lowest == highest else {t // PART_MS for t in times}
        wanted = (p for p in parts if p not in self._known and has_part(p * PART_MS))
        return sorted(part * PART_MS for part in wanted)

    def age(self) -> int:
        """Return how often all was forgotten; to be told to `note`."""
        return self._forgotten

    def note(self, made: Sequence[int], age: int) -> None:
        """Remember that the parts of these instants are there, if nothing was forgotten since."""
        with self._lock:
            if age == self._forgotten:
                self._known |= {instant // PART_MS for instant in made}

    def forget(self) -> None:
        """Forget all of them: some may have been dropped."""
        with self._lock:
            self._known, self._forgotten = frozenset(), self._forgotten + 1


def make(connection: psycopg.Connection, wanted: Sequence[int]) -> None:
    """Make partitions; in a transaction before the batch's, which would hold up others."""
    for instant in wanted:
        connection.execute("SELECT series.make_partition(%s::bigint)", (instant,))
