"""A paho client set up for a session that outlives it; what is asked of it is elsewhere.

Three habits of paho cost more than all of our own work on a message: it reads one byte at
a time, builds up a packet and its properties piece by piece, and acknowledges with two
system calls a message. They are mended here, by a few of its private names;
``tests/ingest/test_mqtt.py`` fails where a new paho renames them. Measured in
docs/performance.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

RECEIVE_MAXIMUM = 2_000
_KEEPALIVE_S = 30
_SESSION_S = 30 * 24 * 3600
_PIECE_BYTES = 65_536
# Of MQTT 5, 3.3: fixed header with any DUP and RETAIN; an empty topic, and no properties.
_PUBLISH_QOS_1, _SHORTEST = 0x32, 7


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker is and who we are to it. ``version`` is auto, 5 or 3.1.1."""

    host: str
    port: int
    client_id: str
    username: str | None
    password: str | None
    version: str = "auto"


class Listener(Protocol):
    """What happens on a connection; called in paho's network thread."""

    def on_connect(self, client: mqtt.Client, *event: Any) -> None:
        """Answer to CONNECT, good or bad."""

    def on_subscribe(self, client: mqtt.Client, *event: Any) -> None:
        """Answer to SUBSCRIBE, one code a filter."""

    def on_disconnect(self, client: mqtt.Client, *event: Any) -> None:
        """The line is gone."""

    def on_message(self, client: mqtt.Client, data: Any, message: "Publish") -> None:
        """A message; must not raise."""


class Publish(Protocol):
    """What is read of a PUBLISH; ``topic`` raises `UnicodeDecodeError` where it is not UTF-8."""

    @property
    def topic(self) -> str:
        """The topic."""

    @property
    def mid(self) -> int:
        """Its packet id."""

    @property
    def qos(self) -> int:
        """Its quality of service."""

    @property
    def payload(self) -> bytes:
        """Its bytes."""


class _Plain(NamedTuple):
    """A PUBLISH of QoS 1 without properties, which nearly all are."""

    raw_topic: bytes
    mid: int
    payload: bytes
    qos: int = 1

    @property
    def topic(self) -> str:
        return self.raw_topic.decode()


def dial(endpoint: Endpoint, five: bool, listener: Listener) -> mqtt.Client:  # noqa: FBT001 - MQTT 5 or 3.1.1
    """Return a client that, once its loop is started, connects and stays connected."""
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        clean_session=None if five else False,
        manual_ack=True,
    )
    client.max_inflight_messages_set(RECEIVE_MAXIMUM)
    client.username_pw_set(endpoint.username, endpoint.password)
    client.reconnect_delay_set(1, 15)
    client.on_connect = listener.on_connect
    client.on_disconnect = listener.on_disconnect
    client.on_subscribe = listener.on_subscribe
    client.on_message = cast("Any", listener.on_message)  # it reads less than paho offers
    client.plain = listener.on_message if five else None
    where = (endpoint.host, endpoint.port, _KEEPALIVE_S)
    if five:
        # paho's default would wipe the session at every start of the process.
        client.connect_async(*where, clean_start=False, properties=_connect_properties())
    else:
        client.connect_async(*where)
    return client


def pubacks(client: mqtt.Client, mids: Sequence[int]) -> None:
    """Acknowledge messages in one write, in the order given; safe from any thread."""
    if mids:
        # PUBACK, both versions: reason "success" needs no more than the packet id.
        packets = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
        client._packet_queue(MessageType.PUBACK, packets, mids[-1], 1)  # noqa: SLF001 - see above


class _Client(mqtt.Client):
    """paho, reading all that has come before it asks the system for more."""

    plain: Callable[[mqtt.Client, Any, Publish], None] | None = None

    def _create_socket(self) -> Any:
        return _Buffered(super()._create_socket())

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read until nothing is left in the buffer: select does not see what is in it."""
        while True:
            result = super().loop_read(max_packets)
            line = self.socket()
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS or not isinstance(line, _Buffered):
                return result
            # What is set on a client after it was dialled must still be heard.
            if self.plain is not None and cast("Any", self.on_message) == self.plain:
                while not self._in_packet["command"] and (message := line.publish()):
                    self.plain(self, None, message)
            if not line.pending():
                return result


class _Buffered:
    """A socket that is read in large pieces."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._piece, self._at = b"", 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes, from the piece at hand if there is one."""
        if self._at == len(self._piece):
            self._piece, self._at = self._line.recv(_PIECE_BYTES), 0
        start = self._at
        self._at = min(start + size, len(self._piece))
        return self._piece[start : self._at]

    def publish(self) -> _Plain | None:
        """Return the PUBLISH that stands next and whole in the piece, if it is an ordinary one."""
        piece, at = self._piece, self._at
        if len(piece) - at < _SHORTEST or piece[at] & 0xF6 != _PUBLISH_QOS_1:
            return None
        size, start = piece[at + 1], at + 2
        if size & 0x80:
            if piece[start] & 0x80:
                return None  # longer than 16,383 bytes
            size, start = size & 0x7F | piece[start] << 7, start + 1
        end = start + size
        name = start + 2
        mid = name + int.from_bytes(piece[start:name], "big")
        if end > len(piece) or mid + 3 > end or piece[mid + 2]:
            return None  # not all here, malformed, or with properties
        self._at = end
        number = int.from_bytes(piece[mid : mid + 2], "big")
        return _Plain(piece[name:mid], number, piece[mid + 3 : end])

    def pending(self) -> int:
        """Return how many bytes are at hand."""
        return len(self._piece) - self._at


def topic_of(message: Publish) -> str:
    """Return a message's topic; one that is not UTF-8 is said to be so, and goes to quarantine."""
    try:
        return str(message.topic)
    except UnicodeDecodeError:
        return "(topic is not UTF-8)"


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    properties.SessionExpiryInterval = _SESSION_S
    # Without it Mosquitto sends 20 unacknowledged messages and waits; with it this
    # number bounds what a slow store can leave in our memory.
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties
