"""The watcher and the verbs about what came, what is missing and what was refused."""

import random
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.ids import Channel, SeriesId
from domain.limits import Spike, in_force
from domain.pack import Coding, encode
from domain.properties import observed_properties
from domain.quality import Flag, Verdict
from domain.reading import Cycle, Frame, Observation
from domain.window import HOUR_MS, MINUTE_MS, Size, Window
from field.silence import Change, look
from ingest.message import Received
from ingest.pipeline import Rules, take_in
from ingest.register import RegisterCache
from ingest.writer import Bounds, Writer
from nguon import metrics
from nguon.__main__ import main
from nguon.clocks import ClockWatch
from nguon.compose import Stores, now_ms, open_series, stores
from nguon.settings import Settings
from nguon.watch import roll_up_and_judge
from store.judged import limits_of
from store.series import Series
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON, delivery, farm, reading, register
from tests.ingest.rig import until

QUARTER = 15 * MINUTE_MS
ALL = Window(0, NOON * 2)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    with stores(Settings(data=tmp_path), new=True) as made:
        farm(made.records)
        yield made


def live(
    opened: Stores, first: int, count: int, lag_ms: int = 0, series: tuple[int, ...] = (1, 2, 3)
) -> None:
    for n in range(first, first + count):
        moment = NOON + n * QUARTER
        rows = tuple(reading(s, moment - lag_ms, 20.0 + n % 3) for s in series)
        opened.series.append([delivery(Frame(0, n, rows), received_ms=moment)], moment)


def test_a_clock_six_hours_behind_is_found_and_its_cycles_ordered(opened: Stores) -> None:
    live(opened, 0, 11, 21_597_000)
    roll_up_and_judge(opened, ClockWatch(opened.series))
    assert {r.skew_ms for r in opened.series.read(SeriesId(1), ALL)} == {0}, "not enough evidence"
    live(opened, 11, 3, 21_597_000)
    while roll_up_and_judge(opened, ClockWatch(opened.series)):
        pass
    for number in (1, 2, 3):
        found = list(opened.series.read(SeriesId(number), ALL))
        assert [r.time_ms for r in found] == [NOON + n * QUARTER for n in range(14)]
        assert {r.skew_ms for r in found} == {21_597_000}
        assert all(Verdict.unpack(r.quality).failed.names() == ("clock",) for r in found)


def test_a_clock_is_found_out_however_many_cycles_a_message_holds(opened: Stores) -> None:
    for number in range(13):
        moment = NOON + number * 20 * QUARTER
        frames = []
        for n in range(20):
            time_ms = moment - 6 * HOUR_MS - (19 - n) * QUARTER
            rows = tuple(reading(s, time_ms, 20.0) for s in (1, 2, 3))
            frames.append(Frame(0, number * 20 + n, rows))
        opened.series.append([delivery(*frames, received_ms=moment)], moment)
    while roll_up_and_judge(opened, ClockWatch(opened.series)):
        pass
    assert {r.skew_ms for r in opened.series.read(SeriesId(1), ALL)} == {6 * HOUR_MS}


def test_a_refused_cycle_says_nothing_against_the_clock_of_the_next(opened: Stores) -> None:
    """One message, three hours late; its second cycle's only channel was never declared."""
    rows = [("air_temperature", 0), ("sap_flow", 1), ("air_temperature", 2)]
    cycles = [Cycle(0, n, (Observation(name, NOON + n * QUARTER, 21.0, None),)) for name, n in rows]
    with opened.records.reading() as transaction:
        rules = Rules(transaction.devices.register(), observed_properties())
    payload = encode(DEVICE, cycles, Coding.JSON)
    message = Received("nguon/v1/dat-01/up", payload, NOON + 3 * HOUR_MS, (1, 1, 1))
    opened.series.append([take_in(message, rules)], NOON)
    assert [b.time_ms for b in opened.series.beats(DEVICE, 9)] == [
        NOON + n * QUARTER for n in (2, 1, 0)
    ]
    roll_up_and_judge(opened, ClockWatch(opened.series))
    assert {r.quality for r in opened.series.read(SeriesId(2), ALL)} == {Verdict(Flag.GOOD).pack()}


def test_a_logger_that_stamps_the_beginning_of_its_interval_is_not_silent(opened: Stores) -> None:
    with opened.records.transaction() as transaction:
        look(transaction, opened.series, NOON)
    for n in range(8):
        live(opened, n, 1, QUARTER)
        with opened.records.transaction() as transaction:
            change = look(transaction, opened.series, NOON + n * QUARTER + QUARTER - 1)
            assert change.begun == ()


def test_a_clock_set_back_is_flagged_where_it_ran_backwards(opened: Stores) -> None:
    live(opened, 0, 4)
    live(opened, 4, 2, 2 * HOUR_MS)
    while roll_up_and_judge(opened, ClockWatch(opened.series)):
        pass
    wrong = [
        (r.received_ms - NOON) // QUARTER
        for r in opened.series.read(SeriesId(1), ALL)
        if "clock" in Verdict.unpack(r.quality).failed.names()
    ]
    assert wrong == [4]


def test_silence_begins_and_ends_per_sensor(opened: Stores) -> None:
    with opened.records.transaction() as transaction:
        transaction.silences.end(transaction.silences.running(), NOON)
    live(opened, 0, 4)
    live(opened, 4, 4, series=(2, 3))
    now = NOON + 7 * QUARTER
    with opened.records.transaction() as transaction:
        change = look(transaction, opened.series, now)
    assert [(s.series, s.since_ms) for s in change.begun] == [(1, NOON + 3 * QUARTER)]
    with opened.records.transaction() as transaction:
        again = look(transaction, opened.series, now)
        assert (again.begun, again.ended) == ((), ())
        # Exactly one and a half intervals are still on time.
        edge = look(transaction, opened.series, now + QUARTER * 3 // 2)
        assert edge.begun == ()
        assert {s.series for s in look(transaction, opened.series, now + 2 * QUARTER).begun} == {
            2,
            3,
        }
    live(opened, 8, 1)
    with opened.records.transaction() as transaction:
        over = look(transaction, opened.series, NOON + 8 * QUARTER)
        assert {s.series for s in over.ended} == {1, 2, 3}
        assert transaction.silences.running() == []
        assert {s.series: s.ended_ms for s in transaction.silences.newest(9)} == dict.fromkeys(
            (1, 2, 3), NOON + 8 * QUARTER
        )


def test_a_backlog_does_not_end_a_silence(opened: Stores) -> None:
    with opened.records.transaction() as transaction:
        look(transaction, opened.series, NOON)
    rows = tuple(reading(s, NOON - 50 * QUARTER, 20.0) for s in (1, 2, 3))
    opened.series.append([delivery(Frame(0, 0, rows), received_ms=NOON)], NOON)
    with opened.records.transaction() as transaction:
        look(transaction, opened.series, NOON)
        assert {s.series for s in transaction.silences.running()} == {1, 2, 3}


def test_a_backlog_raises_no_second_alarm(opened: Stores) -> None:
    """It shows that the sensor fell silent later than was known, and that is all."""
    with opened.records.transaction() as transaction:
        first = look(transaction, opened.series, NOON)
        assert len(first.begun) == 3
    for hours in (40, 30):
        rows = tuple(reading(s, NOON - hours * HOUR_MS, 20.0) for s in (1, 2, 3))
        opened.series.append([delivery(Frame(0, 50 - hours, rows), received_ms=NOON)], NOON)
        with opened.records.transaction() as transaction:
            assert look(transaction, opened.series, NOON) == Change((), ())
            running = transaction.silences.running()
            assert {s.since_ms for s in running} == {NOON - hours * HOUR_MS}
            assert len(transaction.silences.newest(9)) == 3


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_a_month_shuffled_thrice_and_a_week_late_rolls_up_to_the_same(
    opened: Stores, backend: str, request: pytest.FixtureRequest
) -> None:
    """Through the watcher, clocks and all; the device's clock was set back once, a little."""
    if backend == "postgres":
        server = request.getfixturevalue("postgres")
        several: list[Series] = [open_series(server.fresh(f"month{n}")) for n in range(3)]
    else:
        folder = Path(request.getfixturevalue("tmp_path"))
        several = [SqliteSeries(folder / f"month-{n}.db") for n in range(3)]
    dice = random.Random(11)
    month = []
    for n in range(30 * 96):
        time_ms = NOON + n * QUARTER - (20 * MINUTE_MS if n >= 1500 else 0)
        values = [round(dice.gauss(25, 3), 2), round(dice.gauss(28, 2), 2)]
        rows = tuple(reading(s, time_ms, v) for s, v in enumerate(values, 1))
        month.append(Frame(0, n, rows))
    week = [(NOON + (n + 7 * 96) * QUARTER, frame) for n, frame in enumerate(month)]
    shuffled = dice.sample(month * 3, len(month) * 3)
    end = NOON + 37 * 96 * QUARTER
    orders = (
        [(NOON + n * QUARTER, frame) for n, frame in enumerate(month)],
        [*week, *((end + n, frame) for n, frame in enumerate(shuffled))],
        [(end + n, frame) for n, frame in enumerate(shuffled)],
    )
    told = []
    for store, sent in zip(several, orders, strict=True):
        whole, clocks = Stores(store, opened.records), ClockWatch(store)
        for start in range(0, len(sent), 100):
            batch = sent[start : start + 100]
            store.append([delivery(f, received_ms=moment) for moment, f in batch], NOON)
            if start % 1000 == 0:
                roll_up_and_judge(whole, clocks)
        while roll_up_and_judge(whole, clocks):
            pass
        buckets = [
            replace(b, late=0)
            for n in (1, 2)
            for size in Size
            for b in store.buckets(SeriesId(n), ALL, size)
        ]
        told.append(buckets)
        store.close()
    assert len(told[0]) > 2 * 700
    assert sum(b.flagged for b in told[0]) > 0
    assert told[0] == told[1] == told[2]


def refused(opened: Stores, channel: str) -> None:
    """A message with one channel that nobody has declared."""
    row = tuple(Observation(name, NOON, 21.0, None) for name in ("air_temperature", channel))
    payload = encode(DEVICE, [Cycle(0, 0, row)], Coding.JSON)
    with opened.records.reading() as transaction:
        rules = Rules(transaction.devices.register(), observed_properties())
    message = Received("nguon/v1/dat-01/up", payload, NOON, (1, 1, 1))
    opened.series.append([take_in(message, rules)], NOON)


def test_quarantine_is_listed_shown_and_retried_after_a_mend(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(opened, "sap_flow")
    assert main(["quarantine", "list"]) == 0
    assert "unknown-channel" in (out := capsys.readouterr().out)
    assert "1 in quarantine, 1 shown" in out
    assert main(["quarantine", "show", "1"]) == 0
    assert "sap_flow" in capsys.readouterr().out
    assert main(["quarantine", "show", "77"]) == 2
    assert "nothing in quarantine has the number 77" in capsys.readouterr().err
    assert main(["quarantine", "retry"]) == 1
    assert "0 mended, 0 readings kept, 1 still refused" in capsys.readouterr().out
    with opened.records.transaction() as transaction:
        transaction.devices.add_stream(DEVICE, Channel("sap_flow"), "water_flow", None, 900)
    assert main(["quarantine", "retry", "--dry-run"]) == 0
    assert "1 would be mended" in capsys.readouterr().out
    assert len(opened.series.quarantined(9)) == 1
    assert main(["quarantine", "retry", "--reason", "unknown-channel"]) == 0
    assert "1 mended, 1 readings kept, 0 still refused" in capsys.readouterr().out
    assert [(r.value, r.received_ms) for r in opened.series.read(SeriesId(4), ALL)] == [
        (21.0, NOON)
    ]
    assert main(["quarantine", "retry"]) == 0
    assert "0 mended" in capsys.readouterr().out
    assert main(["quarantine", "list", "--mended"]) == 0
    assert "mended" in capsys.readouterr().out


def test_the_ledger_tells_what_is_missing_by_boot_and_by_day(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    start = now_ms() - 20 * QUARTER
    for n in [n for n in range(20) if n not in (3, 7, 8)]:
        rows = (reading(1, start + n * QUARTER, 20.0),)
        opened.series.append([delivery(Frame(0, n, rows), received_ms=start + n * QUARTER)], NOON)
    assert main(["ledger"]) == 1
    assert "1 devices, 3 cycles missing" in capsys.readouterr().out
    assert main(["ledger", DEVICE, "--days", "2"]) == 1
    out = capsys.readouterr().out
    assert "boot 0: 17 received, 3 missing (3, 7-8)" in out
    days = [line.split() for line in out.splitlines() if line.startswith("20")]
    assert [sum(int(row[i]) for row in days) for i in (1, 2, 3, 4)] == [20, 17, 3, 0]
    assert main(["ledger", "nobody"]) == 2


def test_a_device_without_numbers_is_accounted_by_its_interval(
    opened: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    start = now_ms() - 4 * 96 * QUARTER
    rows = [reading(1, start + n * QUARTER, 20.0) for n in range(4 * 96) if n % 10]
    frames = [Frame(None, None, (r,)) for r in rows]
    opened.series.append(
        [delivery(f, received_ms=f.readings[0].time_ms + HOUR_MS) for f in frames], NOON
    )
    main(["ledger", DEVICE, "--days", "3"])
    days = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("20")]
    expected, received, missing, late = (int(v) for v in days[0][1:])
    assert expected == 96
    assert missing - (96 - received) in (0, 1), "a slot may be lost at the edge of a day"
    assert 85 <= received <= 87
    assert late == received, "an hour is more than one and a half intervals"


def test_limits_are_set_from_a_file_dated_and_not_overwritten(
    opened: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live(opened, 0, 3)
    while roll_up_and_judge(opened, ClockWatch(opened.series)):
        pass
    path = tmp_path / "limits.toml"
    row = '[[limits]]\ndevice = "dat-01"\nchannel = "soil_moisture_20"\nvalid_from = 2026-06-01\n'
    path.write_text(row + 'source = "clay"\nspike = { suspect = 4 }\n')
    assert main(["limits", str(path), "--dry-run"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert main(["limits", str(path)]) == 0
    assert main(["limits", str(path)]) == 0, "the same again changes nothing"
    with opened.records.reading() as transaction:
        history = limits_of(transaction.devices.stream(SeriesId(1)))
    assert in_force(history, NOON).spike == Spike(4)
    assert in_force(history, 0).spike == Spike(8, 20)
    assert in_force(history, NOON).gap is not None, "tests that are not named keep their limits"
    assert [t.hour_ms for t in opened.series.touched(9)] == [NOON], "judged anew"
    path.write_text(row + 'source = "clay"\nspike = { suspect = 5 }\n')
    assert main(["limits", str(path)]) == 2
    assert "date the new ones later" in capsys.readouterr().err
    for wrong in ("", row, row + 'source = "x"\nspikes = {}\n', row.replace("dat-01", "x")):
        path.write_text(wrong)
        assert main(["limits", str(path)]) == 2


def test_metrics_tell_the_conservation_law(opened: Stores) -> None:
    class Still:
        def start(self, *_: object) -> None: ...
        def stop(self) -> None: ...
        def acknowledge(self, *_: object) -> None: ...
        def tell(self, *_: object) -> None: ...
        def connected(self) -> bool:
            return True

        def alive(self) -> bool:
            return True

        def restarts(self) -> int:
            return 0

    writer = Writer(opened.series, RegisterCache(register), observed_properties(), now_ms, Bounds())
    for number in range(3):
        writer.offer(Received("nguon/v1/dat-01/up", b"x", NOON, (1, number, 1)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def told() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    with metrics.serving(writer, Still(), port, lambda: NOON + 7_000):
        first = told()
        assert first['nguon_ingest_messages_total{fate="received"}'] == 3
        assert (first["nguon_ingest_in_flight"], first["nguon_ingest_unaccounted"]) == (3, 0)
        assert first["nguon_ingest_oldest_seconds"] == 7
        batch = writer.inbox.take(10, 1000, 0, 0)
        assert told()["nguon_ingest_in_flight"] == 3, "in the writer's hand"
        writer._settle(batch, Still())
        until(lambda: told()["nguon_ingest_in_flight"] == 0)
        assert told()['nguon_ingest_messages_total{fate="quarantined"}'] == 3
        assert told()["nguon_ingest_unaccounted"] == 0
