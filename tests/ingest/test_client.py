"""What is mended in paho: reading in pieces, the short way for a PUBLISH, acknowledging at once."""

import random
import socket
import threading
from collections.abc import Iterator
from typing import Any, cast

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.mqtt_client import Publish, _Buffered, _Client, pubacks
from tests.ingest.rig import until


def packet(
    topic: bytes, mid: int, payload: bytes, qos: int = 1, properties: bytes = b"\0"
) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    body += mid.to_bytes(2, "big") if qos else b""
    body += properties + payload
    size, length = b"", len(body)
    while True:
        length, low = divmod(length, 128)
        size += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([0x30 | qos << 1]) + size + body


class Peer:
    """The broker's end of a line, by hand."""

    def __init__(self) -> None:
        self.got: list[tuple[str, int, int, bytes]] = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.client = _Client(
            CallbackAPIVersion.VERSION2, "x", protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        self.client.on_message = cast("Any", self.on_message)
        self.client.plain = self.on_message
        self.client.connect_async("127.0.0.1", listener.getsockname()[1])
        self.client.loop_start()
        self.line, _ = listener.accept()
        listener.close()
        self.line.recv(1000)
        self.line.sendall(b"\x20\x03\x00\x00\x00")

    def on_message(self, _client: mqtt.Client, _data: object, message: Publish) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "?"
        self.got.append((topic, message.mid, message.qos, bytes(message.payload)))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        # The two know each other: left to the collector, paho's own sockets would be warned of.
        self.client.on_message = self.client.plain = None
        self.line.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_every_message_comes_whole_however_it_is_cut(peer: Peer) -> None:
    dice = random.Random(4)
    sent = [
        (f"t/{n}", n % 65_535 + 1, 1, dice.randbytes(dice.choice((0, 1, 130, 20_000))))
        for n in range(400)
    ]
    stream = b"".join(packet(t.encode(), mid, payload) for t, mid, _, payload in sent)
    at = 0
    while at < len(stream):
        size = dice.choice((1, 2, 7, 1_000, 70_000))
        peer.line.sendall(stream[at : at + size])
        at += size
    until(lambda: len(peer.got) == len(sent))
    assert peer.got == sent


def test_unusual_messages_go_the_usual_way(peer: Peer) -> None:
    expiry = b"\x05\x02\x00\x00\x00\x09"
    peer.line.sendall(packet(b"a", 7, b"with properties", properties=expiry))
    peer.line.sendall(packet(b"b", 0, b"qos 0", qos=0))
    peer.line.sendall(packet(b"\xff", 9, b"topic is not UTF-8"))
    peer.line.sendall(packet(b"", 10, b"no topic"))
    until(lambda: len(peer.got) == 4)
    assert peer.got == [
        ("a", 7, 1, b"with properties"), ("b", 0, 0, b"qos 0"), ("?", 9, 1, b"topic is not UTF-8"),
        ("", 10, 1, b"no topic"),
    ]  # fmt: skip


def test_a_batch_is_acknowledged_in_order(peer: Peer) -> None:
    threading.Thread(target=pubacks, args=(peer.client, [5, 3, 65_535])).start()
    wanted = b"\x40\x02\x00\x05\x40\x02\x00\x03\x40\x02\xff\xff"
    got = b""
    while len(got) < len(wanted):
        got += peer.line.recv(100)
    assert got == wanted
    pubacks(peer.client, [])


def test_a_line_that_ends_says_so() -> None:
    near, far = socket.socketpair()
    buffered = _Buffered(near)
    far.sendall(b"abc")
    far.close()
    assert [buffered.recv(2), buffered.pending(), buffered.recv(2), buffered.recv(2)] == [
        b"ab",
        1,
        b"c",
        b"",
    ]
    assert buffered.fileno() == near.fileno()
    near.close()
