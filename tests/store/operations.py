"""A hundred thousand random operations on a store, folded into one hash.

Whatever a store is asked goes into the hash, so two backends that give the same one have
given the same answers. Numbers of cycles are each store's own and are left out.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from domain.clock import Beat, Offset
from domain.errors import Refused
from domain.ids import DeviceId, SeriesId
from domain.quality import GOOD, Flag, Verdict
from domain.reading import Delivery, Frame, Reading, Refusal, StoredReading
from domain.window import DAY_MS, HOUR_MS, MINUTE_MS, Size, Window
from store.retention import whole_parts
from store.rollups import Rhythm, roll_up
from store.series import Series
from tests.builders import NOON

DEVICES = (DeviceId("dat-01"), DeviceId("dat-02"), DeviceId("tram-01"))
OF = {device: [SeriesId(4 * n + i) for i in range(1, 5)] for n, device in enumerate(DEVICES)}
EVERY = [one for some in OF.values() for one in some]
STEP_MS, DAYS = 15 * MINUTE_MS, 40
BEGIN = whole_parts(NOON) - 20 * DAY_MS  # so that a part ends in the middle
RHYTHMS = {one: Rhythm(STEP_MS, ZoneInfo("Asia/Ho_Chi_Minh")) for one in EVERY}
_VERDICTS = (GOOD.pack(),) * 20 + (Verdict(Flag.SUSPECT).pack(), Verdict(Flag.FAIL).pack())
_AT_ONCE = 80


class Operations:
    """Random operations; the same seed gives every store the same ones."""

    def __init__(self, series: Series, seed: int = 20261126) -> None:
        self._series, self._dice = series, random.Random(seed)
        self._digest = hashlib.sha256()
        self._now = BEGIN
        self._done = self._seq = 0

    def run(self, until: int) -> str:
        """Go on until so many operations are done; return the hash of all answers."""
        kinds: Sequence[tuple[float, Callable[[], None]]] = (
            (0.58, self._append), (0.10, self._latest), (0.08, self._read), (0.05, self._cycles),
            (0.05, self._books), (0.05, self._beats), (0.03, self._touch), (0.02, self._suspect),
            (0.01, self._move), (0.005, self._settle), (0.025, self._drop),
        )  # fmt: skip
        while self._done < until:
            (work,) = self._dice.choices([k for _, k in kinds], [w for w, _ in kinds])
            before = self._done
            work()
            self._done += self._done == before
        self._settle()
        self._everything()
        return self._digest.hexdigest()

    def _fold(self, *answers: object) -> None:
        self._digest.update(repr(answers).encode())

    def _append(self) -> None:
        """A batch; each message of it is an operation."""
        batch = [self._delivery() for _ in range(self._dice.randrange(1, _AT_ONCE))]
        self._now += self._dice.randrange(30) * MINUTE_MS
        appended = self._series.append(batch, self._now)
        self._fold(appended.fates, sorted(appended.kept.items()))
        self._done += len(batch)

    def _delivery(self) -> Delivery:
        device = self._dice.choice(DEVICES)
        frames = tuple(self._frame(device) for _ in range(self._dice.choice((1, 1, 1, 2))))
        refusals = (Refusal("undecodable", "x"),) if self._dice.random() < 0.01 else ()
        payload = bytes([self._dice.randrange(20)]) if refusals else b"raw"
        received = self._now - self._dice.randrange(3) * HOUR_MS
        return Delivery(f"nguon/v1/{device}/up", payload, received, device, frames, refusals)

    def _frame(self, device: DeviceId) -> Frame:
        dice = self._dice
        # Mostly the next cycle, now and then an old one, again or with other values.
        slot = self._seq if dice.random() < 0.8 else dice.randrange(self._seq + 1)
        self._seq += dice.random() < 0.5
        slot %= DAYS * 96
        of = list(OF[device])
        if dice.random() < 0.05:
            dice.shuffle(of)
        if dice.random() < 0.1:
            of = of[: dice.randrange(1, 4)]
        rows = [self._reading(one, slot) for one in of]
        if dice.random() < 0.02:
            rows += [self._reading(dice.choice(of), slot + 1), self._reading(of[0], slot)]
        boot, seq = (None, None) if device == DEVICES[2] else (slot // 960, slot % 960)
        return Frame(boot, seq, tuple(rows))

    def _reading(self, series: SeriesId, slot: int) -> Reading:
        value = (slot * 7 + series * 13) % 97 / 4
        if self._dice.random() < 0.01:
            value += self._dice.randrange(3)
        wild = self._dice.random()
        time_ms = BEGIN + slot * STEP_MS if wild > 0.001 else round(wild * 1e15)
        return Reading(series, time_ms, value, self._dice.choice(_VERDICTS))

    def _window(self) -> Window:
        start = BEGIN + self._dice.randrange(DAYS * 24) * HOUR_MS
        return Window(start, start + self._dice.choice((1, 5, 24, 24 * 9)) * HOUR_MS + 1)

    def _latest(self) -> None:
        until = BEGIN + self._dice.randrange(DAYS * 96 + 9) * STEP_MS
        found = self._series.latest(EVERY, until)
        self._fold([_told(found[one]) for one in EVERY if one in found])

    def _read(self) -> None:
        found = self._series.read(self._dice.choice(EVERY), self._window())
        self._fold([_told(r) for r in found])

    def _cycles(self) -> None:
        device = self._dice.choice(DEVICES)
        self._fold([_beat(b) for b in self._series.cycles(OF[device], self._window())])

    def _beats(self) -> None:
        found = self._series.beats(self._dice.choice(DEVICES), self._dice.randrange(1, 30))
        self._fold([_beat(b) for b in found])

    def _books(self) -> None:
        aside = self._series.quarantined(1_000)
        self._fold(self._series.ledger(self._dice.choice(DEVICES)), self._series.gaps(9),
                   sorted((q.payload, q.seen, q.last_ms) for q in aside))  # fmt: skip

    def _touch(self) -> None:
        since = BEGIN + self._dice.randrange(DAYS) * DAY_MS
        self._series.touch(self._dice.choice(EVERY), since)

    def _suspect(self) -> None:
        device = self._dice.choice(DEVICES)
        some = [b.frame for b in self._series.beats(device, 9) if not b.skew_ms]
        self._series.suspect(device, some[:2], OF[device])

    def _move(self) -> None:
        device, boot = DEVICES[1], self._dice.randrange(4)
        offset = Offset(boot, self._dice.choice((-7, 7)) * HOUR_MS, 12, 0)
        self._fold(self._series.move(device, offset, OF[device], self._now))

    def _settle(self) -> None:
        while roll_up(self._series, RHYTHMS, limit=5_000):
            pass

    def _drop(self) -> None:
        if self._dice.random() < 0.5:
            self._settle()
        try:
            self._fold(self._series.drop(BEGIN + 25 * DAY_MS, self._dice.choice((0, 1 << 40))))
        except Refused as error:
            self._fold(error.rule)
        self._fold(self._series.kept_since())

    def _everything(self) -> None:
        for one in EVERY:
            self._fold([_told(r) for r in self._series.read(one, Window(0, 2 * NOON))])
            for size in Size:
                self._fold(self._series.buckets(one, Window(0, 2 * NOON), size))
        tally = self._series.tally()
        self._fold(tally.readings, tally.frames, tally.conflicts, tally.quarantined)
        self._fold(self._series.check(), self._series.series_ids())


def _told(r: StoredReading) -> tuple[object, ...]:
    return (r.series, r.time_ms, r.value, r.quality, r.received_ms, r.committed_ms, r.conflict,
            r.skew_ms)  # fmt: skip


def _beat(b: Beat) -> tuple[object, ...]:
    return b.boot, b.seq, b.time_ms, b.received_ms, b.skew_ms, b.clock
