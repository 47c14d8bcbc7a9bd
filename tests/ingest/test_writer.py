"""The writer: commit before acknowledge, wait for a store that is away, never stop."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from domain.errors import OperatorError, StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.pack import Coding, encode
from domain.properties import observed_properties
from domain.reading import Cycle, Delivery, Observation
from domain.receipt import Receipt, Resend
from domain.window import Window
from ingest.gaps import Patience
from ingest.message import Received, Word
from ingest.pipeline import Rules, take_in
from ingest.register import RegisterCache
from ingest.writer import Bounds, Writer
from store.series import Appended
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON, register

ALL = Window(0, NOON * 2)
QUICK = Bounds(wait_s=0.005, retry_s=0.01)


class Moody(SqliteSeries):
    """A real store that refuses when told to; remembers what was committed when."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.away = False
        self.poison: bytes | None = None

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        if self.away:
            raise StoreUnavailable("the disk is full")
        if any(d.payload == self.poison and d.frames for d in deliveries):
            raise ValueError("the driver cannot bind this")
        return super().append(deliveries, committed_ms)


class Tape:
    """A source that records acknowledgements, and what the store held at that moment."""

    def __init__(self, series: SqliteSeries) -> None:
        self._series = series
        self.acknowledged: list[int] = []
        self.refused: dict[int, list[str]] = {}
        self.kept_at_ack: list[int] = []
        self.receipts: list[tuple[DeviceId, Receipt]] = []
        self.requests: list[tuple[DeviceId, Resend]] = []

    def acknowledge(self, messages: Sequence[Received], deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += [m.handle[1] for m in messages]
        for message, told in zip(messages, deliveries, strict=True):
            assert message.payload == told.payload
            if told.refusals:
                self.refused[message.handle[1]] = [refusal.reason for refusal in told.refusals]
        tally = self._series.tally()
        self.kept_at_ack.append(tally.readings + tally.quarantined)

    def tell(self, words: Sequence[Word]) -> None:
        for device, word in words:
            if isinstance(word, Receipt):
                self.receipts.append((device, word))
            else:
                self.requests.append((device, word))

    def start(self, offer: Callable[[Received], None]) -> None:
        pass

    def stop(self) -> None:
        pass

    def connected(self) -> bool:
        return True

    def alive(self) -> bool:
        return True

    def restarts(self) -> int:
        return 0


@pytest.fixture
def series(tmp_path: Path) -> Iterator[Moody]:
    store = Moody(tmp_path / "series.db")
    yield store
    store.close()


def message(number: int, payload: bytes | None = None) -> Received:
    if payload is None:
        row = (Observation("air_temperature", NOON + number * 1000, 20.0 + number % 10, "Cel"),)
        payload = encode(DEVICE, [Cycle(0, number, row)], Coding.CBOR)
    return Received("nguon/v1/dat-01/up", payload, NOON, (1, number, 1))


def running(series: Moody, bounds: Bounds = QUICK) -> tuple[Writer, Tape, threading.Thread]:
    writer = Writer(series, RegisterCache(register), observed_properties(), lambda: NOON, bounds)
    tape = Tape(series)
    thread = threading.Thread(target=writer.run, args=(tape,), daemon=True)
    thread.start()
    return writer, tape, thread


def until(holds: Callable[[], bool], patience_s: float = 5.0) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_nothing_is_acknowledged_before_it_is_committed(series: Moody) -> None:
    writer, tape, thread = running(series)
    for number in range(300):
        writer.offer(message(number))
    until(lambda: len(tape.acknowledged) == 300)
    writer.stop()
    thread.join()
    assert tape.acknowledged == list(range(300))
    assert all(kept >= n for kept, n in zip(tape.kept_at_ack, [1, *tape.kept_at_ack], strict=False))
    assert tape.kept_at_ack[-1] == 300
    assert tape.receipts[-1] == (DEVICE, Receipt(0, 299))
    counts = writer.inbox.snapshot()
    assert (counts.received, counts.committed, counts.in_flight) == (300, 300, 0)


def test_a_store_that_is_away_is_waited_for_and_nothing_is_acknowledged_meanwhile(
    series: Moody,
) -> None:
    series.away = True
    writer, tape, thread = running(series)
    for number in range(20):
        writer.offer(message(number))
    time.sleep(0.1)
    assert tape.acknowledged == []
    assert writer.inbox.snapshot().in_flight == 20
    series.away = False
    until(lambda: len(tape.acknowledged) == 20)
    writer.stop()
    thread.join()
    assert series.tally().readings == 20


def test_stopping_with_the_store_away_acknowledges_nothing(series: Moody) -> None:
    series.away = True
    writer, tape, thread = running(series)
    writer.offer(message(0))
    time.sleep(0.05)
    writer.stop()
    thread.join(2)
    assert not thread.is_alive()
    assert tape.acknowledged == []


def test_one_message_the_store_chokes_on_is_set_aside_and_the_rest_is_kept(series: Moody) -> None:
    bad = message(7)
    series.poison = bad.payload
    writer, tape, thread = running(series, Bounds(wait_s=0.2, retry_s=0.01))
    for number in range(12):
        writer.offer(message(number))
    until(lambda: len(tape.acknowledged) == 12)
    writer.stop()
    thread.join()
    assert series.tally().readings == 11
    (aside,) = series.quarantined(10)
    assert (aside.reason, aside.payload) == ("internal-error", bad.payload)
    assert tape.refused == {7: ["internal-error"]}


def test_poison_is_quarantined_acknowledged_and_counted(series: Moody) -> None:
    writer, tape, thread = running(series)
    for number, payload in enumerate([b"", b"\xff", b"[" * 9, b'[{"n":"x","v":1}]']):
        writer.offer(message(number, payload))
    writer.offer(message(4))
    writer.offer(message(4))
    until(lambda: len(tape.acknowledged) == 6)
    writer.stop()
    thread.join()
    counts = writer.inbox.snapshot()
    assert (counts.received, counts.committed, counts.quarantined, counts.duplicate) == (6, 1, 4, 1)
    assert counts.in_flight == 0
    assert [r.value for r in series.read(SeriesId(2), ALL)] == [24.0]
    assert tape.refused == {n: ["undecodable"] for n in range(3)} | {3: ["wrong-name"]}


def test_a_hole_is_asked_for_and_one_from_before_the_start_too(series: Moody) -> None:
    quick = Bounds(wait_s=0.005, patience=Patience(0.05, 0.2, 1.0))
    writer, tape, thread = running(series, quick)
    for number in (0, 1, 5):
        writer.offer(message(number))
    until(lambda: (DEVICE, Resend(0, ((2, 4),))) in tape.requests)
    assert tape.receipts[-1] == (DEVICE, Receipt(0, 1, ((5, 5),)))
    writer.stop()
    thread.join()
    writer, tape, thread = running(series, quick)
    until(lambda: (DEVICE, Resend(0, ((2, 4),))) in tape.requests)
    for number in (4, 3, 2):
        writer.offer(message(number))
    until(lambda: writer.gaps.missing() == 0)
    writer.stop()
    thread.join()


def test_a_hole_that_another_worker_has_filled_is_not_asked_for(series: Moody) -> None:
    writer, tape, thread = running(series, Bounds(wait_s=0.005, patience=Patience(0.5, 0.1, 0.1)))
    writer.offer(message(0))
    writer.offer(message(5))
    until(lambda: writer.gaps.missing() == 4)
    rules = Rules(register(), observed_properties())
    series.append([take_in(message(n), rules) for n in range(1, 5)], NOON)
    time.sleep(1.5)
    assert tape.requests == []
    assert writer.gaps.missing() == 0
    writer.stop()
    thread.join()


def test_a_message_that_gets_lost_on_the_way_shows(series: Moody) -> None:
    writer = Writer(series, RegisterCache(register), observed_properties(), lambda: NOON, QUICK)
    for number in range(5):
        writer.offer(message(number))
    writer.inbox._waiting.popleft()
    assert writer.inbox.snapshot().unaccounted == 1
    batch = writer.inbox.take(10, 10**6, 0, 0)
    assert writer.inbox.snapshot().unaccounted == 1
    writer.inbox.settle(series.append([], NOON).fates, 0.0)
    assert (writer.inbox.snapshot().unaccounted, len(batch)) == (5, 4)


def test_a_source_that_waits_for_room_is_let_go_when_the_writer_stops(series: Moody) -> None:
    series.away = True
    writer, _, thread = running(series, Bounds(queue=3, wait_s=0.005, retry_s=0.01))

    def flood() -> None:
        for number in range(20):
            writer.offer(message(number))

    source = threading.Thread(target=flood, daemon=True)
    source.start()
    time.sleep(0.2)
    assert source.is_alive(), "it waits for room"
    writer.stop()
    thread.join(5)
    source.join(20)
    assert not source.is_alive()


def test_the_counts_come_out_at_every_moment(series: Moody) -> None:
    writer, tape, thread = running(series)
    sums = []
    for number in range(2000):
        writer.offer(message(number % 700, b"junk" if number % 9 == 0 else None))
        sums.append(writer.inbox.snapshot().unaccounted)
    until(lambda: len(tape.acknowledged) == 2000)
    writer.stop()
    thread.join()
    now = writer.inbox.snapshot()
    assert set(sums) == {0}
    assert (now.unaccounted, now.in_flight, now.received) == (0, 0, 2000)
    assert now.quarantined > 200
    assert now.duplicate > 1000


def test_a_device_registered_a_moment_ago_is_found_without_a_restart(
    series: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.register._MIN_AGE_S", 0.0)
    known = register()
    empty = type(known)({}, {}, {})
    answers = iter([empty])
    cache = RegisterCache(lambda: next(answers, known))
    writer = Writer(series, cache, observed_properties(), lambda: NOON, Bounds(wait_s=0.005))
    tape = Tape(series)
    thread = threading.Thread(target=writer.run, args=(tape,), daemon=True)
    thread.start()
    writer.offer(message(0))
    until(lambda: tape.acknowledged == [0])
    writer.stop()
    thread.join()
    assert series.tally().readings == 1


def test_a_register_that_cannot_be_read_leaves_the_last_one_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.register._MAX_AGE_S", 0.0)
    known = register()
    answers = iter([known])

    def load() -> object:
        try:
            return next(answers)
        except StopIteration:
            raise OperatorError("records are away") from None

    cache = RegisterCache(load)  # type: ignore[arg-type]
    time.sleep(0.01)
    assert cache.current() is known
