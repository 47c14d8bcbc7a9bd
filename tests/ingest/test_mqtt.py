"""The MQTT source against the three brokers it must work with, all of them real."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from domain.errors import StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.pack import Coding, decode
from domain.receipt import Receipt
from domain.window import Window
from firmware_sim.radio import Radio
from firmware_sim.scenario import NodePlan
from firmware_sim.scenario import Radio as Faults
from ingest.mqtt import Watch
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON
from tests.ingest.rig import HasPort, Ingest, await_receipt, link, pack, until
from tests.services.brokers import Embedded, Mosquitto

ALL = Window(0, 2 * NOON)


@pytest.fixture(params=["mosquitto", "rabbit", "embedded"])
def broker(request: pytest.FixtureRequest) -> HasPort:
    found: HasPort = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def series(tmp_path: Path) -> Iterator[SqliteSeries]:
    store = SqliteSeries(tmp_path / "series.db")
    yield store
    store.close()


def kept(series: SqliteSeries) -> int:
    return len(list(series.read(SeriesId(2), ALL)))


def test_from_device_to_store_and_back_again_as_a_receipt(
    broker: HasPort, series: SqliteSeries
) -> None:
    ingest = Ingest(broker, series)
    assert ingest.source.wait_connected(20)
    device = link(broker)
    for first in range(0, 200, 20):
        device.send(pack(first, 20))
    device.send(b"\xff not a pack")
    await_receipt(device, Receipt(0, 199))
    until(lambda: series.tally().quarantined == 1)
    device.close()
    ingest.stop()
    assert kept(series) == 200
    assert series.ledger(DEVICE) == {0: ((0, 199),)}
    assert ingest.writer.inbox.snapshot().in_flight == 0


def test_what_comes_while_ingest_is_away_is_kept_for_it(
    broker: HasPort, series: SqliteSeries
) -> None:
    first = Ingest(broker, series)
    assert first.source.wait_connected(20)
    first.stop()
    device = link(broker)
    for start in range(0, 100, 10):
        device.send(pack(start, 10))
    until(lambda: device.waiting() == 0)
    second = Ingest(broker, series)
    until(lambda: kept(series) == 100)
    second.stop()
    device.close()


def test_a_device_cannot_speak_as_another(broker: HasPort, series: SqliteSeries) -> None:
    ingest = Ingest(broker, series)
    assert ingest.source.wait_connected(20)
    liar = link(broker, "dat-02")
    until(liar._client.is_connected)
    liar._client.publish("nguon/v1/dat-01/up", pack(0, 5), qos=1)
    honest = link(broker)
    honest.send(pack(100, 5))
    until(lambda: kept(series) == 5)
    assert {r.time_ms for r in series.read(SeriesId(2), ALL)} == {
        NOON + n * 1000 for n in range(100, 105)
    }
    liar.close()
    honest.close()
    ingest.stop()


def test_what_was_received_and_not_committed_is_redelivered(
    mosquitto: Mosquitto, series: SqliteSeries
) -> None:
    """The store was away when ingest ended: nothing was acknowledged, everything comes again."""
    away = SqliteSeriesAway(series)
    first = Ingest(mosquitto, away)
    assert first.source.wait_connected(20)
    device = link(mosquitto)
    for start in range(0, 60, 10):
        device.send(pack(start, 10))
    until(lambda: first.writer.inbox.snapshot().received == 6)
    first.stop()
    assert kept(series) == 0
    second = Ingest(mosquitto, series)
    until(lambda: kept(series) == 60)
    second.stop()
    device.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_noticed_and_the_session_restarted(
    broker: HasPort, series: SqliteSeries
) -> None:
    """An error in paho's thread ends it, and ``is_connected()`` goes on saying True."""
    ingest = Ingest(broker, series, watch=Watch(look_s=0.1))
    assert ingest.source.wait_connected(20)
    device = link(broker)
    device.send(pack(0, 5))
    until(lambda: kept(series) == 5)
    client = ingest.source._client
    assert client is not None

    def end_the_thread(*_: object) -> NoReturn:
        raise RuntimeError("as a fault of ours would")

    client.on_message = end_the_thread
    device.send(pack(5, 5))
    until(lambda: ingest.source.restarts() == 1)
    if isinstance(broker, Embedded):  # it forgets what was not acknowledged
        assert ingest.source.wait_connected(20)
        device.send(pack(5, 5))
    until(lambda: kept(series) == 10)
    assert ingest.source.restarts() == 1
    device.close()
    ingest.stop()


@pytest.mark.parametrize("name", ["mosquitto", "rabbit"])
def test_a_session_that_hears_nothing_any_more_is_restarted(
    name: str, request: pytest.FixtureRequest, series: SqliteSeries
) -> None:
    """The thread lives and the line stands, but not even the own heartbeat comes back.

    Not on the embedded broker, which at times loses the session that takes over another.
    """
    broker: HasPort = request.getfixturevalue(name)
    ingest = Ingest(broker, series, watch=Watch(look_s=0.1, beat_s=0.3, deaf_s=3.0))
    assert ingest.source.wait_connected(20)
    until(lambda: ingest.source._line.beats_heard > 1)
    client = ingest.source._client
    assert client is not None
    client.on_message = lambda *_: None
    until(lambda: ingest.source.restarts() == 1)
    assert ingest.source.wait_connected(20)
    device = link(broker)
    device.send(pack(0, 5))
    until(lambda: kept(series) == 5)
    # And a session that is well stays.
    time.sleep(4)
    assert ingest.source.restarts() == 1
    device.close()
    ingest.stop()


def with_rights(mosquitto: Mosquitto, change: Callable[[str], str]) -> Mosquitto:
    """The broker again, with other rights."""
    mosquitto.stop()
    acl = mosquitto.folder / "acl"
    acl.write_text(change(acl.read_text()))
    return mosquitto.start()


def test_a_line_that_hears_no_heartbeat_from_the_start_is_restarted(
    mosquitto: Mosquitto, series: SqliteSeries
) -> None:
    """Deaf before its first heartbeat: nothing it hears could show that it went deaf."""
    ingest = Ingest(mosquitto, series, watch=Watch(look_s=0.1, beat_s=1.0, deaf_s=3.0))
    assert ingest.source.wait_connected(20)
    client = ingest.source._client
    assert client is not None
    client.on_message = lambda *_: None
    until(lambda: ingest.source.restarts() == 1)
    until(lambda: ingest.source._line.beats_heard > 0)
    assert ingest.source._born_deaf == 0
    ingest.stop()


def test_a_right_to_heartbeats_that_is_missing_does_not_keep_ingest_from_work(
    mosquitto: Mosquitto, series: SqliteSeries, caplog: pytest.LogCaptureFixture
) -> None:
    """Mosquitto grants the subscription and drops the heartbeats."""
    with_rights(mosquitto, lambda acl: acl.replace("nguon/v1/+/beat", "nguon/v1/nobody/beat"))
    ingest = Ingest(mosquitto, series, watch=Watch(look_s=0.1, beat_s=0.3, deaf_s=1.5))
    until(lambda: "may we read and write nguon/v1/" in caplog.text)
    assert ingest.source.wait_connected(20)
    restarts = ingest.source.restarts()
    assert restarts <= 2
    time.sleep(3)
    assert ingest.source.restarts() == restarts
    device = link(mosquitto)
    device.send(pack(0, 5))
    until(lambda: kept(series) == 5)
    device.close()
    ingest.stop()


def test_what_was_lost_on_the_air_is_asked_for_and_comes(
    broker: HasPort, series: SqliteSeries
) -> None:
    ingest = Ingest(broker, series)
    assert ingest.source.wait_connected(20)
    device = link(broker)
    radio = Radio(plan(), device, seed=1)
    cycles = decode(DeviceId("dat-01"), pack(0, 30), NOON)
    for cycle in cycles:
        radio._flash.keep(cycle)
    device.send(pack(0, 10))
    device.send(pack(20, 10))
    until(lambda: kept(series) == 20)
    assert series.gaps(10) == {(DEVICE, 0): ((0, 9), (20, 29))}

    def asked_and_sent() -> bool:
        # Only what is asked for: the radio's own patience is not what is tested here.
        radio._heard_s = time.monotonic()
        radio.turn(lambda _: None)
        return kept(series) == 30

    until(asked_and_sent, 30)
    until(lambda: series.gaps(10) == {})
    device.close()
    ingest.stop()


def test_receipts_make_up_for_a_broker_that_forgets(
    embedded: Embedded, series: SqliteSeries
) -> None:
    """The embedded broker keeps everything in memory; it is killed and nothing is lost."""
    device = link(embedded)
    radio = Radio(plan(), device, seed=1)
    for cycle in decode(DeviceId("dat-01"), pack(0, 100), NOON):
        radio.keep(cycle)
    radio.turn(lambda _: None)
    until(lambda: device.waiting() == 0)
    embedded.kill()
    embedded.start()
    ingest = Ingest(embedded, series, "3.1.1")

    def delivered() -> bool:
        radio.turn(lambda _: None)
        return radio.idle()

    until(delivered, 60)
    assert kept(series) == 100
    device.close()
    ingest.stop()


def test_a_broker_that_comes_up_late_is_still_asked_which_version_it_speaks(
    embedded: Embedded, series: SqliteSeries
) -> None:
    embedded.kill()
    ingest = Ingest(embedded, series)
    time.sleep(1)
    embedded.start()
    assert ingest.source.wait_connected(30)
    ingest.stop()


def plan() -> NodePlan:
    faults = Faults(batch=10, repeat=0.2, reorder=0.2, loss=0.1)
    return NodePlan(DEVICE, "x", "s", 900, Coding.CBOR, (), (), faults, None, 1.0)


class SqliteSeriesAway(SqliteSeries):
    """A store that never answers."""

    def __init__(self, _other: SqliteSeries) -> None:
        pass

    def append(self, *_: object) -> NoReturn:
        raise StoreUnavailable("away")

    def gaps(self, *_: object) -> NoReturn:
        raise StoreUnavailable("away")
