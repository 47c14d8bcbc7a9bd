"""What proof costs: issuing against reading the same rows, verifying, size, and the log's growth.

    python -m bench.proof [--days 90] [--entries 1000000]

A season of twelve series at ten minutes, three devices of four, in the embedded stores. Issuing
is held against reading the season's rows once, in the same run; the log's appends at its full
size against those at its beginning.
"""

import argparse
import gc
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.device import Device, Placement
from domain.diary import Entry, Work
from domain.gs1 import Gln, Gtin, LotNumber
from domain.ids import AreaCode, Channel, DeviceId, EntryId, PlotId, ProducerId, SeasonId, SeriesId
from domain.lot import IssuedPassport, Lot, Product
from domain.plot import Area, Crop, Plot, Producer, Season
from domain.quality import GOOD
from domain.reading import Delivery, Frame, Reading
from domain.window import DAY_MS, MINUTE_MS, Window, days_window
from store.records import Records, tables
from store.records.days import DayDue
from store.records.log import LogEntry
from store.sqlite import SqliteSeries
from traceability.bundling import make_bundle, raw_readings
from traceability.diary import write
from traceability.evidence.commit import Source, log_days, measuring
from traceability.key_register import announce, trusted
from traceability.log.append import record
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey
from traceability.log.key import create as create_log_key
from traceability.log.publish import publish
from traceability.lots import LotRequest, open_lot
from traceability.passport import Issuer, issue
from traceability.signer import create
from traceability.trust import Trust
from traceability.verify_bundle import verify_bundle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = date(2026, 11, 21)
NOW = days_window(TODAY, TODAY, ZONE).start_ms + 12 * 60 * MINUTE_MS
GTIN, PLOT = Gtin("09520001000010"), PlotId("ruong-1")
CHANNELS = (
    ("soil_moisture_20", "soil_moisture", 30.0), ("soil_temperature_20", "soil_temperature", 28.0),
    ("air_temperature", "air_temperature", 29.0), ("air_humidity", "air_relative_humidity", 80.0),
)  # fmt: skip
_STEP = 10 * MINUTE_MS


class Farm:
    """A season in embedded stores, with a lot that is ready to be issued."""

    def __init__(self, folder: Path, days: int) -> None:
        self.series = SqliteSeries(folder / "series.db")
        self.records = Records(f"sqlite:///{folder / 'records.db'}")
        self.records.migrate()
        self.signer = create(folder / "key", NOW - 10**9)
        self.log_key: NamedKey = create_log_key(folder / "log.key", "nguon.example/log")
        self.files = LogFiles(folder / "log")
        self.issuer = Issuer(self.records, self.series, self.signer, "x", self.log_key.name)
        self.started, self.harvested = TODAY - timedelta(days=days), TODAY - timedelta(days=1)
        self.season = days_window(self.started, self.harvested, ZONE)
        self.lot = self._register()
        self._measure()

    def _register(self) -> Lot:
        area, producer = AreaCode("xa-mau"), ProducerId("ho-1")
        with self.records.transaction() as t:
            announce(t, self.signer.public(), NOW)
            t.places.add_area(Area(area, "Xã", "Commune", ZONE, date(2025, 7, 1), None, "bench"))
            t.places.add_crop(Crop("cucumber", "Dưa leo", "Cucumber"))
            t.places.add_producer(Producer(producer, "Hộ mẫu", area, None))
            gln = Gln("9520001001017")
            t.places.add_plot(Plot(PLOT, "Ruộng 1", producer, area, gln, 0.4))
            t.places.add_season(Season(SeasonId("vu"), PLOT, "cucumber", self.started, None))
            t.lots.add_product(Product(GTIN, "cucumber", producer, "Dưa leo", "Cucumber", 10))
            for number in range(3):
                device = DeviceId(f"dat-{number}")
                t.devices.add(Device(device, "Cảm biến", 0))
                for channel, name, _ in CHANNELS:
                    t.devices.add_stream(device, Channel(channel), name, 0.2, 600)
                t.devices.place(Placement(device, PLOT, 0, None))
            harvest = Entry(
                EntryId("thu"), PLOT, Work.HARVEST, self.harvested, "x", 400.0, "kg", None, "", NOW
            )
            write(t, harvest, TODAY)
            return open_lot(t, LotRequest(GTIN, LotNumber("LO-1"), harvest.id, 300.0), NOW)

    def _measure(self) -> None:
        batch: list[Delivery] = []
        for seq, time_ms in enumerate(range(self.season.start_ms, self.season.end_ms, _STEP)):
            for number in range(3):
                readings = tuple(
                    Reading(SeriesId(number * 4 + i + 1), time_ms,
                            round(usual + (seq * 7 + i) % 97 / 10, 1), GOOD.pack())
                    for i, (_, _, usual) in enumerate(CHANNELS)
                )  # fmt: skip
                device = DeviceId(f"dat-{number}")
                frame = Frame(0, seq, readings)
                batch.append(Delivery("t", b"", time_ms + 1_500, device, (frame,), ()))
            if len(batch) >= 600:
                self.series.append(batch, time_ms + 2_000)
                batch = []
        self.series.append(batch, NOW - DAY_MS)
        touched = self.series.touched(10_000_000)
        self.series.settle([], touched)

    def log_the_season(self) -> int:
        """Log every day, as the watcher does night by night; return how many."""
        source = Source.of(self.series)
        with self.records.reading() as transaction:
            stations = measuring(transaction, NOW)
            days = [
                DayDue(device, self.started + timedelta(days=n), 0)
                for n in range((TODAY - self.started).days)
                for device in stations
            ]
        return log_days(self.records, source, stations, days, NOW)

    def read_rows(self) -> int:
        """Read the season's rows once: what issuing is held against."""
        window = Window(self.season.start_ms, self.season.end_ms)
        return sum(1 for n in range(12) for _ in self.series.read(SeriesId(n + 1), window))

    def issue(self, after_ms: int) -> IssuedPassport:
        """Issue the lot's passport (again)."""
        return issue(self.issuer, self.lot, NOW + after_ms)

    def trust(self) -> Trust:
        """What a stranger is given."""
        with self.records.reading() as transaction:
            keys = trusted(transaction)
        return Trust(keys, Policy(self.log_key.name, (self.log_key.log(),)))

    def proof(self, passport: IssuedPassport) -> tuple[bytes, list[bytes]]:
        """Return a passport's proof, and its raw readings."""
        publish(self.records, self.files, self.log_key)
        with self.records.reading() as transaction:
            raw = make_bundle(transaction, self.files, passport)
            files = raw_readings(transaction, self.series, passport, NOW)
            return raw, [b"".join(lines) for _, lines in files]

    def close(self) -> None:
        """Close the stores."""
        self.series.close()
        self.records.close()


def timed(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the least processor seconds that ``work`` takes: others may be busy beside it."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def season(days: int) -> None:
    """Print what issuing, proving and verifying a season's passport take."""
    with tempfile.TemporaryDirectory() as folder:
        farm = Farm(Path(folder), days)
        began = time.process_time()
        logged = farm.log_the_season()
        nightly = time.process_time() - began
        rows, counter = farm.read_rows(), iter(range(1, 1_000))
        reading = timed(farm.read_rows)
        issuing = timed(lambda: farm.issue(next(counter)))
        passport = farm.issue(next(counter))
        raw, readings = farm.proof(passport)
        trust = farm.trust()
        verifying = timed(lambda: verify_bundle(raw, trust))
        remaking = timed(lambda: verify_bundle(raw, trust, readings))
        farm.close()
    print(f"a season of {days} days, 12 series at ten minutes: {rows:,} rows, {logged} device-days")
    print("| what | processor seconds, best of five | of reading |\n| --- | --- | --- |")
    print(f"| reading the rows once | {reading:.2f} | 1.00 |")
    print(f"| issuing the passport | {issuing:.2f} | {issuing / reading:.2f} |")
    print(f"| logging its device-days, over the season | {nightly:.2f} | {nightly / reading:.2f} |")
    print(f"| verifying the proof | {verifying:.3f} | |")
    print(f"| the same with all raw readings | {remaking:.2f} | {remaking / reading:.2f} |")
    print(f"\nthe proof without raw data: {len(raw):,} bytes\n")


def growth(entries: int) -> None:
    """Print what an append and a checkpoint cost, at the log's beginning and at its full size."""
    with tempfile.TemporaryDirectory() as folder:
        records = Records(f"sqlite:///{Path(folder) / 'records.db'}")
        records.migrate()
        key = create_log_key(Path(folder) / "log.key", "nguon.example/log")
        files = LogFiles(Path(folder) / "log")
        at_first = _append_and_publish(records, files, key)
        began = time.perf_counter()
        while (size := _size(records)) < entries:
            _fill(records, min(50_000, entries - size))
        publish(records, files, key)
        filling = time.perf_counter() - began
        at_last = _append_and_publish(records, files, key)
        tree = files.tree(_size(records) // 2)
        proving = timed(lambda: tree.inclusion(12_345 % tree.size), 5)
        records.close()
    print(f"a log of {entries:,} entries (filled and published in {filling:.0f} s)")
    print("| what, ms | at first | at full size | ratio |\n| --- | --- | --- | --- |")
    for name, first, last in zip(("append", "publish"), at_first, at_last, strict=True):
        print(f"| {name} | {first * 1000:.2f} | {last * 1000:.2f} | {last / first:.2f} |")
    print(f"\na proof of inclusion from its files: {proving * 1000:.2f} ms")


def _append_and_publish(records: Records, files: LogFiles, key: NamedKey) -> tuple[float, float]:
    appends, publishes = [], []
    for n in range(300):
        began = time.perf_counter()
        with records.transaction() as transaction:
            record(transaction, "passport", f"x{n}", {"envelope": "0" * 64, "n": n}, NOW)
        appends.append(time.perf_counter() - began)
        began = time.perf_counter()
        publish(records, files, key)
        publishes.append(time.perf_counter() - began)
    return statistics.median(appends), statistics.median(publishes)


def _fill(records: Records, count: int) -> None:
    with records.transaction() as transaction:
        first, _ = transaction.log.next_place()
        entry = b'{"at":"2026-11-21T05:00:00.000Z","envelope":"%064d","type":"nguon/passport/1"}'
        rows = [
            LogEntry(n, "passport", f"y{n}", NOW, entry % n)._asdict()
            for n in range(first, first + count)
        ]
        transaction.connection.execute(tables.log_entry.insert(), rows)


def _size(records: Records) -> int:
    with records.reading() as transaction:
        return transaction.log.size()


def main() -> None:
    """Run the measurements."""
    parser = argparse.ArgumentParser(prog="python -m bench.proof", description=__doc__)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    season(options.days)
    growth(options.entries)


if __name__ == "__main__":
    main()
