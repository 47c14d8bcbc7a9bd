"""One batch into the embedded store. Runs inside the caller's transaction.

Nearly always every cycle of a batch is new and of one time: then it is one row, and its key
tells that nothing of it was there. Only where it was, or where a cycle has several times, is
each reading looked at (:mod:`store.sqlite.compare`).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import apsw

from domain.clock import ClockVerdict, has_ended, moved_by
from domain.ids import DeviceId
from domain.ranges import Runs, holds
from domain.reading import Delivery, Frame, Refusal
from store import failpoint
from store.ledger import changes, merged, numbers_of
from store.quarantine import digest, storable
from store.rows import NO_BOOT, Numbered, hour_of, moved_to, newest_of, runs_by_boot, time_of
from store.series import Appended, Fate
from store.sqlite.cells import pack_qualities, pack_values
from store.sqlite.compare import compare
from store.sqlite.devices import Chains
from store.sqlite.keep import FRAME, Head, keep_cells
from store.sqlite.shapes import Shape, Shapes
from store.sqlite.touches import note

_ASKED_AT_ONCE = 500
_CONFLICT = "INSERT INTO conflict VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LEDGER = """INSERT INTO ledger VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET last = excluded.last"""
_MOVED = """INSERT INTO moved VALUES (?1, min(?2, 0), max(?2, 0)) ON CONFLICT DO UPDATE
    SET least = min(least, excluded.least), most = max(most, excluded.most)"""
_ENDED = "UPDATE clock SET ended = ? WHERE device = ? AND boot = ?"
_QUARANTINE = """INSERT INTO quarantine
    (digest, topic, payload, reason, detail, part, first, last, seen)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1)
    ON CONFLICT (digest) DO UPDATE SET last = excluded.last, seen = seen + 1, mended = NULL"""


def append(
    connection: apsw.Connection,
    shapes: Shapes,
    deliveries: tuple[Delivery, ...],
    committed_ms: int,
) -> Appended:
    """Write readings, touched hours, quarantine and ledger; the caller commits."""
    added = numbers_of(deliveries)
    known = _runs_of(connection, list(added))
    shapes.catch_up(connection)
    batch = _Batch(connection, shapes, deliveries, committed_ms, known)
    for cycle in _numbered(connection, deliveries):
        batch.take(cycle)
    fates = batch.finish()
    for delivery in deliveries:
        for refusal in delivery.refusals:
            _set_aside(connection, delivery, refusal)
    return Appended(fates, _add_to_ledger(connection, known, added))


class _Row(NamedTuple):
    """A cycle that is one row: its shape and values, as far as that can be told unseen."""

    cycle: Numbered
    shape: Shape
    values: tuple[object, ...]


class _Batch:
    """One batch on its way: what waits to be written together, and what became of the rest."""

    def __init__(
        self,
        connection: apsw.Connection,
        shapes: Shapes,
        deliveries: Sequence[Delivery],
        committed_ms: int,
        known: Mapping[tuple[DeviceId, int], Runs],
    ) -> None:
        self._connection, self._shapes, self._known = connection, shapes, known
        self._deliveries, self._committed_ms = deliveries, committed_ms
        self._chains = Chains(connection, [d.device for d in deliveries if d.device is not None])
        self._waiting: list[_Row] = []
        self._heard: dict[tuple[str, int, int], int] = {}
        self._kept: list[tuple[str | None, int]] = []
        self._unlinked = False
        self._touched: set[tuple[Shape, int]] = set()
        self._fresh, self._disputed = [0] * len(deliveries), [0] * len(deliveries)

    def take(self, cycle: Numbered) -> None:
        """Write a cycle, now or with others."""
        frame, device = cycle.frame, cycle.delivery.device
        if device is not None and frame.boot is not None and frame.seq is not None:
            self._heard.setdefault((device, frame.boot, frame.seq), cycle.number)
        row = self._row(cycle)
        if row is None:
            self._flush()
            self._look(cycle)
        else:
            self._waiting.append(row)

    def finish(self) -> tuple[Fate, ...]:
        """Write what waits; return what became of each delivery."""
        self._flush()
        failpoint.reach("mid-batch")
        if self._unlinked:
            self._chains.relink(sorted(self._kept, key=lambda kept: kept[1]))
        self._chains.save()
        note(self._connection, self._touched)
        sizes = [sum(len(f.readings) for f in d.frames) for d in self._deliveries]
        return tuple(
            Fate(fresh, size - fresh, disputed, len(delivery.refusals))
            for fresh, size, disputed, delivery in zip(
                self._fresh, sizes, self._disputed, self._deliveries, strict=True
            )
        )

    def _row(self, cycle: Numbered) -> _Row | None:
        """Return a cycle as one row, None where its readings have to be looked at."""
        readings = cycle.frame.readings
        if not readings or cycle.skew_ms:
            return None
        series, times, values, qualities = zip(*readings, strict=True)
        shape = self._shapes.find(series)
        if shape is None:  # not ascending, it may be
            series, times, values, qualities = zip(*sorted(readings), strict=True)
            shape = self._shapes.find(series)
        if shape is None or not self._shapes.alone(shape):
            return None
        if times.count(cycle.time_ms) != len(times):
            return None
        cell = shape.id, pack_values(values), pack_qualities(qualities)
        return _Row(cycle, shape, (*self._head(cycle), *cell))

    def _head(self, cycle: Numbered) -> Head:
        """Return what a cycle's row says before its readings."""
        frame, received_ms = cycle.frame, cycle.delivery.received_ms
        device, back = self._chains.link(cycle.delivery.device, cycle.number)
        times = cycle.time_ms, received_ms - cycle.time_ms, self._committed_ms - received_ms
        clock = ClockVerdict.OFFSET if cycle.skew_ms else frame.clock
        return cycle.number, device, back, frame.boot, frame.seq, *times, cycle.skew_ms, int(clock)

    def _flush(self) -> None:
        """Write the rows that wait; look at those that were not new."""
        if not self._waiting:
            return
        rows, self._waiting = self._waiting, []
        before = self._connection.total_changes()
        self._connection.executemany(FRAME, [row.values for row in rows])
        there = None
        if self._connection.total_changes() - before != len(rows):
            span = rows[0].cycle.number, rows[-1].cycle.number
            found = self._connection.execute("SELECT id FROM frame WHERE id BETWEEN ? AND ?", span)
            there = {row[0] for row in found}
        for row in rows:
            cycle = row.cycle
            if there is not None and cycle.number not in there:
                self._unlinked = True
                self._look(cycle)
                continue
            self._kept.append((cycle.delivery.device, cycle.number))
            self._fresh[cycle.place] += len(row.shape.series)
            self._touched.add((row.shape, hour_of(cycle.time_ms)))

    def _look(self, cycle: Numbered) -> None:
        """Write what is new of a cycle, reading by reading."""
        fresh, disputed, moves = compare(self._connection, self._shapes, cycle.frame.readings)
        if not fresh and not self._is_news(cycle):
            return
        self._unlinked = True  # out of order: its link is made once all are known
        self._kept.append((cycle.delivery.device, cycle.number))
        keep_cells(self._connection, self._shapes, self._head(cycle), fresh)
        for reading in disputed:
            row = (reading.series, reading.time_ms, self._committed_ms)
            self._connection.execute(_CONFLICT, row)
        self._fresh[cycle.place] += sum(len(cell.readings) for cell in fresh)
        self._disputed[cycle.place] += len(disputed)
        for cell in fresh:
            shape = self._shapes.make(self._connection, tuple(r.series for r in cell.readings))
            # What is in dispute with it may lie in another hour, if that cycle was moved.
            for move in {cycle.skew_ms, *(moves if disputed else ())}:
                self._touched.add((shape, hour_of(moved_to(cell.time_ms, move))))
            if cycle.skew_ms:
                self._connection.executemany(_MOVED, [(s, cycle.skew_ms) for s in shape.series])

    def _is_news(self, cycle: Numbered) -> bool:
        """Whether a cycle's number was never heard of before."""
        device, frame = cycle.delivery.device, cycle.frame
        if device is None or frame.boot is None or frame.seq is None:
            return False
        if self._heard[device, frame.boot, frame.seq] != cycle.number:
            return False
        return not holds(self._known[device, frame.boot], frame.seq)


def _numbered(connection: apsw.Connection, deliveries: Sequence[Delivery]) -> Iterator[Numbered]:
    """Yield every cycle of a batch with its number and its move."""
    number = first_of(connection.execute("SELECT coalesce(max(id), 0) FROM frame"))
    # Hardly any device has a clock that is known to be wrong, so all are looked up at once.
    rows = connection.execute("SELECT device, boot, skew FROM clock WHERE ended IS NULL")
    skews: dict[tuple[str, int], int] = {(device, boot): skew for device, boot, skew in rows}
    for place, delivery in enumerate(deliveries):
        for frame in delivery.frames:
            number += 1
            skew = _skew(connection, skews, delivery, frame) if skews else 0
            time_ms = time_of(frame, delivery.received_ms)
            yield Numbered(number, place, delivery, frame, time_ms, skew)


def _skew(
    connection: apsw.Connection,
    skews: dict[tuple[str, int], int],
    delivery: Delivery,
    frame: Frame,
) -> int:
    if delivery.device is None or frame.clock is ClockVerdict.CARRIED:
        return 0
    boot = NO_BOOT if frame.boot is None else frame.boot
    skew = skews.get((delivery.device, boot), 0)
    if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
        del skews[delivery.device, boot]
        connection.execute(_ENDED, (delivery.received_ms, delivery.device, boot))
        return 0
    return moved_by(skew, newest_of(delivery), delivery.received_ms) if skew else 0


def _set_aside(connection: apsw.Connection, delivery: Delivery, refusal: Refusal) -> None:
    part = None if refusal.part is None else storable(refusal.part)
    words = (refusal.reason, storable(refusal.detail), part)
    message = (storable(delivery.topic), delivery.payload)
    row = (digest(delivery, refusal), *message, *words, delivery.received_ms)
    connection.execute(_QUARANTINE, row)


def _runs_of(
    connection: apsw.Connection, keys: Sequence[tuple[DeviceId, int]]
) -> dict[tuple[DeviceId, int], Runs]:
    """Return the runs received so far, none for a boot that is new; many boots a statement."""
    known: dict[tuple[DeviceId, int], Runs] = dict.fromkeys(keys, ())
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        part = keys[start : start + _ASKED_AT_ONCE]
        places = ",".join(["(?,?)"] * len(part))
        rows = connection.execute(
            "SELECT device, boot, first, last FROM ledger"
            f" WHERE (device, boot) IN (VALUES {places}) ORDER BY device, boot, first",
            list(chain.from_iterable(part)),
        )
        known |= runs_by_boot(rows)
    return known


def _add_to_ledger(
    connection: apsw.Connection,
    known: dict[tuple[DeviceId, int], Runs],
    added: dict[tuple[DeviceId, int], set[int]],
) -> dict[tuple[DeviceId, int], Runs]:
    runs = merged(known, added)
    gone, fresh = changes(known, runs)
    connection.executemany("DELETE FROM ledger WHERE device=? AND boot=? AND first=?", gone)
    connection.executemany(_LEDGER, fresh)
    return runs


def first_of(cursor: apsw.Cursor) -> int:
    """Return the one number that a query gives."""
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])
