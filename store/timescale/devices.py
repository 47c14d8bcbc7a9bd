"""What is known of a batch's devices: numbers, ledgers, and each one's newest cycle.

In every other table a device is a number, a third of its name. Numbers are looked up by name
in every batch and remembered by no process: after a failover to a standby that lacks the
last batches, or a restore, one that was remembered may be another device's.

There is no index of cycles by device, which would weigh half as much as the cycles: each row
says which was its device's before it, and the device's row names its newest. In that row lies
the run of sequence numbers that grows, too; all others rest in the ledger, which a batch of
ordinary messages does not touch.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import psycopg

from domain.errors import StoreRefused
from domain.ids import DeviceId
from domain.ranges import Runs
from store.ledger import changes
from store.rows import NO_BOOT
from store.timescale.arrays import Int4s, Int8s, Texts

Boot: TypeAlias = tuple[DeviceId, int]

# One worker at a time a device, always in the same order, or two would deadlock.
_LOCK = """SELECT count(pg_advisory_xact_lock(hashtextextended(device, 0)))
    FROM unnest(%s::text[]) WITH ORDINALITY AS d(device, n)"""
_LOOK = """SELECT k.n, d.id, d.newest, d.boot, d.first, d.last, l.first, l.last
    FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS k(name, boot, n)
    JOIN series.device d ON d.name = k.name
    LEFT JOIN series.ledger l ON l.device = d.id AND l.boot = k.boot ORDER BY k.n, l.first"""
_ADD = """INSERT INTO series.device (name) SELECT * FROM unnest(%s::text[])
    ON CONFLICT (name) DO UPDATE SET newest = device.newest
    RETURNING name, id, newest, boot, first, last"""
_KEEP = """UPDATE series.device d
    SET newest = k.newest, boot = k.boot, first = k.first, last = k.last
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS k(id, newest, boot, first, last) WHERE d.id = k.id"""
_GONE = """DELETE FROM series.ledger l
    USING unnest(%s::int[], %s::bigint[], %s::bigint[]) AS g(device, boot, first)
    WHERE l.device = g.device AND l.boot = g.boot AND l.first = g.first"""
_WRITTEN = """INSERT INTO series.ledger (device, boot, first, last)
    SELECT * FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (device, boot, first) DO UPDATE SET last = excluded.last"""


class Links(NamedTuple):
    """Of some cycles: each one's device, the device's before it, 0 for none; the newest."""

    devices: Sequence[int]
    before: Sequence[int]
    newest: Mapping[DeviceId, int]


class _Row(NamedTuple):
    """A device's row: its number, its newest cycle, and its run that grows; boot -1 for none."""

    id: int
    newest: int
    boot: int
    run: tuple[int, int]


class Devices:
    """The devices of one batch, under their locks until its transaction ends."""

    def __init__(
        self, connection: psycopg.Connection, names: Iterable[DeviceId], boots: Iterable[Boot]
    ) -> None:
        """Ask for the locks, and then for what is known; `learn` waits for the answer."""
        self._connection = connection
        self._names = sorted(set(names))
        told = list(boots)
        silent = set(self._names).difference(device for device, _ in told)
        self._asked = told + [(device, NO_BOOT) for device in sorted(silent)]
        self._rows: dict[DeviceId, _Row] = {}
        self._ledger: dict[Boot, Runs] = {}
        self.runs: dict[Boot, Runs] = {}
        devices, numbers = [device for device, _ in self._asked], [boot for _, boot in self._asked]
        each = Texts(self._names)
        connection.execute(_LOCK, (each,))
        look = each if devices == self._names else Texts(devices), Int8s(numbers)
        self._found = connection.cursor(binary=True).execute(_LOOK, look)

    def learn(self) -> None:
        """Take in what is known; give devices that are not a number."""
        ledger: defaultdict[Boot, list[tuple[int, int]]] = defaultdict(list)
        asked, rows, runs = self._asked, self._rows, self.runs
        for n, number, newest, boot, first, last, first_at_rest, last_at_rest in self._found:
            key = asked[n - 1]
            rows[key[0]] = _Row(number, newest, boot, (first, last))
            if first_at_rest is not None:
                ledger[key].append((first_at_rest, last_at_rest))
        absent = [name for name in self._names if name not in rows]
        if absent:
            for name, number, newest, boot, first, last in self._connection.execute(
                _ADD, (Texts(absent),)
            ):
                rows[name] = _Row(number, newest, boot, (first, last))
        self._ledger = {key: tuple(some) for key, some in ledger.items()}
        for key in asked:
            row, at_rest = rows[key[0]], self._ledger.get(key, ()) if ledger else ()
            if row.boot == key[1] != NO_BOOT:
                runs[key] = (*at_rest, row.run)
            elif at_rest:
                runs[key] = at_rest

    def link(self, cycles: Iterable[tuple[DeviceId | None, int]]) -> "Links":
        """Chain cycles, given as device and number in their order, to those before them.

        Raises `StoreRefused` where one is no device's.
        """
        newest: dict[DeviceId, int] = {}
        numbers, before = [], []
        for name, number in cycles:
            if name is None:
                message = "a cycle is no device's; nothing was written"
                raise StoreRefused(message)
            row = self._rows[name]
            numbers.append(row.id)
            before.append(newest.get(name, row.newest))
            newest[name] = number
        return Links(numbers, before, newest)

    def keep_ledger(self, runs: Mapping[Boot, Runs]) -> None:
        """Write the runs that rest: of each device all but the last one of its greatest boot."""
        growing = dict(runs.keys())  # in order, so the greatest boot of each comes last
        resting = {key: now[:-1] if growing[key[0]] == key[1] else now for key, now in runs.items()}
        gone, written = changes(self._ledger, resting)
        for device, boot in growing.items():
            row = self._rows[device]
            if row.boot not in (boot, NO_BOOT) and (device, row.boot) not in runs:
                written.append((device, row.boot, *row.run))
        if gone:
            self._connection.execute(_GONE, self._columns(gone))
        if written:
            lasts = Int8s([last for *_, last in written])
            self._connection.execute(_WRITTEN, (*self._columns(written), lasts))

    def keep(self, runs: Mapping[Boot, Runs], newest: Mapping[DeviceId, int]) -> None:
        """Write each device's newest cycle, and its run that grows."""
        growing = {device: (boot, runs[device, boot][-1]) for device, boot in runs}
        names = growing.keys() | newest.keys()
        rows = [self._rows[name] for name in names]
        news = [
            growing.get(name, (row.boot, row.run)) for name, row in zip(names, rows, strict=True)
        ]
        columns = (
            [newest.get(name, row.newest) for name, row in zip(names, rows, strict=True)],
            [boot for boot, _ in news],
            [run[0] for _, run in news],
            [run[1] for _, run in news],
        )
        self._connection.execute(_KEEP, (Int4s([row.id for row in rows]), *map(Int8s, columns)))

    def _columns(
        self, rows: Sequence[tuple[DeviceId, int, int, *tuple[int, ...]]]
    ) -> tuple[Int4s, Int8s, Int8s]:
        """Return device, boot and first of rows, column by column."""
        ids = Int4s([self._rows[row[0]].id for row in rows])
        return ids, Int8s([row[1] for row in rows]), Int8s([row[2] for row in rows])
