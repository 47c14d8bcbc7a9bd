"""Small worlds for tests: a register, a farm in the records store, deliveries."""

from datetime import date
from zoneinfo import ZoneInfo

import apsw

from domain.device import Datastream, Device, Placement, Register
from domain.diary import PermittedProduct
from domain.gs1 import Gln, Gtin
from domain.ids import AreaCode, Channel, DeviceId, PlotId, ProducerId, SeasonId, SeriesId
from domain.lot import Product
from domain.plot import Area, Band, Crop, Plot, Producer, Season
from domain.quality import GOOD
from domain.reading import Delivery, Frame, Reading, Refusal
from domain.window import HOUR_MS, MINUTE_MS
from store.records import Records, Transaction
from store.records.accounts import Account
from store.sqlite.cells import pack_values, values_of

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = 1_795_233_600_000  # 2026-11-21T04:00:00Z, eleven in the morning in the field
NOON -= NOON % HOUR_MS
DEVICE = DeviceId("dat-01")
PLOT = PlotId("ruong-1")
GTIN = Gtin("09520001000010")
STREAMS = (
    ("soil_moisture_20", "soil_moisture", 0.2),
    ("air_temperature", "air_temperature", None),
    ("rain", "rainfall", None),
)


def register(interval_s: int = 900) -> Register:
    streams = {
        channel: Datastream(SeriesId(i), DEVICE, Channel(channel), name, depth, interval_s)
        for i, (channel, name, depth) in enumerate(STREAMS, 1)
    }
    placement = Placement(DEVICE, PLOT, NOON - 90 * 24 * HOUR_MS, None)
    device = Device(DEVICE, "Cảm biến đất", placement.start_ms)
    return Register({DEVICE: device}, {DEVICE: streams}, {DEVICE: [placement]})


def reading(series: int, time_ms: int, value: float, quality: int = GOOD.pack()) -> Reading:
    return Reading(SeriesId(series), time_ms, value, quality)


def delivery(
    *frames: Frame,
    device: str = DEVICE,
    received_ms: int = NOON,
    refusals: tuple[Refusal, ...] = (),
) -> Delivery:
    topic = f"nguon/v1/{device}/up"
    return Delivery(topic, b"raw", received_ms, DeviceId(device), tuple(frames), refusals)


def series_of(values: dict[int, float], seq: int = 0, series: int = 1) -> Frame:
    """One frame whose readings of one series are ``{minutes after NOON: value}``."""
    rows = tuple(reading(series, NOON + m * MINUTE_MS, v) for m, v in values.items())
    return Frame(0, seq, rows)


def falsify(connection: apsw.Connection) -> None:
    """Change the oldest reading in an embedded store behind its back."""
    ((frame, readings),) = connection.execute(
        "SELECT id, readings FROM frame WHERE readings NOT NULL ORDER BY time LIMIT 1"
    )
    first, *rest = values_of(readings)
    other = pack_values([first + 1, *rest])
    connection.execute("UPDATE frame SET readings = ? WHERE id = ?", (other, frame))


def farm(
    records: Records,
    secret_hash: str = "",
    started: date = date(2026, 10, 1),
    interval_s: int = 900,
) -> None:
    """One area, two producers, two plots, a crop in season, a product, a device on plot 1."""
    with records.transaction() as transaction:
        _places(transaction, started)
        accounts = transaction.accounts
        accounts.add(Account("grower", "Hộ mẫu", "grower", ProducerId("ho-1"), secret_hash))
        accounts.add(Account("other", "Hộ khác", "grower", ProducerId("ho-2"), secret_hash))
        accounts.add(Account("office", "Văn phòng", "office", None, secret_hash))
        for channel, name, depth in STREAMS:
            if channel == "soil_moisture_20":
                transaction.devices.add(Device(DEVICE, "Cảm biến đất", 0))
            transaction.devices.add_stream(DEVICE, Channel(channel), name, depth, interval_s)
        transaction.devices.place(Placement(DEVICE, PLOT, 0, None))


def _places(transaction: Transaction, started: date) -> None:
    places = transaction.places
    area = AreaCode("xa-mau")
    places.add_area(Area(area, "Xã mẫu", "Sample commune", ZONE, date(2025, 7, 1), None, "test"))
    places.add_crop(Crop("cucumber", "Dưa leo", "Cucumber"))
    places.add_band(Band("cucumber", "soil_moisture", 22.0, 34.0, date(2026, 1, 1), "test"))
    for number in (1, 2):
        producer = ProducerId(f"ho-{number}")
        places.add_producer(Producer(producer, f"Hộ mẫu {number}", area, None))
        gln = Gln(("9520001001017", "9520001001024")[number - 1])
        places.add_plot(
            Plot(PlotId(f"ruong-{number}"), f"Ruộng {number}", producer, area, gln, 0.4)
        )
    places.add_season(Season(SeasonId("vu-1"), PLOT, "cucumber", started, None))
    product = Product(GTIN, "cucumber", ProducerId("ho-1"), "Dưa leo", "Cucumber", 10)
    transaction.lots.add_product(product)
    listed = date(2026, 1, 1), None, "danh mục mẫu"
    transaction.diary.add_permitted(PermittedProduct("sample-a", "Thuốc mẫu A", 7, *listed))
