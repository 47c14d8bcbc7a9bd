"""Taking names out of the records; within one transaction.

Every column that somebody's name or login stands in is named here, and nowhere else: a new one
that is left out would keep a name that was said to be erased.
"""

import sqlalchemy as sa

from domain.erased import ERASED
from domain.ids import EntryId, ProducerId, StepId
from store.records import decision_tables, event_tables, label_tables, lineage_tables, paper_tables
from store.records import tables as t

# Where a login says who did it. Diary entries are apart: their digest is made over it.
AUTHORS = (
    lineage_tables.step.c.author, t.recall.c.author, t.finding.c.author,
    decision_tables.proposal.c.author, decision_tables.proposal.c.ended_by,
    decision_tables.denial.c.author, event_tables.capture_job.c.author,
    event_tables.named_query.c.author, paper_tables.certificate.c.author,
    paper_tables.certificate_withdrawal.c.author, paper_tables.picture.c.author,
    label_tables.voided.c.author,
)  # fmt: skip
TABLES = tuple(
    table.name
    for table in (
        t.producer, t.account, t.session, t.entry, t.salt, lineage_tables.step, t.recall,
        t.finding, decision_tables.proposal, decision_tables.denial, event_tables.capture_job,
        event_tables.named_query, paper_tables.certificate, paper_tables.certificate_withdrawal,
        paper_tables.picture, paper_tables.kept_file, label_tables.voided,
    )
)  # fmt: skip
"""The tables that anything is erased from."""


class Erasing:
    """Statements that leave a neutral word, or nothing, where a name was."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def producer(self, producer: ProducerId) -> None:
        """Take a producer's name and phone out, and the scans of certificates of theirs alone."""
        mine = t.producer.update().where(t.producer.c.id == producer)
        self._connection.execute(mine.values(public_name=ERASED, phone=None))
        c = paper_tables.certificate.c
        theirs = sa.select(c.paper).where(c.producer == producer, c.paper.is_not(None))
        others = sa.select(c.paper).where(c.producer != producer, c.paper.is_not(None))
        digest = paper_tables.kept_file.c.digest
        scans = paper_tables.kept_file.update().where(digest.in_(theirs), digest.not_in(others))
        self._connection.execute(scans.values(content=b""))

    def logins(self, producer: ProducerId) -> list[str]:
        """Return the logins of a producer."""
        query = sa.select(t.account.c.login).where(t.account.c.producer == producer)
        return [row.login for row in self._connection.execute(query.order_by(t.account.c.login))]

    def login(self, login: str) -> None:
        """Remove an account with its sessions, and its login wherever it says who did it."""
        self._connection.execute(t.session.delete().where(t.session.c.login == login))
        self._connection.execute(t.account.delete().where(t.account.c.login == login))
        for column in AUTHORS:
            theirs = column.table.update().where(column == login)
            self._connection.execute(theirs.values({column: ERASED}))

    def entries_by(self, login: str) -> list[EntryId]:
        """Return the diary entries that a login has written."""
        query = sa.select(t.entry.c.id).where(t.entry.c.author == login).order_by(t.entry.c.id)
        return [EntryId(row.id) for row in self._connection.execute(query)]

    def entry(self, entry: EntryId, *, text: bool) -> None:
        """Take the author out of a diary entry, with ``text`` its note too."""
        values = {"author": ERASED} | ({"note": ""} if text else {})
        self._connection.execute(t.entry.update().where(t.entry.c.id == entry).values(values))

    def party(self, step: StepId) -> None:
        """Take out who took a shipment."""
        c = lineage_tables.step.c
        this = lineage_tables.step.update().where(c.id == step)
        self._connection.execute(this.values(party_name=None))

    def shipped_to(self, name: str) -> list[StepId]:
        """Return the shipments to somebody of a name."""
        c = lineage_tables.step.c
        query = sa.select(c.id).where(c.party_name == name).order_by(c.id)
        return [StepId(row.id) for row in self._connection.execute(query)]
