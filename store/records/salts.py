"""Salts of digests that stand in the log for what must not stand there itself."""

import sqlalchemy as sa

from store.records import tables as t


class Salts:
    """One salt a thing said; without it nobody can try out what a digest was made of."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, kind: str, subject: str) -> bytes | None:
        """Return a salt, None when there is none or it was erased."""
        c = t.salt.c
        query = sa.select(c.salt).where(c.kind == kind, c.subject == subject)
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else bytes(found)

    def add(self, kind: str, subject: str, salt: bytes) -> None:
        """Keep a salt."""
        row = dict(kind=kind, subject=subject, salt=salt)
        self._connection.execute(t.salt.insert().values(row))

    def erase(self, kind: str, subject: str) -> None:
        """Forget a salt: what its digests stand for can then be neither shown nor guessed."""
        c = t.salt.c
        self._connection.execute(t.salt.delete().where(c.kind == kind, c.subject == subject))
