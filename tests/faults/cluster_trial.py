"""Three RabbitMQ nodes, two workers: the queue's leader is killed in mid-burst, then comes back.

What a device's PUBACK is worth there: on disk on a majority. Nothing acknowledged may be
lost, nothing doubled, and the workers go on without anyone's help.
"""

import random
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from domain.ids import SeriesId
from domain.window import Window
from ingest.amqp import QUEUE, AmqpEndpoint, AmqpSource
from ingest.writer import Writer
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON
from tests.conftest import USERS
from tests.ingest.rig import pack, until, writer_on
from tests.services.cluster import Cluster

ALL = Window(0, 2 * NOON)


class Device:
    """A device that goes to another node when its own is gone, and knows what was acknowledged."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._turn = ports, 0
        self.acked: set[int] = set()
        self._sent: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=DEVICE, clean_session=False,
            protocol=mqtt.MQTTv311,
        )  # fmt: skip
        client.username_pw_set(DEVICE, USERS[DEVICE])
        client.reconnect_delay_set(1, 1)
        client.on_disconnect = client.on_connect_fail = self._next
        client.on_publish = self._on_publish
        client.connect_async("127.0.0.1", ports[0], 10)
        client.loop_start()
        self._client = client

    def send(self, number: int) -> None:
        mid = self._client.publish(f"nguon/v1/{DEVICE}/up", pack(number, 1), qos=1).mid
        with self._lock:
            self._sent[mid] = number
            if mid in self._early:
                self.acked.add(number)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _next(self, *_: object) -> None:
        self._turn += 1
        self._client.connect_async("127.0.0.1", self._ports[self._turn % len(self._ports)], 10)

    def _on_publish(self, *event: object) -> None:
        mid = event[2]
        assert isinstance(mid, int)
        with self._lock:
            if mid in self._sent:
                self.acked.add(self._sent[mid])
            else:
                self._early.add(mid)


class Workers:
    """Two consumers of one queue, each at a node of its own, into one store."""

    def __init__(self, cluster: Cluster, series: SqliteSeries) -> None:
        endpoints = tuple(("127.0.0.1", node.amqp) for node in cluster.nodes)
        self._workers: list[tuple[Writer, AmqpSource, threading.Thread]] = []
        for turn in (1, 2):
            writer = writer_on(series)
            nodes = endpoints[turn:] + endpoints[:turn]
            source = AmqpSource(AmqpEndpoint(nodes, "ingest", USERS["ingest"]), lambda: NOON)
            thread = threading.Thread(target=writer.run, args=(source,), daemon=True)
            thread.start()
            source.start(writer.offer)
            assert source.wait_connected(30)
            self._workers.append((writer, source, thread))

    def stop(self) -> None:
        for writer, source, thread in self._workers:
            until(source.connected, 60)
            writer.stop()
            thread.join(5)
            source.stop()
            assert writer.inbox.snapshot().unaccounted == 0


def kill_the_leader(cluster: Cluster, folder: Path, messages: int, dice: random.Random) -> None:
    """One trial on a running cluster; raises `AssertionError` for what does not hold."""
    series = SqliteSeries(folder / "series.db")
    workers = Workers(cluster, series)
    time.sleep(3)  # a quorum queue is not on disk in the second after it was made
    (leader,) = (node for node in cluster.nodes if node.leads(QUEUE))
    # The device begins on the node that will die, so it has to move too.
    ports = [leader.port, *(node.port for node in cluster.nodes if node is not leader)]
    device = Device(ports)
    gone = dice.randrange(messages // 10, messages // 2)
    back = dice.randrange(gone + 10, messages)
    for number in range(messages):
        device.send(number)
        time.sleep(0.004)
        if number == gone:
            leader.kill()
        if number == back:
            leader.start()
    until(lambda: len(device.acked) == messages, 90)

    stored: list[float] = []

    def all_there() -> bool:
        stored[:] = [(r.time_ms - NOON) / 1000 for r in series.read(SeriesId(2), ALL)]
        return len(stored) >= messages

    until(all_there, 60)
    assert stored == [float(n) for n in range(messages)], "each exactly once"
    assert series.ledger(DEVICE) == {0: ((0, messages - 1),)}
    workers.stop()
    device.close()
    series.close()
