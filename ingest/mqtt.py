"""The MQTT source: paho, QoS 1, acknowledged by hand and only after commit.

Rules that were paid for (docs/decisions/0003): a fixed client id and a session that
outlives us, or messages sent while we are away are gone; subscribe on every connect,
because a restarted broker may have forgotten; a callback that raises kills paho's
network thread while ``is_connected()`` stays True, so it only enqueues, and a watchdog
looks whether the thread lives and hears the heartbeat that it publishes itself.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt

from domain.ids import DeviceId
from domain.reading import Delivery
from domain.topics import Leaf, Topic, every
from ingest.message import Received, Word
from ingest.mqtt_client import Endpoint, Publish, dial, pubacks, topic_of
from store import failpoint

_log = logging.getLogger(__name__)
_CONNACK_PATIENCE_S = 5.0
_WRONG_VERSION = 132
_BORN_DEAF = 2


@dataclass(frozen=True, slots=True)
class Watch:
    """Seconds between looks, between heartbeats, and without any news before a restart."""

    look_s: float = 1.0
    beat_s: float = 10.0
    deaf_s: float = 35.0


@dataclass(slots=True)
class _Line:
    """What one connection has carried; a new one begins anew."""

    number: int = 0
    client: mqtt.Client | None = None
    heard_s: float = 0.0
    beats_sent: int = 0
    beats_heard: int = 0
    beats_granted: bool = False
    refused: str = ""
    received: int = 0
    acknowledged: int = 0


class MqttSource:
    """One session with one broker."""

    def __init__(
        self, endpoint: Endpoint, clock: Callable[[], int], watch: Watch | None = None
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._watch = watch or Watch()
        self._offer: Callable[[Received], None] = lambda _message: None
        self._beat_topic = str(Topic(DeviceId.parse(endpoint.client_id), Leaf.BEAT))
        self._line = _Line()
        self._connected, self._answered = threading.Event(), threading.Event()
        self._wrong_version = False
        self._five = endpoint.version != "3.1.1"
        self._client: mqtt.Client | None = None
        self._network: threading.Thread | None = None
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="mqtt-keeper", daemon=True)
        self._restarts = self._born_deaf = 0

    def start(self, offer: Callable[[Received], None]) -> None:
        """Connect, in the background; every message goes to ``offer``.

        With ``version`` auto, MQTT 5 is tried first; a broker that refuses it, or does
        not answer it at all, is spoken to in 3.1.1.
        """
        self._offer = offer
        self._dial()
        self._keeper.start()

    def stop(self) -> None:
        """Leave without ending the session, so that the broker keeps what comes."""
        self._stopping.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        self._hang_up()

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the session stood within that time."""
        return self._connected.wait(timeout_s)

    def connected(self) -> bool:
        """Whether a session stands, and the broker gives us what devices send."""
        return self._connected.is_set() and not self._line.refused

    def alive(self) -> bool:
        """Whether the watchdog lives, which brings a lost session back."""
        return self._keeper.is_alive()

    def restarts(self) -> int:
        """Return how often the watchdog has restarted the session."""
        return self._restarts

    def acknowledge(self, messages: Sequence[Received], _deliveries: Sequence[Delivery]) -> None:
        """Acknowledge in the order received; one of an older connection is left to redelivery."""
        line = self._line
        client = line.client
        # Packet ids start anew with a connection: an old one could name a stranger.
        mine = [m.handle[1] for m in messages if m.handle[0] == line.number and m.handle[2] == 1]
        if mine and client is not None:
            half = len(mine) // 2 + 1
            pubacks(client, mine[:half])
            failpoint.reach("mid-acknowledge")
            pubacks(client, mine[half:])
            line.acknowledged += len(mine)
        failpoint.reach("after-acknowledge")

    def tell(self, words: Sequence[Word]) -> None:
        """Tell devices what is kept and missing; QoS 0, for a device not reached asks again."""
        client = self._client
        if client is None or not self._connected.is_set():
            return
        for device, word in words:
            client.publish(str(Topic(device, Leaf.DOWN)), word.encode(), qos=0)

    def _keep(self) -> None:
        """Find out which version the broker speaks, then watch over the session."""
        if self._endpoint.version == "auto":
            self._choose()
        beat_s = time.monotonic()
        while not self._stopping.wait(self._watch.look_s):
            now_s = time.monotonic()
            if self._is_deaf(now_s):
                self._restart()
            elif now_s - beat_s >= self._watch.beat_s and self._connected.is_set():
                beat_s = now_s
                self._beat()

    def _beat(self) -> None:
        line = self._line
        if line.client is not None and self._born_deaf < _BORN_DEAF:
            line.beats_sent += 1
            line.client.publish(self._beat_topic, b"beat", qos=0)

    def _is_deaf(self, now_s: float) -> bool:
        """Whether the session only seems alive.

        Silence proves it only when the broker owes nothing to our unacknowledged window,
        and when heartbeats are due, which ``_note_a_deaf_birth`` tells.
        """
        if self._network is not None and not self._network.is_alive():
            return True
        line = self._line
        waited = now_s - line.heard_s > self._watch.deaf_s
        due = line.beats_heard > 0 or (line.beats_granted and self._born_deaf < _BORN_DEAF)
        idle = line.received == line.acknowledged and due
        return self._connected.is_set() and waited and idle

    def _restart(self) -> None:
        _log.error("the session with the broker is dead although it seems alive; restarting it")
        self._restarts += 1
        self._note_a_deaf_birth()
        self._abandon()
        self._dial()

    def _note_a_deaf_birth(self) -> None:
        """Tell a line that never heard a heartbeat from one that went deaf.

        Where a right is missing Mosquitto grants the subscription and drops the heartbeat,
        and RabbitMQ closes the line on it: two such lines in a row, and we live without.
        """
        if self._line.beats_heard or not self._line.beats_sent:
            return
        self._line.beats_sent = 0  # a line is counted once
        self._born_deaf += 1
        if self._born_deaf == _BORN_DEAF:
            _log.error("no heartbeat comes back, so the session is not watched for silence: "
                       "may we read and write %s?", self._beat_topic)  # fmt: skip

    def _choose(self) -> None:
        """Go over to 3.1.1 when the broker refuses 5, or takes the line and says nothing.

        Goes on until there is an answer: a broker that is down says nothing about versions.
        """
        silent_since = time.monotonic()
        while not self._stopping.is_set():
            if self._answered.wait(0.05):
                if not self._wrong_version:
                    return
                break
            if self._client is None or self._client.socket() is None:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > _CONNACK_PATIENCE_S:
                break
        if not self._stopping.is_set():
            _log.info("the broker does not speak MQTT 5; using 3.1.1")
            self._hang_up()
            self._five = False
            self._dial()

    def _dial(self) -> None:
        # Known before its thread runs: what an older client still says is not listened to.
        self._client = dial(self._endpoint, self._five, self)
        self._client.loop_start()

    def _abandon(self) -> None:
        """Let go of a client without waiting for a thread that may never end."""
        client, thread = self._client, self._network
        self._client = self._network = None
        self._connected.clear()
        if client is not None:
            with contextlib.suppress(Exception):
                client.disconnect()
            if thread is not None and not thread.is_alive():
                client._reset_sockets()  # noqa: SLF001 - its thread did that, and is dead

    def _hang_up(self) -> None:
        client = self._client
        if client is not None:
            client.disconnect()
            client.loop_stop()
            self._client = self._network = None

    def on_connect(self, client: mqtt.Client, *event: Any) -> None:
        """Subscribe, on every connect; called by paho."""
        code = event[2]
        if client is not self._client:
            return
        self._wrong_version = code.value == _WRONG_VERSION
        self._answered.set()
        if code.is_failure:
            _log.warning("the broker refuses the session: %s", code)
            return
        self._network = threading.current_thread()
        self._line = _Line(self._line.number + 1, client, time.monotonic())
        self._connected.set()
        client.subscribe([(every(Leaf.UP), 1), (self._beat_topic, 1)])
        _log.info("connected to the broker at %s:%d", self._endpoint.host, self._endpoint.port)

    def on_subscribe(self, client: mqtt.Client, *event: Any) -> None:
        """Note what the broker grants; called by paho."""
        if client is not self._client:
            return
        readings, beats = event[2]
        self._line.beats_granted = not beats.is_failure
        if readings.is_failure:
            self._line.refused = str(readings)
            _log.error("the broker will not give us %s: %s", every(Leaf.UP), readings)

    def on_disconnect(self, client: mqtt.Client, *event: Any) -> None:
        """Note that the line is gone; called by paho, which dials again."""
        if client is not self._client:
            return  # one that was abandoned, and says goodbye late
        self._connected.clear()
        self._note_a_deaf_birth()
        # What is committed from now on comes again, with packet ids of a new connection.
        self._line.client = None
        if not self._answered.is_set():
            # RabbitMQ before 3.13 closes on MQTT 5 without a word.
            self._wrong_version = True
            self._answered.set()
        if event[2].is_failure:
            _log.warning("the broker is gone: %s", event[2])

    def on_message(self, client: mqtt.Client, _data: Any, message: Publish) -> None:
        """Enqueue and nothing else; called by paho."""
        failpoint.reach("received")
        try:
            line, topic = self._line, topic_of(message)
            if client is not line.client:
                return  # of a line that is gone; it comes again on the new one
            line.heard_s = time.monotonic()
            if topic == self._beat_topic:
                line.beats_heard += 1
                self._born_deaf = 0
                return
            line.received += message.qos
            handle = (line.number, message.mid, message.qos)
            self._offer(Received(topic, bytes(message.payload), self._clock(), handle))
        except Exception:  # noqa: BLE001 - one here would end the network thread, silently
            _log.exception("a message could not be queued; it stays unacknowledged")
