"""The MQTT topic grammar: a few topics a device, fixed and typed.

::

    nguon/v1/{device}/up       device publishes packs (QoS 1)
    nguon/v1/{device}/down     device subscribes: receipts and requests (QoS 1)
    nguon/v1/{device}/status   device publishes `online`, its Last Will says `offline` (retained)
    nguon/v1/{client}/beat     ingest tells itself that its session is alive (QoS 0)
    nguon/v1/{device}/lines    line protocol that came over HTTP; on no broker

The device is the authenticated user name: brokers are configured so that user U
reaches only the first three. That is what makes the topic an identity.
"""

import enum
from dataclasses import dataclass
from functools import lru_cache

from domain.errors import InvalidInput, WrongTopic
from domain.ids import DeviceId

ROOT = "nguon/v1"


class Leaf(enum.StrEnum):
    """The last level of a topic."""

    UP = "up"
    DOWN = "down"
    STATUS = "status"
    BEAT = "beat"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of one device."""

    device: DeviceId
    leaf: Leaf

    def __str__(self) -> str:
        """Print it as it goes over the wire."""
        return f"{ROOT}/{self.device}/{self.leaf}"

    @classmethod
    @lru_cache(maxsize=16_384)  # every message of a device has the same topic
    def parse(cls, text: str) -> "Topic":
        """Return the topic; raises `WrongTopic` when it is outside the grammar."""
        parts = text.split("/")
        try:
            root, version, device, leaf = parts
            if f"{root}/{version}" == ROOT:
                return cls(DeviceId.parse(device), Leaf(leaf))
        except (ValueError, InvalidInput):
            pass
        message = f"not a topic of ours: {text[:120]!r}"
        raise WrongTopic(message)


def every(leaf: Leaf) -> str:
    """Return the subscription filter for one leaf of every device."""
    return f"{ROOT}/+/{leaf}"
