"""GS1 keys of parties (GLN) and devices (GIAI) in the records store."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from domain.errors import Clash
from domain.gs1 import Giai, Gln
from domain.ids import DeviceId, ProducerId
from domain.window import LAST_MS
from store.records import gs1_tables as t
from store.records.narrowing import narrowed

FROM_THE_BEGINNING = 0


class Gs1Keys:
    """Questions and statements about keys; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def give_gln(self, producer: ProducerId, gln: Gln, now_ms: int) -> bool:
        """Give a party a number; True when it is new, False when it was theirs already.

        Raises `Clash` when it is another's.
        """
        row = dict(gln=gln, producer=producer, since_ms=now_ms)
        return self._give(t.producer_gln, t.producer_gln.c.gln, row, "producer")

    def give_giai(self, device: DeviceId, giai: Giai, now_ms: int) -> bool:
        """Give a device a number; True and False and `Clash` as :meth:`give_gln`."""
        row = dict(giai=giai, device=device, since_ms=now_ms)
        return self._give(t.device_giai, t.device_giai.c.giai, row, "device")

    def _give(
        self, table: sa.Table, key: "sa.Column[str]", row: dict[str, Any], owner: str
    ) -> bool:
        query = sa.select(table.c[owner]).where(key == row[key.name])
        theirs = self._connection.execute(query).scalar_one_or_none()
        if theirs is None:
            self._connection.execute(table.insert().values(row))
        elif theirs != row[owner]:
            message = f"{row[key.name]} is {theirs}'s: a key is never given to another"
            raise Clash(message)
        return theirs is None

    def producer_of(self, gln: str) -> ProducerId | None:
        """Return whose number it is or was, None when it is nobody's."""
        query = sa.select(t.producer_gln.c.producer).where(t.producer_gln.c.gln == gln)
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else ProducerId(found)

    def device_of(self, giai: str) -> DeviceId | None:
        """Return which device's number it is or was, None when it is no device's."""
        query = sa.select(t.device_giai.c.device).where(t.device_giai.c.giai == giai)
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else DeviceId(found)

    def gln(self, producer: ProducerId) -> Gln | None:
        """Return a party's newest number."""
        c = t.producer_gln.c
        query = sa.select(c.gln).where(c.producer == producer)
        newest = query.order_by(c.since_ms.desc(), c.gln.desc()).limit(1)
        found = self._connection.execute(newest).scalar_one_or_none()
        return None if found is None else Gln(found)

    def giais(
        self, known_ms: int = LAST_MS, of: Collection[DeviceId] | None = None
    ) -> dict[DeviceId, Giai]:
        """Return the newest number of every device, or of some, that had one by a moment."""
        c = t.device_giai.c
        query = narrowed(sa.select(c.device, c.giai).where(c.since_ms <= known_ms), c.device, of)
        rows = self._connection.execute(query.order_by(c.since_ms, c.giai))
        return {DeviceId(row.device): Giai(row.giai) for row in rows}
