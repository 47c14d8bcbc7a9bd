"""The AMQP source against a real RabbitMQ: MQTT in front, a quorum queue, several workers."""

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from domain.receipt import Receipt
from ingest.amqp import ARGUMENTS, QUEUE, AmqpEndpoint, AmqpSource
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON
from tests.conftest import USERS, started
from tests.ingest.rig import await_receipt, link, pack, until, writer_on
from tests.ingest.test_mqtt import SqliteSeriesAway, kept
from tests.services.brokers import Rabbit


@pytest.fixture(scope="module")
def rabbit() -> Iterator[Rabbit]:
    yield from started(lambda: Rabbit(USERS, "none"), lambda server: server.start())


@pytest.fixture
def series(tmp_path: Path) -> Iterator[SqliteSeries]:
    store = SqliteSeries(tmp_path / "series.db")
    yield store
    store.close()


class Worker:
    """One of several: source, writer and the writer's thread."""

    def __init__(self, rabbit: Rabbit, series: SqliteSeries, word: str = USERS["ingest"]) -> None:
        self.writer = writer_on(series)
        endpoint = AmqpEndpoint((("127.0.0.1", rabbit.amqp),), "ingest", word)
        self.source = AmqpSource(endpoint, lambda: NOON)
        self._thread = threading.Thread(target=self.writer.run, args=(self.source,), daemon=True)
        self._thread.start()
        self.source.start(self.writer.offer)

    def stop(self) -> None:
        self.writer.stop()
        self._thread.join(5)
        self.source.stop()


def depth(rabbit: Rabbit) -> int:
    """How many messages wait in the queue; declares it as every worker does."""
    words = pika.PlainCredentials("ingest", USERS["ingest"])
    where = pika.ConnectionParameters("127.0.0.1", rabbit.amqp, "/", words)
    with pika.BlockingConnection(where) as connection:
        answer = connection.channel().queue_declare(QUEUE, durable=True, arguments=ARGUMENTS)
        return int(answer.method.message_count)


def test_from_device_to_store_and_back_again_as_a_receipt(
    rabbit: Rabbit, series: SqliteSeries
) -> None:
    worker = Worker(rabbit, series)
    assert worker.source.wait_connected(20)
    device = link(rabbit)
    until(device._client.is_connected)
    time.sleep(0.3)
    for first in range(0, 200, 20):
        device.send(pack(first, 20))
    device.send(b"\xff not a pack")
    await_receipt(device, Receipt(0, 199))
    until(lambda: series.tally().quarantined == 1)
    device.close()
    until(lambda: worker.writer.inbox.snapshot().in_flight == 0)
    worker.stop()
    assert kept(series) == 200
    assert series.ledger(DEVICE) == {0: ((0, 199),)}
    assert depth(rabbit) == 0, "everything was acknowledged"


def test_workers_share_the_queue_and_one_that_leaves_strands_nothing(
    rabbit: Rabbit, series: SqliteSeries
) -> None:
    """One worker's store is away: what it holds goes to the others when it ends."""
    stuck = Worker(rabbit, SqliteSeriesAway(series))
    assert stuck.source.wait_connected(20)
    good = [Worker(rabbit, series) for _ in range(2)]
    assert all(worker.source.wait_connected(20) for worker in good)
    device = link(rabbit)
    for start in range(0, 600, 10):
        device.send(pack(start, 10))
    until(lambda: device.waiting() == 0)
    until(lambda: stuck.writer.inbox.snapshot().received > 0)
    until(lambda: all(w.writer.inbox.snapshot().received > 0 for w in good))
    assert kept(series) < 600
    stuck.stop()
    until(lambda: kept(series) == 600)
    for worker in good:
        worker.stop()
    device.close()
    assert series.ledger(DEVICE) == {0: ((0, 599),)}


def test_the_broker_is_killed_and_nothing_acknowledged_is_lost(
    rabbit: Rabbit, series: SqliteSeries
) -> None:
    worker = Worker(rabbit, series)
    assert worker.source.wait_connected(20)
    worker.stop()
    time.sleep(2)  # a quorum queue is not on disk in the second after it was made
    device = link(rabbit)
    for start in range(0, 300, 10):
        device.send(pack(start, 10))
    until(lambda: device.waiting() == 0)
    late = Worker(rabbit, series)
    rabbit.kill()
    rabbit.start()
    until(lambda: kept(series) == 300, 60)
    assert late.source.restarts() > 0 or late.source.connected()
    late.stop()
    device.close()


def test_a_wrong_password_is_one_clear_line_and_tried_again(
    rabbit: Rabbit, series: SqliteSeries, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        worker = Worker(rabbit, series, "wrong")
        until(lambda: "RabbitMQ refuses ingest" in caplog.text)
    assert not worker.source.connected()
    worker.stop()


def test_a_queue_of_another_kind_is_said_and_not_used(
    rabbit: Rabbit, series: SqliteSeries, caplog: pytest.LogCaptureFixture
) -> None:
    words = pika.PlainCredentials("ingest", USERS["ingest"])
    where = pika.ConnectionParameters("127.0.0.1", rabbit.amqp, "/", words)
    with pika.BlockingConnection(where) as connection:
        channel = connection.channel()
        channel.queue_delete(QUEUE)
        channel.queue_declare(QUEUE, durable=True)
        with caplog.at_level(logging.ERROR):
            worker = Worker(rabbit, series)
            until(lambda: "inequivalent arg 'x-queue-type'" in caplog.text)
        assert not worker.source.connected()
        channel.queue_delete(QUEUE)
        until(worker.source.connected, 30)
    worker.stop()
