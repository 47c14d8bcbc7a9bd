"""Step 1: from topic and bytes to the cycles a device measured."""

from domain.errors import UndecodableMessage, WrongTopic
from domain.pack import decode as decode_pack
from domain.reading import Cycle
from domain.topics import Leaf, Topic
from ingest.message import Received

MAX_PAYLOAD_BYTES = 1_000_000


def read_topic(message: Received) -> Topic:
    """Return the topic of a message that carries readings; raises `WrongTopic`."""
    topic = Topic.parse(message.topic)
    if topic.leaf is not Leaf.UP:
        text = f"readings come on …/up, not on …/{topic.leaf}"
        raise WrongTopic(text)
    return topic


def decode(topic: Topic, message: Received) -> tuple[Cycle, ...]:
    """Return the cycles of a message; raises `UndecodableMessage`."""
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        text = f"{len(message.payload)} bytes, more than {MAX_PAYLOAD_BYTES}"
        raise UndecodableMessage(text)
    return decode_pack(topic.device, message.payload, message.received_ms)
