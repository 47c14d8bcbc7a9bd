"""A node's link to the broker: MQTT with Last Will, its own topics, receipts coming back.

paho keeps the connection; nothing here decides what is sent (see :mod:`firmware_sim.radio`).
Nothing is handed to paho before the broker has taken the session: between opening a socket
and sending CONNECT it would put a PUBLISH first, and amqtt then never answers at all.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.errors import UndecodableMessage
from domain.ids import DeviceId
from domain.receipt import Receipt, Resend, decode_down
from domain.topics import Leaf, Topic

_log = logging.getLogger(__name__)
_IN_FLIGHT = 10
_KEEPALIVE_S = 60


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is. Devices speak MQTT 3.1.1, which every broker does."""

    host: str
    port: int


class Link:
    """One connection, kept up by paho's own thread."""

    def __init__(self, broker: Broker, device: DeviceId, password: str | None) -> None:
        self._device = device
        self._receipts: list[Receipt] = []
        self._requests: list[Resend] = []
        self._lock = threading.Lock()
        self._handed_over = self._taken = 0
        self._outbox: deque[bytes] = deque()
        self._standing = False
        self._handing_over = threading.Lock()
        self._refusal = ""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=device, clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
        )  # fmt: skip
        client.username_pw_set(device, password)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.reconnect_delay_set(1, 10)
        client.will_set(str(Topic(device, Leaf.STATUS)), b"offline", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self._client = client
        client.connect_async(broker.host, broker.port, _KEEPALIVE_S)
        client.loop_start()

    def send(self, payload: bytes) -> None:
        """Publish a pack, QoS 1; it waits here while the line is down."""
        with self._lock:
            self._handed_over += 1
        self._outbox.append(payload)
        self._hand_over()

    def waiting(self) -> int:
        """Return how many messages the broker has not taken yet."""
        with self._lock:
            return self._handed_over - self._taken

    def refusal(self) -> str:
        """Return why the broker refuses this device, empty while it does not."""
        return self._refusal

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the broker took the session within that time; returns early if it refuses."""
        deadline = time.monotonic() + timeout_s
        while not self._standing and not self._refusal and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._standing

    def receipts(self) -> list[Receipt]:
        """Return the receipts that have come in since the last call."""
        with self._lock:
            came, self._receipts = self._receipts, []
        return came

    def requests(self) -> list[Resend]:
        """Return the requests to send again that have come in since the last call."""
        with self._lock:
            came, self._requests = self._requests, []
        return came

    def close(self) -> None:
        """Say goodbye properly, so that the Last Will is not sent."""
        if self._client.is_connected():
            topic = str(Topic(self._device, Leaf.STATUS))
            self._client.publish(topic, b"offline", qos=1, retain=True).wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    def _hand_over(self) -> None:
        """Give paho what waits, while a session stands; it sends again what is not taken."""
        # Not the lock of the counters: paho holds its own when it calls on_publish.
        with self._handing_over:
            while self._standing and self._outbox:
                self._publish(self._outbox.popleft())

    def _publish(self, payload: bytes) -> int:
        """Give paho one pack; returns its packet id."""
        return self._client.publish(str(Topic(self._device, Leaf.UP)), payload, qos=1).mid

    def _on_publish(self, *_event: Any) -> None:
        with self._lock:
            self._taken += 1

    def _on_connect(self, client: mqtt.Client, *event: Any) -> None:
        code = event[2]
        if code.is_failure:
            self._refusal = str(code)
            _log.warning("%s: the broker refuses: %s", self._device, code)
            return
        self._refusal = ""
        # QoS 0: what is told is told again when asked; and a RabbitMQ cluster refuses a
        # QoS 1 subscription for as long as the node that once held its queue is down.
        client.subscribe(str(Topic(self._device, Leaf.DOWN)), qos=0)
        with self._lock:
            self._handed_over += 1
        client.publish(str(Topic(self._device, Leaf.STATUS)), b"online", qos=1, retain=True)
        with self._handing_over:
            self._standing = True
        self._hand_over()

    def _on_disconnect(self, *_event: Any) -> None:
        with self._handing_over:
            self._standing = False

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            told = decode_down(bytes(message.payload))
        except UndecodableMessage as error:
            _log.warning("%s: %s", self._device, error)
            return
        with self._lock:
            if isinstance(told, Receipt):
                self._receipts.append(told)
            else:
                self._requests.append(told)
