"""Logins and sessions in the records store. Secrets arrive hashed and leave hashed."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.ids import ProducerId
from store.records import tables as t


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in. ``role`` is ``grower`` or ``office``; growers have a producer."""

    login: str
    name: str
    role: str
    producer: ProducerId | None
    secret_hash: str


class Accounts:
    """Questions and statements about logins; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, account: Account) -> None:
        """Keep an account."""
        row = dict(login=account.login, name=account.name, role=account.role,
                   producer=account.producer, secret_hash=account.secret_hash)  # fmt: skip
        self._connection.execute(t.account.insert().values(row))

    def find(self, login: str) -> Account | None:
        """Return an account, None when there is none."""
        query = sa.select(t.account).where(t.account.c.login == login)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _account(row)

    def count(self, role: str) -> int:
        """Return how many accounts have a role."""
        query = sa.select(sa.func.count()).select_from(t.account).where(t.account.c.role == role)
        return int(self._connection.execute(query).scalar_one())

    def open_session(self, digest: str, login: str, expires_ms: int) -> None:
        """Keep a session under the digest of its token."""
        row = dict(digest=digest, login=login, expires_ms=expires_ms)
        self._connection.execute(t.session.insert().values(row))

    def session(self, digest: str, now_ms: int) -> Account | None:
        """Return whose session it is, None when it is unknown or over."""
        query = (
            sa.select(t.account)
            .join(t.session, t.session.c.login == t.account.c.login)
            .where(t.session.c.digest == digest, t.session.c.expires_ms > now_ms)
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _account(row)

    def close_session(self, digest: str) -> None:
        """Forget a session."""
        self._connection.execute(t.session.delete().where(t.session.c.digest == digest))

    def sweep_sessions(self, now_ms: int) -> None:
        """Forget the sessions that are over."""
        self._connection.execute(t.session.delete().where(t.session.c.expires_ms <= now_ms))


def _account(r: "sa.Row[Any]") -> Account:
    producer = None if r.producer is None else ProducerId(r.producer)
    return Account(r.login, r.name, r.role, producer, r.secret_hash)
