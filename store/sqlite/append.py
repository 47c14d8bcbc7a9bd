"""One batch into the embedded store. Runs inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from itertools import chain

import apsw

from domain.clock import ClockVerdict, has_ended, moved_by
from domain.ids import DeviceId
from domain.ranges import Runs, holds
from domain.reading import Delivery, Frame, Refusal
from store import failpoint
from store.ledger import changes, merged, numbers_of
from store.quarantine import digest, storable
from store.rows import NO_BOOT, hour_of, moved_to, newest_of, runs_by_boot, time_of
from store.series import Appended, Fate
from store.sqlite.touches import note

_ASKED_AT_ONCE = 500
_INSERT = """INSERT INTO reading (series, time, value, quality, frame)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_OTHERS = "SELECT count(*) FROM reading WHERE series = ? AND time = ?"
_CONFLICT = "INSERT INTO conflict VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LEDGER = """INSERT INTO ledger VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET last = excluded.last"""
_FRAME = """INSERT INTO frame (id, device, boot, seq, received, committed, time, skew, clock)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_MOVED = """INSERT INTO moved VALUES (?1, min(?2, 0), max(?2, 0)) ON CONFLICT DO UPDATE
    SET least = min(least, excluded.least), most = max(most, excluded.most)"""
_ENDED = "UPDATE clock SET ended = ? WHERE device = ? AND boot = ?"
_QUARANTINE = """INSERT INTO quarantine
    (digest, topic, payload, reason, detail, part, first, last, seen)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1)
    ON CONFLICT (digest) DO UPDATE SET last = excluded.last, seen = seen + 1, mended = NULL"""


def append(
    connection: apsw.Connection, deliveries: tuple[Delivery, ...], committed_ms: int
) -> Appended:
    """Write readings, touched hours, quarantine and ledger; the caller commits."""
    cursor = connection.cursor()
    added = numbers_of(deliveries)
    known = _runs_of(cursor, list(added))
    batch = _Batch(cursor, connection, committed_ms, known)
    fates = []
    for delivery in deliveries:
        fates.append(batch.deliver(delivery))
        failpoint.reach("mid-batch")
    note(connection, batch.touched)
    return Appended(tuple(fates), _add_to_ledger(cursor, known, added))


class _Batch:
    """The numbers that run through one batch: next frame, touched hours."""

    def __init__(
        self,
        cursor: apsw.Cursor,
        connection: apsw.Connection,
        committed_ms: int,
        known: Mapping[tuple[DeviceId, int], Runs],
    ) -> None:
        self._cursor = cursor
        self._connection = connection
        self._committed_ms = committed_ms
        self._known = known
        self._heard: set[tuple[str, int, int]] = set()
        self._frame = first_of(cursor.execute("SELECT coalesce(max(id), 0) FROM frame")) + 1
        self.touched: dict[tuple[int, int], int] = {}
        # Hardly any device has a clock that is known to be wrong, so all are looked up at once.
        rows = cursor.execute("SELECT device, boot, skew FROM clock WHERE ended IS NULL")
        self._skews = {(device, boot): int(skew) for device, boot, skew in rows}

    def deliver(self, delivery: Delivery) -> Fate:
        new = same = conflicts = 0
        for frame in delivery.frames:
            fresh, disputed = self._keep(delivery, frame)
            new, same = new + fresh, same + len(frame.readings) - fresh
            conflicts += disputed
        for refusal in delivery.refusals:
            self._set_aside(delivery, refusal)
        return Fate(new, same, conflicts, len(delivery.refusals))

    def _keep(self, delivery: Delivery, frame: Frame) -> tuple[int, int]:
        fresh = disputed = 0
        execute, number = self._cursor.execute, self._frame
        time_ms = time_of(frame, delivery.received_ms)
        skew = self._skew(delivery, frame)
        for r in frame.readings:
            execute(_INSERT, (r.series, r.time_ms, r.value, r.quality, number))
            if not self._connection.changes():
                continue
            fresh += 1
            moment_ms = moved_to(r.time_ms, skew) if skew else r.time_ms
            self.touched[r.series, hour_of(moment_ms)] = number
            if skew:
                execute(_MOVED, (r.series, skew))
            if first_of(execute(_OTHERS, (r.series, r.time_ms))) > 1:
                disputed += 1
                execute(_CONFLICT, (r.series, r.time_ms, self._committed_ms))
        if self._is_news(delivery, frame) or fresh:
            times = (delivery.received_ms, self._committed_ms, time_ms, skew)
            clock = ClockVerdict.OFFSET if skew else frame.clock
            execute(_FRAME, (number, delivery.device, frame.boot, frame.seq, *times, int(clock)))
            self._frame += 1
        return fresh, disputed

    def _skew(self, delivery: Delivery, frame: Frame) -> int:
        if not self._skews or delivery.device is None:
            return 0
        boot = NO_BOOT if frame.boot is None else frame.boot
        skew = self._skews.get((delivery.device, boot), 0)
        if skew and has_ended(skew, newest_of(delivery), delivery.received_ms):
            del self._skews[delivery.device, boot]
            self._cursor.execute(_ENDED, (delivery.received_ms, delivery.device, boot))
            return 0
        return moved_by(skew, newest_of(delivery), delivery.received_ms) if skew else 0

    def _is_news(self, delivery: Delivery, frame: Frame) -> bool:
        """Whether a cycle's number was never heard of before; from now on it was."""
        if delivery.device is None or frame.boot is None or frame.seq is None:
            return False
        key = delivery.device, frame.boot, frame.seq
        heard = key in self._heard or holds(self._known[delivery.device, frame.boot], frame.seq)
        self._heard.add(key)
        return not heard

    def _set_aside(self, delivery: Delivery, refusal: Refusal) -> None:
        part = None if refusal.part is None else storable(refusal.part)
        words = (refusal.reason, storable(refusal.detail), part)
        message = (storable(delivery.topic), delivery.payload)
        row = (digest(delivery, refusal), *message, *words, delivery.received_ms)
        self._cursor.execute(_QUARANTINE, row)


def _runs_of(
    cursor: apsw.Cursor, keys: Sequence[tuple[DeviceId, int]]
) -> dict[tuple[DeviceId, int], Runs]:
    """Return the runs received so far, none for a boot that is new; many boots a statement."""
    known: dict[tuple[DeviceId, int], Runs] = dict.fromkeys(keys, ())
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        part = keys[start : start + _ASKED_AT_ONCE]
        places = ",".join(["(?,?)"] * len(part))
        rows = cursor.execute(
            "SELECT device, boot, first, last FROM ledger"
            f" WHERE (device, boot) IN (VALUES {places}) ORDER BY device, boot, first",
            list(chain.from_iterable(part)),
        )
        known |= runs_by_boot(rows)
    return known


def _add_to_ledger(
    cursor: apsw.Cursor,
    known: dict[tuple[DeviceId, int], Runs],
    added: dict[tuple[DeviceId, int], set[int]],
) -> dict[tuple[DeviceId, int], Runs]:
    runs = merged(known, added)
    gone, fresh = changes(known, runs)
    cursor.executemany("DELETE FROM ledger WHERE device=? AND boot=? AND first=?", gone)
    cursor.executemany(_LEDGER, fresh)
    return runs


def first_of(cursor: apsw.Cursor) -> int:
    """Return the one number that a query gives."""
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])
