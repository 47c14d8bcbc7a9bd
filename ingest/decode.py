"""Step 1: from topic and bytes to the cycles a device measured."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import UndecodableMessage, WrongTopic
from domain.line_cycles import LONGEST_HEAD
from domain.line_cycles import decode as decode_lines
from domain.pack import decode as decode_pack
from domain.reading import Told
from domain.topics import Leaf, Topic
from ingest.message import Received

MAX_PAYLOAD_BYTES = 1_000_000
_NOTHING: Mapping[str, str] = MappingProxyType({})


def read_topic(message: Received) -> Topic:
    """Return the topic of a message that carries readings; raises `WrongTopic`."""
    topic = Topic.parse(message.topic)
    if topic.leaf is not Leaf.UP and topic.leaf is not Leaf.LINES:
        text = f"readings come on …/up, not on …/{topic.leaf}"
        raise WrongTopic(text)
    return topic


def decode(topic: Topic, message: Received) -> Told:
    """Return what a message says, by the leaf of its topic; raises `UndecodableMessage`."""
    in_lines = topic.leaf is Leaf.LINES
    most = MAX_PAYLOAD_BYTES + LONGEST_HEAD if in_lines else MAX_PAYLOAD_BYTES
    if len(message.payload) > most:
        text = f"{len(message.payload)} bytes, more than {most}"
        raise UndecodableMessage(text)
    if in_lines:
        return decode_lines(message.payload, message.received_ms)
    return Told(decode_pack(topic.device, message.payload, message.received_ms), _NOTHING)
