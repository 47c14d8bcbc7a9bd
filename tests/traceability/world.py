"""A farm with readings, a diary and a lot, for the tests of claims."""

from datetime import date, timedelta
from pathlib import Path

from domain.diary import Entry, Work
from domain.gs1 import LotNumber
from domain.ids import EntryId, SeriesId
from domain.lot import IssuedPassport, Lot
from domain.quality import Flag, QcTest, Verdict
from domain.reading import Frame
from domain.window import MINUTE_MS, days_window
from store.records import Records, Transaction
from store.series import Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from tests.builders import DEVICE, GTIN, NOON, PLOT, ZONE, delivery, farm, reading
from traceability.bundling import make_bundle
from traceability.diary import write
from traceability.key_register import announce, trusted
from traceability.keys import TrustedKey
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.log.key import create as create_log_key
from traceability.log.publish import publish
from traceability.lots import LotRequest, open_lot
from traceability.passport import Issuer, issue
from traceability.signer import Signer, create
from traceability.trust import Trust

TODAY = date(2026, 11, 21)
STARTED, HARVESTED = TODAY - timedelta(days=5), TODAY - timedelta(days=1)
FAIL = Verdict(Flag.FAIL, QcTest.SENTINEL).pack()


class World:
    """Stores in a folder, a signer, and the moment it is now."""

    def __init__(self, folder: Path, secret_hash: str = "", url: str | None = None) -> None:
        self.series: Series = SqliteSeries(folder / "series.db")
        self.records = Records(url or f"sqlite:///{folder / 'records.db'}")
        if url is not None:
            self.series.close()
            self.series = PostgresSeries(url)
        self.records.migrate()
        farm(self.records, secret_hash, STARTED)
        self.signer: Signer = create(folder / "key", NOON - 10**9)
        self.trusted: tuple[TrustedKey, ...] = (self.signer.public(),)
        self.log_key = create_log_key(folder / "log.key", "nguon.example/log")
        self.files = LogFiles(folder / "log")
        self.issuer = Issuer(self.records, self.series, self.signer, "Kiểm thử", self.log_key.name)
        with self.records.transaction() as transaction:
            announce(transaction, self.signer.public(), NOON - 10**9)

    def close(self) -> None:
        self.series.close()
        self.records.close()

    def measure(self) -> None:
        """A season at 15 minutes: soil moisture with a gap of six hours and one sentinel."""
        window = days_window(STARTED, HARVESTED, ZONE)
        frames = []
        for i, time_ms in enumerate(range(window.start_ms, window.end_ms, 15 * MINUTE_MS)):
            if 100 <= i < 124:
                continue
            moisture = (
                reading(1, time_ms, -9999.0, FAIL)
                if i == 50
                else reading(1, time_ms, 20.0 + i % 17)
            )
            rain = reading(3, time_ms, 0.5 if i % 40 == 0 else 0.0)
            frames.append(Frame(0, i, (moisture, reading(2, time_ms, 25.0 + i % 9), rain)))
        self.series.append([delivery(*frames)], NOON)

    def measure_late(self) -> None:
        """One more reading of the first day, which nobody has looked at yet."""
        late_ms = days_window(STARTED, STARTED, ZONE).start_ms + 77
        self.series.append([delivery(Frame(7, 0, (reading(1, late_ms, 21.0),)))], NOON + 1)

    def write(self, *entries: Entry) -> None:
        with self.records.transaction() as transaction:
            for entry in entries:
                write(transaction, entry, TODAY)

    def harvest(
        self, kilograms: float = 420.0, day: date = HARVESTED, name: str = "thu-hoach"
    ) -> Entry:
        entry = Entry(
            EntryId(name), PLOT, Work.HARVEST, day, "grower", kilograms, "kg", None, "", NOON
        )
        self.write(entry)
        return entry

    def spray(self, day: date, name: str = "phun", product: str = "sample-a") -> Entry:
        entry = Entry(
            EntryId(name), PLOT, Work.SPRAYING, day, "grower", 2.0, "lít", product, "", NOON
        )
        self.write(entry)
        return entry

    def open(self, transaction: Transaction, kilograms: float = 400.0, number: str = "LO-1") -> Lot:
        request = LotRequest(GTIN, LotNumber(number), EntryId("thu-hoach"), kilograms)
        return open_lot(transaction, request, NOON)

    def issued(self) -> IssuedPassport:
        """Season measured, harvested, lot opened, passport signed."""
        self.measure()
        self.harvest()
        with self.records.transaction() as transaction:
            lot = self.open(transaction)
        return issue(self.issuer, lot, NOON)

    def trust(self) -> Trust:
        """What a stranger is given to check with."""
        with self.records.reading() as transaction:
            keys = trusted(transaction)
        return Trust(keys, Policy(self.log_key.name, (self.log_key.log(),)))

    def proof(self, passport: IssuedPassport) -> bytes:
        """The passport's proof under a checkpoint made now."""
        publish(self.records, self.files, self.log_key)
        with self.records.reading() as transaction:
            return make_bundle(transaction, self.files, passport)


SERIES = {"soil_moisture": SeriesId(1), "air_temperature": SeriesId(2), "rainfall": SeriesId(3)}
__all__ = ["DEVICE", "GTIN", "HARVESTED", "NOON", "PLOT", "SERIES", "STARTED", "TODAY", "World"]
