"""A store as a whole, so that it can move to another backend: everything, in a fixed order.

Cycles come in the order of their numbers, each with its readings, and keep their numbers;
so a copy that was cut short goes on after the last one that is there. What is small beside
them (ledger, roll-ups, quarantine, …) is replaced table by table, each in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeAlias

from domain.errors import Clash
from domain.ids import DeviceId
from domain.reading import Reading

AT_ONCE = 1_000
TABLES: dict[str, tuple[str, ...]] = {
    "conflict": ("series", "time", "noticed"),
    "ledger": ("device", "boot", "first", "last"),
    "clock": ("device", "boot", "skew", "messages", "spread", "decided", "ended"),
    "moved": ("series", "least", "most"),
    "touched": ("series", "hour", "mark"),
    "rollup": (
        "series", "size", "start", "n", "expected", "minimum", "maximum", "total", "last",
        "flagged", "conflicts", "late",
    ),
    "quarantine": (
        "id", "digest", "topic", "payload", "reason", "detail", "part", "first", "last", "seen",
        "mended",
    ),
    "dropped": ("until", "readings"),
    "fence": ("moment",),
}  # fmt: skip
"""The tables beside cycles and readings, with their columns; alike on SQLite and PostgreSQL."""

Row: TypeAlias = tuple[object, ...]


class Kept(NamedTuple):
    """A cycle as it is stored, under its number; its readings by (time, series, value)."""

    number: int
    device: DeviceId | None
    boot: int | None
    seq: int | None
    time_ms: int
    received_ms: int
    committed_ms: int
    skew_ms: int
    clock: int
    readings: tuple[Reading, ...]


class Archive(Protocol):
    """A store, taken apart and put together again. Nobody else should write meanwhile."""

    def count(self, after: int) -> int:
        """Return how many cycles there are above a number."""

    def last(self) -> int:
        """Return the greatest number of a cycle, 0 when there is none."""

    def cycles(self, after: int, until: int | None = None) -> Iterator[Kept]:
        """Yield the cycles above a number, up to another one, in their order."""

    def add(self, cycles: Sequence[Kept]) -> None:
        """Keep cycles above all that are there, in one transaction, under their numbers."""

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of one of `TABLES`, in no particular order."""

    def replace(self, table: str, rows: Iterable[Row]) -> None:
        """Put rows in the place of those that are there, in one transaction."""


Say: TypeAlias = Callable[[str], None]


def copy(source: Archive, target: Archive, say: Say) -> int:
    """Bring a target to what a source holds; return how many cycles that took.

    Raises `Clash` where the target holds something else already.
    """
    begun = target.last()
    require_beginning(source, target, begun)
    left, done = source.count(begun), 0
    for some in batches(source.cycles(begun)):
        target.add(some)
        done += len(some)
        say(f"cycles: {done:,} of {left:,} ({100 * done // max(1, left)} %)")
    for table in TABLES:
        say(f"table {table}")
        target.replace(table, source.rows(table))
    return done


def require_beginning(source: Archive, target: Archive, last: int) -> None:
    """Raise `Clash` unless what a target holds is the beginning of the source, or nothing."""
    if not last:
        if any(True for table in TABLES for _ in target.rows(table)):
            message = "the target holds something that is no copy of the source; take an empty one"
            raise Clash(message)
        return
    ours, theirs = (list(one.cycles(last - 1, last)) for one in (source, target))
    if ours != theirs:
        message = f"cycle {last} of the target is not the source's; take an empty target"
        raise Clash(message)


def batches(cycles: Iterable[Kept]) -> Iterator[list[Kept]]:
    """Yield cycles some at a time."""
    rest = iter(cycles)
    while some := list(islice(rest, AT_ONCE)):
        yield some
