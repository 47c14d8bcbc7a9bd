"""The AMQP source: a durable quorum queue behind RabbitMQ's MQTT plugin, and many workers.

Devices speak MQTT to RabbitMQ; its topic exchange feeds one quorum queue, on disk on a
majority of nodes before a device gets its PUBACK. Workers compete for the queue, so
adding one adds throughput and losing one strands nothing. Everything of pika's happens
in one thread; others hand it work by ``add_callback_threadsafe`` (docs/decisions/0010).
"""

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ConnectionWrongStateError,
    ProbableAuthenticationError,
)

from domain.reading import Delivery
from domain.topics import Leaf, Topic, every
from ingest.message import Received, Word
from store import failpoint

QUEUE = "nguon.ingest"
EXCHANGE = "amq.topic"
ARGUMENTS = {"x-queue-type": "quorum"}
_PREFETCH = 1_000
_TURN_S = 0.5
_AGAIN_S, _REFUSED_S = 0.3, 5.0
# A server that takes the line and says nothing raises something that is no AMQPError.
_GONE = (AMQPError, AMQPConnectorException, OSError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AmqpEndpoint:
    """The nodes of the cluster, host and port, and who we are to it."""

    nodes: tuple[tuple[str, int], ...]
    username: str
    password: str


@dataclass(slots=True)
class _Line:
    """One connection and its channels; delivery tags mean something only on it."""

    number: int
    connection: pika.BlockingConnection
    consuming: BlockingChannel
    telling: BlockingChannel


class AmqpSource:
    """One competing consumer; it goes from node to node until one takes it."""

    def __init__(self, endpoint: AmqpEndpoint, clock: Callable[[], int]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._offer: Callable[[Received], None] = lambda _message: None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="amqp", daemon=True)
        self._line: _Line | None = None
        self._lines = 0
        self._connected = threading.Event()

    def start(self, offer: Callable[[Received], None]) -> None:
        """Consume in the background; every message goes to ``offer``."""
        self._offer = offer
        self._thread.start()

    def stop(self) -> None:
        """Leave; what is not acknowledged goes to another worker."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether it was consuming within that time."""
        return self._connected.wait(timeout_s)

    def connected(self) -> bool:
        """Whether it is consuming."""
        return self._connected.is_set() and self._thread.is_alive()

    def alive(self) -> bool:
        """Whether the thread lives that does everything with the server."""
        return self._thread.is_alive()

    def restarts(self) -> int:
        """Return how often a new connection was needed after the first."""
        return max(0, self._lines - 1)

    def acknowledge(self, messages: Sequence[Received], _deliveries: Sequence[Delivery]) -> None:
        """Acknowledge up to the last one: what came before it on this line is committed too."""
        line = self._line
        tags = [m.handle[1] for m in messages if line is not None and m.handle[0] == line.number]
        failpoint.reach("mid-acknowledge")
        if line is not None and tags:
            self._hand_over(line, lambda: line.consuming.basic_ack(max(tags), multiple=True))
        failpoint.reach("after-acknowledge")

    def tell(self, words: Sequence[Word]) -> None:
        """Tell devices what is kept and missing; a device not reached asks again."""
        line = self._line
        if line is None or not words:
            return

        def publish() -> None:
            for device, word in words:
                key = str(Topic(device, Leaf.DOWN)).replace("/", ".")
                line.telling.basic_publish(EXCHANGE, key, word.encode())

        self._hand_over(line, publish)

    def _hand_over(self, line: _Line, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except _GONE as error:
                _log.warning("the line is gone, it comes again: %s", repr(error))

        try:
            line.connection.add_callback_threadsafe(guarded)
        except ConnectionWrongStateError:
            _log.info("the connection is gone; what is not acknowledged comes again")

    def _run(self) -> None:
        for node in cycle(self._endpoint.nodes):
            pause = _AGAIN_S
            try:
                self._consume(node)
            except (ProbableAuthenticationError, ChannelClosedByBroker) as error:
                _log.error(
                    "RabbitMQ refuses %s at %s:%d: %s", self._endpoint.username, *node, str(error)
                )
                pause = _REFUSED_S
            except _GONE as error:
                _log.warning("no RabbitMQ at %s:%d: %s", *node, repr(error))
            except Exception:  # noqa: BLE001 - whatever pika raises, a new line is the cure
                _log.exception("the line to RabbitMQ at %s:%d broke", *node)
            finally:
                self._connected.clear()
                self._line = None
            if self._stopping.wait(pause):
                return

    def _consume(self, node: tuple[str, int]) -> None:
        line = self._dial(node)
        cancelled: list[object] = []
        line.consuming.add_on_cancel_callback(cancelled.append)
        self._line = line
        line.consuming.basic_consume(QUEUE, self._on_message)
        self._connected.set()
        _log.info("consuming %s at %s:%d", QUEUE, *node)
        try:
            # pika closes a channel without raising here, and a deleted queue only cancels.
            while line.consuming.is_open and line.telling.is_open and not cancelled:
                if self._stopping.is_set():
                    line.connection.process_data_events(0)  # what is handed over goes out
                    return
                line.connection.process_data_events(_TURN_S)
            _log.warning("the channel or the queue was closed; starting afresh")
        finally:
            if line.connection.is_open:
                line.connection.close()

    def _dial(self, node: tuple[str, int]) -> _Line:
        # pika leaves the sockets of a refused connection open: ask first whether anyone is there.
        socket.create_connection(node, timeout=5).close()
        credentials = pika.PlainCredentials(self._endpoint.username, self._endpoint.password)
        connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                *node, "/", credentials, heartbeat=15, blocked_connection_timeout=30,
                socket_timeout=5, stack_timeout=10,
            )
        )  # fmt: skip
        consuming = connection.channel()
        declare(consuming)
        consuming.basic_qos(prefetch_count=_PREFETCH)
        self._lines += 1
        return _Line(self._lines, connection, consuming, connection.channel())

    def _on_message(
        self, _channel: object, method: "pika.spec.Basic.Deliver", _how: object, body: bytes
    ) -> None:
        failpoint.reach("received")
        topic = str(method.routing_key).replace(".", "/")
        handle = (self._lines, int(method.delivery_tag), 1)
        self._offer(Received(topic, body, self._clock(), handle))


def declare(channel: BlockingChannel) -> None:
    """Make the queue and bind it; the same again changes nothing, everywhere with equal words."""
    channel.queue_declare(QUEUE, durable=True, arguments=ARGUMENTS)
    channel.queue_bind(QUEUE, EXCHANGE, every(Leaf.UP).replace("+", "*").replace("/", "."))
