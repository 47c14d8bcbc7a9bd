"""The public keys that passports were ever signed with, and when each was valid."""

from typing import NamedTuple

import sqlalchemy as sa

from store.records import tables as t


class KeyRow(NamedTuple):
    """A public key (32 bytes) under its id; ``until_ms`` None: still valid."""

    id: str
    public: bytes
    from_ms: int
    until_ms: int | None
    revoked: bool


class Keys:
    """Questions and statements about keys; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def every(self) -> list[KeyRow]:
        """Return all keys, the oldest first."""
        c = t.signing_key.c
        rows = self._connection.execute(sa.select(t.signing_key).order_by(c.from_ms, c.id))
        return [KeyRow(r.id, bytes(r.public), r.from_ms, r.until_ms, r.revoked) for r in rows]

    def add(self, key: KeyRow) -> None:
        """Keep a key."""
        self._connection.execute(t.signing_key.insert().values(key._asdict()))

    def end(self, key_id: str, until_ms: int, *, revoked: bool) -> None:
        """Say until when a key was valid, and whether others may have had it since."""
        here = t.signing_key.c.id == key_id
        values = dict(until_ms=until_ms, revoked=revoked)
        self._connection.execute(t.signing_key.update().where(here).values(values))
