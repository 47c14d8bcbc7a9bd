"""Days of devices: which are in the log, in which revision, and which are due to be."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from domain.ids import DeviceId
from store.records import tables as t


class DayRevision(NamedTuple):
    """A device's local day as logged: the root over its readings as known at ``known_ms``."""

    device: DeviceId
    day: date
    revision: int
    number: int
    root: bytes
    known_ms: int


class DayDue(NamedTuple):
    """A day whose readings have changed; ``mark`` grows with every change."""

    device: DeviceId
    day: date
    mark: int


class Days:
    """Questions and statements about the days of devices; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, revision: DayRevision) -> None:
        """Keep what was logged of a day."""
        self._connection.execute(t.device_day.insert().values(revision._asdict()))

    def newest(self, device: DeviceId, first: date, last: date) -> dict[date, DayRevision]:
        """Return the newest revision of each day from ``first`` to ``last``, both in."""
        return {one.day: one for one in self.revisions(device, first, last)}

    def revisions(self, device: DeviceId, first: date, last: date) -> list[DayRevision]:
        """Return every revision of these days, by day, oldest first."""
        c = t.device_day.c
        query = sa.select(t.device_day).where(c.device == device, c.day >= first, c.day <= last)
        rows = self._connection.execute(query.order_by(c.day, c.revision))
        return [_revision(row) for row in rows]

    def last(self, device: DeviceId) -> DayRevision | None:
        """Return the newest revision of the last day of a device that was logged."""
        c = t.device_day.c
        query = sa.select(t.device_day).where(c.device == device)
        newest = query.order_by(c.day.desc(), c.revision.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return None if row is None else _revision(row)

    def every_newest(self) -> list[DayRevision]:
        """Return the newest revision of every day of every device."""
        c = t.device_day.c
        rows = self._connection.execute(
            sa.select(t.device_day).order_by(c.device, c.day, c.revision)
        )
        return list({(row.device, row.day): _revision(row) for row in rows}.values())

    def last_days(self) -> dict[DeviceId, date]:
        """Return the last day of each device that is in the log."""
        c = t.device_day.c
        query = sa.select(c.device, sa.func.max(c.day)).group_by(c.device)
        return {DeviceId(row[0]): row[1] for row in self._connection.execute(query)}

    def mark(self, days: Iterable[tuple[DeviceId, date]]) -> None:
        """Note that readings of these days have changed."""
        c = t.day_due.c
        for device, day in sorted(set(days)):
            here = sa.and_(c.device == device, c.day == day)
            again = t.day_due.update().where(here).values(mark=c.mark + 1)
            if self._connection.execute(again).rowcount == 0:
                row = dict(device=device, day=day, mark=1)
                self._connection.execute(t.day_due.insert().values(row))

    def due(self, until: date, limit: int) -> list[DayDue]:
        """Return up to ``limit`` days before ``until`` that have changed, oldest first."""
        c = t.day_due.c
        query = sa.select(t.day_due).where(c.day < until).order_by(c.day, c.device).limit(limit)
        return [_due(row) for row in self._connection.execute(query)]

    def due_of(self, device: DeviceId) -> list[DayDue]:
        """Return the days of a device that have changed."""
        query = sa.select(t.day_due).where(t.day_due.c.device == device)
        return [_due(row) for row in self._connection.execute(query.order_by(t.day_due.c.day))]

    def done(self, due: DayDue) -> None:
        """Strike a day out, unless it has changed again since ``due`` was read."""
        c = t.day_due.c
        self._connection.execute(
            t.day_due.delete().where(c.device == due.device, c.day == due.day, c.mark == due.mark)
        )


def _revision(r: "sa.Row[Any]") -> DayRevision:
    return DayRevision(DeviceId(r.device), r.day, r.revision, r.number, bytes(r.root), r.known_ms)


def _due(r: "sa.Row[Any]") -> DayDue:
    return DayDue(DeviceId(r.device), r.day, r.mark)
