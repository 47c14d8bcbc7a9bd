"""Scans in the records store: counted once, told by lot or unit, forgotten but for the counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from domain.scan import Scan, ScanTotal, merged
from store.records import scan_tables as t


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a lot's or a unit's scans of the last weeks; ``serial`` may be empty."""

    gtin: str
    number: str
    serial: str
    times: int
    first_ms: int
    last_ms: int
    places: int
    devices: int


class Scans:
    """Questions and statements about scans; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def fold(self, name: str, scans: Sequence[Scan], now_ms: int) -> bool:
        """Count a journal's file; False when it was counted before, then nothing changes.

        Raises `Clash` at the transaction's end when another process counts the same.
        """
        known = sa.select(t.scan_file.c.name).where(t.scan_file.c.name == name)
        if self._connection.execute(known).first() is not None:
            return False
        self._connection.execute(t.scan_file.insert().values(name=name, folded_ms=now_ms))
        rows = [
            dict(gtin=s.gtin, number=s.number, serial=s.serial, place=s.place, device=s.device,
                 at_ms=s.at_ms, times=s.times)
            for s in merged(scans)
        ]  # fmt: skip
        if rows:
            self._connection.execute(t.scan.insert(), rows)
        by_unit: defaultdict[tuple[str, str, str], list[Scan]] = defaultdict(list)
        for one in scans:
            by_unit[one.gtin, one.number, one.serial].append(one)
        # In one order: two processes that count at once must not wait for each other.
        for unit in sorted(by_unit):
            self._count(unit, by_unit[unit])
        return True

    def total(self, gtin: str, number: str, serial: str | None = None) -> ScanTotal | None:
        """Return the count of a unit, or of all of a lot; None when it was never opened."""
        c = t.scan_total.c
        query = sa.select(
            sa.func.sum(c.times), sa.func.min(c.first_ms), sa.func.max(c.last_ms)
        ).where(c.gtin == gtin, c.number == number)
        if serial is not None:
            query = query.where(c.serial == serial)
        times, first_ms, last_ms = self._connection.execute(query).one()
        return None if times is None else ScanTotal(int(times), first_ms, last_ms)

    def units_seen(self, gtin: str, number: str) -> dict[str, int]:
        """Return how often each unit of a lot was opened, by serial; those never opened are not."""
        c = t.scan_total.c
        query = sa.select(c.serial, c.times).where(c.gtin == gtin, c.number == number)
        return {r.serial: int(r.times) for r in self._connection.execute(query) if r.serial}

    def since(self, gtin: str, number: str, since_ms: int) -> int:
        """Return how often a lot was opened from an instant on, as far as that is kept."""
        c = t.scan.c
        query = sa.select(sa.func.coalesce(sa.func.sum(c.times), 0)).where(
            c.gtin == gtin, c.number == number, c.at_ms >= since_ms
        )
        return int(self._connection.execute(query).scalar_one())

    def seen(self, limit: int, in_places: int = 0) -> list[Seen]:
        """Return what was opened in the weeks kept, most often first; in as many places at least.

        Units, and for each lot the openings whose label named no unit.
        """
        c = t.scan.c
        times = sa.func.sum(c.times)
        places = sa.func.count(sa.distinct(sa.func.nullif(c.place, "")))
        devices = sa.func.count(sa.distinct(sa.func.nullif(c.device, "")))
        query = (
            sa.select(c.gtin, c.number, c.serial, times, sa.func.min(c.at_ms),
                      sa.func.max(c.at_ms), places, devices)
            .group_by(c.gtin, c.number, c.serial)
            .having(places >= in_places)
            .order_by(times.desc(), c.gtin, c.number, c.serial)
            .limit(limit)
        )  # fmt: skip
        return [
            Seen(r[0], r[1], r[2], int(r[3]), r[4], r[5], r[6], r[7])
            for r in self._connection.execute(query)
        ]

    def of_unit(self, gtin: str, number: str, serial: str, limit: int) -> list[Scan]:
        """Return a unit's newest scans, oldest first."""
        c = t.scan.c
        query = sa.select(t.scan).where(c.gtin == gtin, c.number == number, c.serial == serial)
        rows = self._connection.execute(query.order_by(c.at_ms.desc(), c.id.desc()).limit(limit))
        found = [
            Scan(r.gtin, r.number, r.serial, r.place, r.device, r.at_ms, r.times) for r in rows
        ]
        return found[::-1]

    def forget(self, before_ms: int) -> int:
        """Let go of what was opened before an instant, all but the counts; returns how much."""
        gone = self._connection.execute(t.scan.delete().where(t.scan.c.at_ms < before_ms))
        self._connection.execute(t.scan_file.delete().where(t.scan_file.c.folded_ms < before_ms))
        return gone.rowcount

    def _count(self, unit: tuple[str, str, str], scans: Sequence[Scan]) -> None:
        gtin, number, serial = unit
        c = t.scan_total.c
        times = sum(one.times for one in scans)
        first_ms, last_ms = min(s.at_ms for s in scans), max(s.at_ms for s in scans)
        here = sa.and_(c.gtin == gtin, c.number == number, c.serial == serial)
        raised = t.scan_total.update().where(here).values(
            times=c.times + times,
            first_ms=sa.case((c.first_ms < first_ms, c.first_ms), else_=first_ms),
            last_ms=sa.case((c.last_ms > last_ms, c.last_ms), else_=last_ms),
        )  # fmt: skip
        if self._connection.execute(raised).rowcount == 0:
            row = dict(gtin=gtin, number=number, serial=serial, times=times, first_ms=first_ms,
                       last_ms=last_ms)  # fmt: skip
            self._connection.execute(t.scan_total.insert().values(row))
