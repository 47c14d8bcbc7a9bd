"""Capture jobs and named queries of EPCIS in the records store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.errors import Clash, NotFound
from store.records import event_tables as t


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """What became of one capture; ``faults`` is a JSON list, empty when all went well."""

    id: str
    author: str
    behaviour: str
    created_ms: int
    finished_ms: int
    faults: str


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A question under a name; ``query`` is a JSON object."""

    name: str
    query: str
    author: str
    made_ms: int


class Captures:
    """Questions and statements about jobs and named queries; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_job(self, job: CaptureJob) -> None:
        """Keep a job."""
        row = dict(id=job.id, author=job.author, behaviour=job.behaviour,
                   created_ms=job.created_ms, finished_ms=job.finished_ms,
                   faults=job.faults)  # fmt: skip
        self._connection.execute(t.capture_job.insert().values(row))

    def job(self, id_: str) -> CaptureJob:
        """Return a job; raises `NotFound`."""
        query = sa.select(t.capture_job).where(t.capture_job.c.id == id_)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no capture job {id_[:60]}"
            raise NotFound(message)
        return _job(row)

    def jobs(self, after: str, limit: int) -> list[CaptureJob]:
        """Return jobs newest first: those behind the job ``after``, or from the newest on."""
        c = t.capture_job.c
        query = sa.select(t.capture_job).order_by(c.created_ms.desc(), c.id.desc()).limit(limit)
        if after:
            last = self.job(after)
            same = sa.and_(c.created_ms == last.created_ms, c.id < last.id)
            query = query.where(sa.or_(c.created_ms < last.created_ms, same))
        return [_job(row) for row in self._connection.execute(query)]

    def add_query(self, query: NamedQuery) -> None:
        """Keep a named query; raises `Clash` when the name is taken."""
        if self._query(query.name) is not None:
            message = f"there is a query {query.name} already"
            raise Clash(message)
        row = dict(name=query.name, query=query.query, author=query.author, made_ms=query.made_ms)
        self._connection.execute(t.named_query.insert().values(row))

    def query(self, name: str) -> NamedQuery:
        """Return a named query; raises `NotFound`."""
        found = self._query(name)
        if found is None:
            message = f"no query {name[:60]}"
            raise NotFound(message)
        return found

    def queries(self, after: str, limit: int) -> Sequence[NamedQuery]:
        """Return named queries by name, those behind ``after``."""
        c = t.named_query.c
        query = sa.select(t.named_query).where(c.name > after).order_by(c.name).limit(limit)
        return [_query(row) for row in self._connection.execute(query)]

    def remove_query(self, name: str) -> None:
        """Forget a named query; raises `NotFound`."""
        self.query(name)
        self._connection.execute(t.named_query.delete().where(t.named_query.c.name == name))

    def _query(self, name: str) -> NamedQuery | None:
        query = sa.select(t.named_query).where(t.named_query.c.name == name)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _query(row)


def _job(r: "sa.Row[Any]") -> CaptureJob:
    return CaptureJob(r.id, r.author, r.behaviour, r.created_ms, r.finished_ms, r.faults)


def _query(r: "sa.Row[Any]") -> NamedQuery:
    return NamedQuery(r.name, r.query, r.author, r.made_ms)
