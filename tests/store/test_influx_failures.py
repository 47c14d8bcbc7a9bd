"""What the InfluxDB store does when writes fail, and when there are two writers."""

import random
import threading
import time
from dataclasses import replace

import pytest

from domain.clock import Offset
from domain.errors import StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.reading import Delivery, Frame, Refusal
from domain.window import HOUR_MS, LAST_MS, MINUTE_MS, Window
from store.influx import Address, InfluxSeries
from store.influx.bucket import Bucket
from store.influx.points import Point
from store.series import Fate, Series
from tests.builders import NOON, delivery, reading, series_of
from tests.services.influx import Influx

ALL = Window(0, LAST_MS + 1)
ONE, DEVICE = SeriesId(1), DeviceId("dat-01")


def everything(series: Series) -> object:
    """All that a store answers, without the numbers of cycles, which only have to ascend."""
    readings = [list(series.read(one, ALL)) for one in series.series_ids()]
    beats = [replace(beat, frame=0) for beat in series.beats(DEVICE, 99)]
    entries = series.quarantined(99, mended=True)
    hours = [(t.series, t.hour_ms) for t in series.touched(999)]
    tally = series.tally()
    return readings, beats, series.ledger(DEVICE), entries, hours, tally, series.check()


def batch() -> list[Delivery]:
    refusal = Refusal("undecodable", "why", "part")
    frames = series_of({0: 1.0, 15: 2.0, 600: 3.0}), series_of({0: 5.0}, seq=1, series=2)
    wild = Frame(0, 7, (reading(3, LAST_MS, 9.0),))
    rival = series_of({0: 1.5, 15: 2.0}, seq=2)
    return [delivery(*frames, refusals=(refusal,)), delivery(wild, rival, Frame(0, 9, ()))]


def before(series: Series) -> None:
    series.append([delivery(series_of({0: 0.5}, seq=20))], NOON)


@pytest.mark.parametrize("mishap", ["fail", "lose", "500", "429", "408", "401"])
@pytest.mark.parametrize("passed", range(4))
def test_a_batch_that_failed_anywhere_is_as_if_it_went_well_when_it_comes_again(
    influx: Influx, store: InfluxSeries, passed: int, mishap: str
) -> None:
    calm = InfluxSeries(Address.parse(influx.fresh("calm")))
    for one in (calm, store):
        before(one)
    calm.append(batch(), NOON + 1)
    untouched = everything(store)
    influx.mishaps.extend(["take"] * passed + [mishap])
    try:
        store.append(batch(), NOON + 1)
    except StoreUnavailable:
        if mishap != "lose":
            assert everything(store) == untouched, "something of a failed batch shows"
        store.append(batch(), NOON + 1)
    else:
        assert influx.mishaps, "a write failed and nobody said so"
    influx.mishaps.clear()
    if (mishap, passed) == ("lose", 1):
        # Committed, and only the answer lost: for the quarantine the batch came twice.
        calm.append(batch(), NOON + 1)
    assert everything(store) == everything(calm)
    assert store.append(batch(), NOON + 2).fates == (Fate(0, 4, 0, 1), Fate(0, 3, 0, 0))
    calm.close()


def test_what_a_killed_writer_left_is_not_shown_and_is_new_when_it_comes_again(
    influx: Influx, url: str
) -> None:
    first = InfluxSeries(Address.parse(url))
    before(first)
    influx.mishaps.extend(["take", "fail"])
    with pytest.raises(StoreUnavailable):
        first.append(batch(), NOON)
    first.close()  # killed: what it knew is gone
    second = InfluxSeries(Address.parse(url), new=False)
    # Other messages come first, and take numbers; the old ones come in another batch.
    second.append([delivery(series_of({900: 4.0}, seq=30))], NOON)
    assert [r.value for r in second.read(ONE, ALL)] == [0.5, 4.0]
    assert second.latest([ONE, SeriesId(2)], LAST_MS).keys() == {ONE}
    assert second.tally().readings == 2
    assert second.series_ids() == [ONE]
    fates = second.append(batch()[1:], NOON).fates + second.append(batch()[:1], NOON).fates
    assert fates == (Fate(3, 0, 1, 0), Fate(3, 1, 1, 1))
    assert second.check() == []
    second.close()


def test_another_batch_does_not_make_a_failed_one_show(influx: Influx, store: InfluxSeries) -> None:
    before(store)
    influx.mishaps.extend(["take", "fail"])
    with pytest.raises(StoreUnavailable):
        store.append(batch(), NOON)
    store.append([delivery(series_of({900: 4.0, 915: 5.0}, seq=30))] * 5, NOON)
    assert [r.value for r in store.read(ONE, ALL)] == [0.5, 4.0, 5.0]
    assert store.append(batch(), NOON).fates == (Fate(4, 0, 1, 1), Fate(2, 1, 1, 0))


def test_a_failed_third_value_leaves_the_conflict_of_two_counted(
    influx: Influx, store: InfluxSeries
) -> None:
    for seq, value in enumerate((1.0, 2.0)):
        store.append([delivery(series_of({0: value}, seq=seq))], NOON)
    influx.mishaps.extend(["take", "fail"])
    with pytest.raises(StoreUnavailable):
        store.append([delivery(series_of({0: 3.0}, seq=2))], NOON)
    assert (store.tally().conflicts, store.tally().readings) == (1, 2)
    assert store.latest([ONE], NOON + 1)[ONE].value == 1.0


def test_numbers_of_cycles_ascend_over_restarts(url: str) -> None:
    found = []
    for seq in range(3):
        store = InfluxSeries(Address.parse(url))
        store.append([delivery(series_of({seq: 1.0}, seq=seq))], NOON)
        found.append(store.beats(DEVICE, 1)[0].frame)
        store.close()
    assert found == sorted(set(found))


def test_two_processes_that_take_turns_lose_nothing(url: str) -> None:
    """A quarantine retried by hand while ingest runs."""
    both = [InfluxSeries(Address.parse(url)) for _ in range(2)]
    dice = random.Random(3)
    for seq in range(60):
        dice.choice(both).append([delivery(series_of({seq: float(seq)}, seq=seq))], NOON)
    for store in both:
        assert [r.value for r in store.read(ONE, ALL)] == [float(n) for n in range(60)]
        assert store.ledger(DEVICE) == {0: ((0, 59),)}
        assert (store.tally().readings, store.tally().frames, store.check()) == (60, 60, [])
        store.close()


def test_two_processes_at_once_lose_nothing(url: str) -> None:
    """Each is told of the other now and then, and tries again."""

    def write(number: int) -> None:
        store = InfluxSeries(Address.parse(url))
        for seq in range(50):
            frame = series_of({seq: float(seq)}, seq=seq, series=number)
            while True:
                try:
                    store.append([delivery(frame, device=f"dat-{number}")], NOON)
                    break
                except StoreUnavailable:
                    time.sleep(0.01 * number)
        store.close()

    InfluxSeries(Address.parse(url)).close()
    threads = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = InfluxSeries(Address.parse(url))
    for number in (1, 2):
        found = [r.value for r in store.read(SeriesId(number), ALL)]
        assert found == [float(n) for n in range(50)]
        assert store.ledger(DeviceId(f"dat-{number}")) == {0: ((0, 49),)}
    tally = store.tally()
    assert (tally.readings, tally.frames, tally.touched, store.check()) == (100, 100, 2, [])
    store.close()


def test_a_writer_whose_numbers_another_has_voided_is_told(
    url: str, store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(store)
    other = InfluxSeries(Address.parse(url))
    commit = Bucket.commit

    def late(self: Bucket, points: list[Point]) -> None:
        # The other begins while this one is about to commit.
        monkeypatch.setattr(Bucket, "commit", commit)
        other.append([delivery(series_of({60: 7.0}, seq=8))], NOON)
        commit(self, points)

    monkeypatch.setattr(Bucket, "commit", late)
    with pytest.raises(StoreUnavailable, match="another writer"):
        store.append([delivery(series_of({15: 2.0}, seq=3))], NOON)
    store.append([delivery(series_of({15: 2.0}, seq=3))], NOON)
    assert [r.value for r in other.read(ONE, ALL)] == [0.5, 2.0, 7.0]
    assert sorted(b.seq or 0 for b in other.beats(DEVICE, 9)) == [3, 8, 20]
    assert (other.tally().frames, other.check()) == (3, [])
    other.close()


def test_a_writer_that_voids_finds_the_one_that_commits(
    url: str, store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(store)
    commit, done = Bucket.commit, list[int]()

    def late(self: Bucket, points: list[Point]) -> None:
        if not done and points[0].measurement == "void":
            done.append(1)
            store.append([delivery(series_of({15: 2.0}, seq=3))], NOON)
        commit(self, points)

    monkeypatch.setattr(Bucket, "commit", late)
    other = InfluxSeries(Address.parse(url))
    with pytest.raises(StoreUnavailable, match="another writer"):
        other.append([delivery(series_of({60: 7.0}, seq=8))], NOON)
    assert [r.value for r in store.read(ONE, ALL)] == [0.5, 2.0]
    other.append([delivery(series_of({60: 7.0}, seq=8))], NOON)
    assert [r.value for r in store.read(ONE, ALL)] == [0.5, 2.0, 7.0]
    other.close()


def test_a_move_cut_short_is_done_again_whole(influx: Influx, store: InfluxSeries) -> None:
    for n in range(12):
        moment = NOON + n * 15 * MINUTE_MS
        row = (reading(1, moment - 6 * HOUR_MS, float(n)),)
        store.append([delivery(Frame(0, n, row), received_ms=moment)], moment)
    offset = Offset(0, 6 * HOUR_MS, 12, 0)
    for passed in range(3):
        influx.mishaps.extend(["take"] * passed + ["fail"])
        with pytest.raises(StoreUnavailable):
            store.move(DEVICE, offset, [ONE], NOON)
    assert store.move(DEVICE, offset, [ONE], NOON) == 12
    assert [r.value for r in store.read(ONE, Window(NOON, NOON + 4 * HOUR_MS))] == [
        float(n) for n in range(12)
    ]
