"""Ingest in this process against a real broker, and a device at the other end."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from domain.ids import DeviceId
from domain.pack import Coding, encode
from domain.properties import observed_properties
from domain.reading import Cycle, Observation
from domain.receipt import Receipt
from firmware_sim.link import Broker, Link
from ingest.gaps import Patience
from ingest.mqtt import MqttSource, Watch
from ingest.mqtt_client import Endpoint
from ingest.register import RegisterCache
from ingest.writer import Bounds, Writer
from store.series import Series
from tests.builders import DEVICE, NOON, register
from tests.conftest import CLIENT_ID, USERS


class HasPort(Protocol):
    port: int


def until(holds: Callable[[], bool], patience_s: float = 20.0) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def writer_on(series: Series) -> Writer:
    return Writer(
        series,
        RegisterCache(register),
        observed_properties(),
        lambda: NOON,
        Bounds(retry_s=0.05, patience=Patience(0.2, 0.5, 2.0)),
    )


class Ingest:
    """One ingest: source, writer and the writer's thread."""

    def __init__(
        self, broker: HasPort, series: Series, version: str = "auto", watch: Watch | None = None
    ) -> None:
        self.writer = writer_on(series)
        word = USERS["ingest"]
        endpoint = Endpoint("127.0.0.1", broker.port, CLIENT_ID, "ingest", word, version)
        self.source = MqttSource(endpoint, lambda: NOON, watch)
        self._thread = threading.Thread(target=self.writer.run, args=(self.source,), daemon=True)
        self._thread.start()
        self.source.start(self.writer.offer)

    def stop(self) -> None:
        self.source.stop()
        self.writer.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()


def link(broker: HasPort, device: str = DEVICE) -> Link:
    return Link(Broker("127.0.0.1", broker.port), DeviceId(device), USERS[device])


def pack(first: int, count: int, device: str = DEVICE) -> bytes:
    cycles = [
        Cycle(0, seq, (Observation("air_temperature", NOON + seq * 1000, 20.0 + seq % 10, "Cel"),))
        for seq in range(first, first + count)
    ]
    return encode(DeviceId(device), cycles, Coding.CBOR)


def await_receipt(device: Link, wanted: Receipt) -> None:
    receipts: list[Receipt] = []

    def came() -> bool:
        receipts.extend(device.receipts())
        return wanted in receipts

    until(came)
