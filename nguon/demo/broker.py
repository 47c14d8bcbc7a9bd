"""The embedded MQTT broker (amqtt), for the demonstration and for tests.

Its acknowledgement means "in memory": it loses everything when killed, and messages
whose acknowledgement is withheld for five seconds. Receipts and the nodes' flash close
that hole, which is why it may be used here at all. Measured in ingest/README.md.

Run as ``python -m nguon.demo.broker PORT``; users come on standard input as one line
of JSON, name to SHA-256 of a long random password, so that none shows in a process list.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass, field

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from domain.errors import WrongTopic
from domain.topics import Leaf, Topic, every
from nguon.lifeline import follow_parent

INGEST_USER = "ingest"
_SHUTDOWN_S = 3.0


def digest(password: str) -> str:
    """Return the form in which the broker knows a password (a long random one)."""
    return hashlib.sha256(password.encode()).hexdigest()


class KnownUsers(BaseAuthPlugin):
    """Nobody gets in without a user name and its password."""

    @dataclass
    class Config:
        """User name to digest."""

        users: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, *, session: Session) -> bool | None:
        """Whether the session's user and password are known."""
        wanted = self.config.users.get(session.username or "", "")
        return hmac.compare_digest(wanted, digest(session.password or ""))


class OwnTopics(BaseTopicPlugin):
    """A device reaches its own three topics, ingest reaches what it must, nothing else."""

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool | None:
        """Whether the session may do this with the topic."""
        if session is None or not session.username or not topic:
            return False
        return may(session.username, topic, action)


def may(user: str, topic: str, action: Action | None) -> bool:
    """Return whether a user may publish to, subscribe to or receive on a topic."""
    if user == INGEST_USER and action == Action.SUBSCRIBE:
        return topic in (every(Leaf.UP), every(Leaf.STATUS)) or topic.endswith(Leaf.BEAT)
    try:
        parsed = Topic.parse(topic)
    except WrongTopic:
        return False
    up = parsed.leaf in (Leaf.UP, Leaf.STATUS)
    if user == INGEST_USER and parsed.leaf is Leaf.BEAT:
        return True
    if user == INGEST_USER:
        return up if action == Action.RECEIVE else parsed.leaf is Leaf.DOWN
    own = parsed.device == user
    return own and (up if action == Action.PUBLISH else parsed.leaf is Leaf.DOWN)


async def serve(port: int, users: dict[str, str]) -> None:
    """Run the broker on loopback until SIGTERM or SIGINT."""
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "nguon.demo.broker.KnownUsers": {"users": users},
                "nguon.demo.broker.OwnTopics": {},
            },
        }
    )
    halt, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, halt.set)
    await broker.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await halt.wait()
    # amqtt's own shutdown can wait for ever on a busy session, and swallows being
    # cancelled; nothing here is kept on disk, so leaving is as clean as it gets.
    await asyncio.wait({asyncio.ensure_future(broker.shutdown())}, timeout=_SHUTDOWN_S)
    os._exit(0)


def main() -> None:
    """Read the users, then serve."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    users: dict[str, str] = json.loads(sys.stdin.readline())
    follow_parent()
    asyncio.run(serve(int(sys.argv[1]), users))


if __name__ == "__main__":
    # As a module of its own name, so that amqtt finds the plugins where it looks.
    from nguon.demo.broker import main as run

    run()
