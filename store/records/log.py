"""The log's entries in their order, and the checkpoints that were signed over them.

The order is the truth, kept in the transaction of whatever is claimed: a passport and its
entry are there together or not at all. The tiles that outsiders read are made from it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.records import tables as t

_LOCK = 5_144_584


class LogEntry(NamedTuple):
    """An entry under its number: what kind, about what, when it was logged, its bytes."""

    number: int
    kind: str
    subject: str
    at_ms: int
    entry: bytes


class SignedHead(NamedTuple):
    """A checkpoint that was signed: the size, the root (32 bytes), the note."""

    size: int
    root: bytes
    note: str


class Log:
    """Questions and statements about the log; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def next_place(self) -> tuple[int, int]:
        """Take the log until the transaction ends; return the next number and the newest time.

        Others who log wait: numbers have no holes and follow the order of commitment. To be
        called last in a transaction, so that nobody waits long.
        """
        self.lock()
        c = t.log_entry.c
        query = sa.select(c.number, c.at_ms).order_by(c.number.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return (0, 0) if row is None else (row.number + 1, row.at_ms)

    def lock(self) -> None:
        """Let others who log wait until the transaction ends; SQLite has one writer anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

    def add(self, entry: LogEntry) -> None:
        """Keep an entry under the number that `next_place` gave."""
        self._connection.execute(t.log_entry.insert().values(entry._asdict()))

    def size(self) -> int:
        """Return how many entries there are."""
        query = sa.select(sa.func.coalesce(sa.func.max(t.log_entry.c.number) + 1, 0))
        return int(self._connection.execute(query).scalar_one())

    def entries(self, first: int, end: int) -> list[LogEntry]:
        """Return the entries from number ``first`` (in) to ``end`` (out)."""
        c = t.log_entry.c
        query = sa.select(t.log_entry).where(c.number >= first, c.number < end).order_by(c.number)
        return [_entry(row) for row in self._connection.execute(query)]

    def about(self, kind: str, subject: str) -> list[LogEntry]:
        """Return the entries of a kind about a subject, oldest first."""
        c = t.log_entry.c
        query = sa.select(t.log_entry).where(c.kind == kind, c.subject == subject)
        return [_entry(row) for row in self._connection.execute(query.order_by(c.number))]

    def between(self, kind: str, subject: str, first: int, last: int) -> list[LogEntry]:
        """Return the entries of a kind about a subject numbered ``first`` to ``last``, both in."""
        c = t.log_entry.c
        query = sa.select(t.log_entry).where(
            c.kind == kind, c.subject == subject, c.number >= first, c.number <= last
        )
        return [_entry(row) for row in self._connection.execute(query.order_by(c.number))]

    def newest(self, kind: str, subject: str) -> LogEntry | None:
        """Return the newest entry of a kind about a subject, None when there is none."""
        c = t.log_entry.c
        query = sa.select(t.log_entry).where(c.kind == kind, c.subject == subject)
        row = self._connection.execute(query.order_by(c.number.desc()).limit(1)).one_or_none()
        return None if row is None else _entry(row)

    def of_kind(self, kind: str) -> Iterator[LogEntry]:
        """Yield every entry of a kind, oldest first."""
        c = t.log_entry.c
        for row in self._connection.execute(
            sa.select(t.log_entry).where(c.kind == kind).order_by(c.number)
        ):
            yield _entry(row)

    def add_head(self, head: SignedHead) -> None:
        """Keep a signed checkpoint; one of that size takes its place: it has more signatures."""
        c = t.log_checkpoint.c
        self._connection.execute(t.log_checkpoint.delete().where(c.size == head.size))
        self._connection.execute(t.log_checkpoint.insert().values(head._asdict()))

    def head(self) -> SignedHead | None:
        """Return the newest signed checkpoint, None when nothing was signed yet."""
        c = t.log_checkpoint.c
        row = self._connection.execute(
            sa.select(t.log_checkpoint).order_by(c.size.desc()).limit(1)
        ).one_or_none()
        return None if row is None else _head(row)

    def first_head_over(self, number: int) -> SignedHead | None:
        """Return the first signed checkpoint over an entry, None while there is none."""
        c = t.log_checkpoint.c
        query = sa.select(t.log_checkpoint).where(c.size > number).order_by(c.size).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _head(row)

    def head_of(self, size: int) -> SignedHead | None:
        """Return the signed checkpoint of a size, None when none was signed."""
        c = t.log_checkpoint.c
        row = self._connection.execute(
            sa.select(t.log_checkpoint).where(c.size == size)
        ).one_or_none()
        return None if row is None else _head(row)

    def heads_over(self, number: int, limit: int) -> list[SignedHead]:
        """Return up to ``limit`` checkpoints over an entry, newest first."""
        c = t.log_checkpoint.c
        query = sa.select(t.log_checkpoint).where(c.size > number).order_by(c.size.desc())
        return [_head(row) for row in self._connection.execute(query.limit(limit))]

    def heads(self) -> list[SignedHead]:
        """Return every signed checkpoint, smallest first."""
        query = sa.select(t.log_checkpoint).order_by(t.log_checkpoint.c.size)
        return [_head(row) for row in self._connection.execute(query)]


def _entry(r: "sa.Row[Any]") -> LogEntry:
    return LogEntry(r.number, r.kind, r.subject, r.at_ms, bytes(r.entry))


def _head(r: "sa.Row[Any]") -> SignedHead:
    return SignedHead(r.size, bytes(r.root), r.note)
