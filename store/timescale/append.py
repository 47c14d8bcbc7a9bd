"""One batch into PostgreSQL: three round trips, whatever the number of devices.

First the locks, what is known of the devices, the clocks, and the numbers of the cycles;
then readings, ledger and quarantine; and once it is known whether all readings were new,
cycles and touched hours. Whatever the next step needs is packed while the server is at work
on this one. Rows travel as arrays, one parameter a column: measured alone that is as fast as
a binary COPY into a temporary table, and needs no statements in between (docs/performance.md).
"""

from collections.abc import Iterator, Mapping, Sequence

import psycopg

from domain.ranges import Runs, holds
from domain.reading import Delivery
from store import failpoint
from store.ledger import merged, numbers_of
from store.quarantine import digest, storable
from store.rows import Numbered
from store.series import Appended, Fate
from store.timescale import fence
from store.timescale.cycles import ended, keep, note_moves, numbered, packed
from store.timescale.devices import Boot, Devices
from store.timescale.keep import Kept, hours_of, settle, touch
from store.timescale.readings import Belief, Readings

_CLOCKS = "SELECT device, boot, skew FROM series.clock WHERE ended IS NULL"
_ENDED = "UPDATE series.clock SET ended = %s WHERE device = %s AND boot = %s"
_NUMBERS = "SELECT nextval('series.frame_id') FROM generate_series(1, %s)"
_QUARANTINE = """INSERT INTO series.quarantine
    (digest, topic, payload, reason, detail, part, first, last, seen)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1)
    ON CONFLICT (digest) DO UPDATE
    SET last = excluded.last, seen = quarantine.seen + 1, mended = NULL"""


def append(
    connection: psycopg.Connection,
    deliveries: Sequence[Delivery],
    committed_ms: int,
    belief: Belief,
) -> Appended:
    """Write a batch inside the caller's transaction."""
    added = numbers_of(deliveries)
    with connection.pipeline() as pipeline:
        fenced = fence.ask(connection)
        names = [d.device for d in deliveries if d.device is not None]
        devices = Devices(connection, names, added)
        numbering = _Numbering(connection, deliveries)
        readings = Readings([r for d in deliveries for f in d.frames for r in f.readings])
        devices.learn()
        cycles = numbering.cycles()
        committed_ms = max(committed_ms, fence.answer(fenced) + 1)
        numbers = [c.number for c in cycles for _ in c.frame.readings]
        believed = belief.holds(readings.oldest_ms, committed_ms)
        inserted = readings.insert(connection, numbers, believed=believed)
        runs = merged(devices.runs, added)
        devices.keep_ledger(runs)
        _set_aside(connection, deliveries)
        failpoint.reach("mid-batch")
        kept, hours = None, hours_of(cycles, readings)
        rows = packed(devices, _news(cycles, devices.runs, kept), committed_ms)
        pipeline.sync()
        new = sum(row[0] for cursor in inserted for row in cursor) == len(readings)
        if not new:
            kept, hours = settle(connection, cycles, committed_ms)
            rows = packed(devices, _news(cycles, devices.runs, kept), committed_ms)
        belief.saw(new=new)
        keep(connection, rows)
        devices.keep(runs, rows.newest)
        touch(connection, hours)
        note_moves(connection, cycles)
        fates = tuple(_fates(deliveries, cycles, kept))
    return Appended(fates, runs)


class _Numbering:
    """The numbers of a batch's cycles, and by how much a known offset moves each."""

    def __init__(self, connection: psycopg.Connection, deliveries: Sequence[Delivery]) -> None:
        """Ask; `cycles` waits for the answer."""
        self._connection, self._deliveries = connection, deliveries
        # Hardly any device has a clock known to be wrong, so all are looked up at once.
        self._clocks = connection.execute(_CLOCKS)
        count = sum(len(d.frames) for d in deliveries)
        self._numbers = connection.cursor(binary=True).execute(_NUMBERS, (count,))

    def cycles(self) -> list[Numbered]:
        """Return every cycle with its number and its move; note which offsets have ended."""
        skews = {(device, boot): skew for device, boot, skew in self._clocks}
        for end in ended(self._deliveries, skews):
            self._connection.execute(_ENDED, end)
        numbers = iter([int(row[0]) for row in self._numbers])
        return list(numbered(self._deliveries, numbers, skews))


def _news(
    cycles: Sequence[Numbered], known: Mapping[Boot, Runs], kept: Kept | None
) -> Sequence[Numbered]:
    """Return the cycles to keep: with a new reading, or a number never heard of before."""
    if kept is None and all(c.frame.readings for c in cycles):
        return cycles
    heard: set[tuple[str, int, int]] = set()
    news = []
    for cycle in cycles:
        device, frame = cycle.delivery.device, cycle.frame
        if device is None or frame.boot is None or frame.seq is None:
            fresh = False
        else:
            key = device, frame.boot, frame.seq
            fresh = key not in heard and not holds(known.get((device, frame.boot), ()), frame.seq)
            heard.add(key)
        if fresh or (frame.readings if kept is None else cycle.number in kept.new):
            news.append(cycle)
    return news


def _fates(
    deliveries: Sequence[Delivery], cycles: Sequence[Numbered], kept: Kept | None
) -> Iterator[Fate]:
    if kept is None:
        for d in deliveries:
            yield Fate(sum([len(f.readings) for f in d.frames]), 0, 0, len(d.refusals))
        return
    fresh, disputed = [0] * len(deliveries), [0] * len(deliveries)
    for cycle in cycles:
        fresh[cycle.place] += kept.new.get(cycle.number, 0)
        disputed[cycle.place] += kept.conflicts.get(cycle.number, 0)
    for place, d in enumerate(deliveries):
        size = sum(len(f.readings) for f in d.frames)
        new = fresh[place]
        yield Fate(new, size - new, disputed[place], len(d.refusals))


def _set_aside(connection: psycopg.Connection, deliveries: Sequence[Delivery]) -> None:
    for d in deliveries:
        for refusal in d.refusals:
            part = None if refusal.part is None else storable(refusal.part)
            words = (refusal.reason, storable(refusal.detail), part)
            times = (d.received_ms, d.received_ms)
            connection.execute(
                _QUARANTINE, (digest(d, refusal), storable(d.topic), d.payload, *words, *times)
            )
