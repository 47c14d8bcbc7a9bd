"""Tokens of devices in the records store: their digests, never themselves."""

from typing import Any

import sqlalchemy as sa

from domain.errors import NotFound
from domain.ids import DeviceId
from domain.token import Token
from store.records import tables as t


class Tokens:
    """Questions and statements about tokens; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, device: DeviceId, digest: str, made_ms: int) -> Token:
        """Keep the digest of a new token; raises `NotFound` when no such device is registered."""
        known = sa.select(t.device.c.id).where(t.device.c.id == device)
        if self._connection.execute(known).first() is None:
            message = f"no device {device}"
            raise NotFound(message)
        row = dict(device=device, digest=digest, made_ms=made_ms)
        result = self._connection.execute(t.device_token.insert().values(row))
        key = result.inserted_primary_key
        return Token(int(key[0]) if key is not None else 0, device, made_ms, None)

    def device(self, digest: str) -> DeviceId | None:
        """Return whose token has this digest, None when nobody's has or it was revoked."""
        query = sa.select(t.device_token.c.device).where(
            t.device_token.c.digest == digest, t.device_token.c.revoked_ms.is_(None)
        )
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else DeviceId(found)

    def every(self) -> list[Token]:
        """Return all tokens, by number."""
        query = sa.select(t.device_token).order_by(t.device_token.c.number)
        return [_token(row) for row in self._connection.execute(query)]

    def revoke(self, number: int, revoked_ms: int) -> Token:
        """End a token; ended before, it stays so. Raises `NotFound`."""
        query = sa.select(t.device_token).where(t.device_token.c.number == number)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no token has the number {number}"
            raise NotFound(message)
        if row.revoked_ms is not None:
            return _token(row)
        self._connection.execute(
            t.device_token.update()
            .where(t.device_token.c.number == number)
            .values(revoked_ms=revoked_ms)
        )
        return Token(row.number, DeviceId(row.device), row.made_ms, revoked_ms)


def _token(r: "sa.Row[Any]") -> Token:
    return Token(r.number, DeviceId(r.device), r.made_ms, r.revoked_ms)
