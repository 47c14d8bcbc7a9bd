"""What people say against a lot before it is decided: proposals to recall, denials."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from domain.gs1 import Gtin, LotNumber
from domain.lot import Denial, Lot, Proposal
from store.records import decision_tables as t


@dataclass(frozen=True, slots=True)
class End:
    """How a proposal ended, when, and by whom."""

    outcome: Literal["confirmed", "withdrawn"]
    ended_ms: int
    ended_by: str


class Decisions:
    """Questions and statements about what is not decided yet; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def propose(self, proposal: Proposal) -> None:
        """Keep a proposal to recall a lot."""
        row = dict(gtin=proposal.gtin, number=proposal.number, since_ms=proposal.since_ms,
                   reason=proposal.reason, author=proposal.author)  # fmt: skip
        self._connection.execute(t.proposal.insert().values(row))

    def proposed(self, lot: Lot) -> Proposal | None:
        """Return the proposal that waits for a second officer, None when there is none."""
        c = t.proposal.c
        query = sa.select(t.proposal).where(
            c.gtin == lot.gtin, c.number == lot.number, c.outcome.is_(None)
        )
        row = self._connection.execute(query.order_by(c.since_ms).limit(1)).one_or_none()
        return None if row is None else _proposal(row)

    def waiting(self) -> list[Proposal]:
        """Return every proposal that waits for a second officer, oldest first."""
        c = t.proposal.c
        query = sa.select(t.proposal).where(c.outcome.is_(None)).order_by(c.since_ms)
        return [_proposal(row) for row in self._connection.execute(query)]

    def end(self, proposal: Proposal, end: End) -> None:
        """Keep how a proposal ended."""
        c = t.proposal.c
        here = sa.and_(
            c.gtin == proposal.gtin, c.number == proposal.number, c.since_ms == proposal.since_ms
        )
        row = dict(outcome=end.outcome, ended_ms=end.ended_ms, ended_by=end.ended_by)
        self._connection.execute(t.proposal.update().where(here).values(row))

    def deny(self, denial: Denial) -> None:
        """Keep a grower's word that a lot is not theirs."""
        row = dict(gtin=denial.gtin, number=denial.number, since_ms=denial.since_ms,
                   reason=denial.reason, author=denial.author)  # fmt: skip
        self._connection.execute(t.denial.insert().values(row))

    def denied(self, lot: Lot) -> Denial | None:
        """Return the newest denial of a lot, None when nobody has denied it."""
        c = t.denial.c
        query = sa.select(t.denial).where(c.gtin == lot.gtin, c.number == lot.number)
        row = self._connection.execute(query.order_by(c.since_ms.desc()).limit(1)).one_or_none()
        return None if row is None else _denial(row)

    def denials(self) -> list[Denial]:
        """Return every denial, oldest first."""
        rows = self._connection.execute(sa.select(t.denial).order_by(t.denial.c.since_ms))
        return [_denial(row) for row in rows]


def _proposal(r: "sa.Row[Any]") -> Proposal:
    return Proposal(Gtin(r.gtin), LotNumber(r.number), r.reason, r.author, r.since_ms)


def _denial(r: "sa.Row[Any]") -> Denial:
    return Denial(Gtin(r.gtin), LotNumber(r.number), r.reason, r.author, r.since_ms)
