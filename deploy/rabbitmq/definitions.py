"""Write RabbitMQ's users and rights: `definitions.py USERS.json [QUEUE] > definitions.json`.

USERS.json maps user names to passwords: ``ingest`` and one a device. A device may write
its own ``up`` and ``status`` and read its own ``down``; ingest reads every ``up``. The
queue is made and bound beforehand, because RabbitMQ acknowledges and drops what nobody
has asked for yet. QUEUE says which: ``mqtt`` (the default) for the session of
`nguon ingest`, ``amqp`` for the quorum queue of `nguon ingest --source amqp`, ``none`` in
a cluster, where a queue from here would live on the first node alone: there the first
worker makes it, once all nodes are up and before devices are let in.
"""

import base64
import hashlib
import json
import os
import re
import sys
from pathlib import Path

CLIENT_ID = "nguon-ingest"
QUORUM = "nguon.ingest"
QUEUE = f"mqtt-subscription-{CLIENT_ID}qos1"
ALGORITHM = "rabbit_password_hashing_sha256"


def definitions(users: dict[str, str], queue: str = "mqtt") -> dict[str, object]:
    """Return the definitions for these users and passwords."""
    wanted = {"mqtt": [(QUEUE, {})], "amqp": [(QUORUM, {"x-queue-type": "quorum"})], "none": []}
    binding = {"source": "amq.topic", "vhost": "/", "destination_type": "queue"}
    return {
        "vhosts": [{"name": "/"}],
        "users": [_user(name, password) for name, password in users.items()],
        "permissions": [_permission(name) for name in users],
        "topic_permissions": [_topics(name) for name in users],
        "queues": [
            {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": how}
            for name, how in wanted[queue]
        ],
        "bindings": [
            binding | {"destination": name, "routing_key": "nguon.v1.*.up", "arguments": {}}
            for name, _ in wanted[queue]
        ],
    }


def _user(name: str, password: str) -> dict[str, str]:
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    hashed = base64.b64encode(salt + digest).decode()
    return {"name": name, "password_hash": hashed, "hashing_algorithm": ALGORITHM, "tags": ""}


def _permission(name: str) -> dict[str, str]:
    queue = rf"{QUEUE}|{re.escape(QUORUM)}" if name == "ingest" else "mqtt-subscription-.*"
    reach = rf"^(amq\.topic|{queue})$"
    return {"user": name, "vhost": "/", "configure": f"^({queue})$", "write": reach, "read": reach}


def _topics(name: str) -> dict[str, str]:
    rights = {"user": name, "vhost": "/", "exchange": "amq.topic"}
    if name == "ingest":
        return rights | {"write": r"^nguon\.v1\.[^.]+\.(down|beat)$", "read": r"^nguon\.v1\."}
    own = r"^nguon\.v1\.{username}\."
    return rights | {"write": own + "(up|status)$", "read": own + "down$"}


if __name__ == "__main__":
    known = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps(definitions(known, *sys.argv[2:3]), indent=2))
