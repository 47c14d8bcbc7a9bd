"""Three RabbitMQ nodes on one machine, each killable and able to come back.

They find each other by a name service of their own. Started one after the other: three
at once never agree on who leads (measured on 3.10.8).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.services.brokers import Rabbit
from tests.services.server import free_ports, listens, mqtt_accepts

_NAMES = ("rmq1@localhost", "rmq2@localhost", "rmq3@localhost")
_CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"


class Node(Rabbit):
    """One of the three."""

    def __init__(self, users: Mapping[str, str], name: str, epmd: int, cookie: str) -> None:
        self.name, self.epmd = name, epmd
        super().__init__(users, "none")
        path = self.folder / "home" / ".erlang.cookie"
        path.chmod(0o600)
        path.write_text(cookie)
        path.chmod(0o400)

    def start(self) -> "Node":
        user, word = next(iter(self.users.items()))
        command = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
        self.spawn(command, lambda: listens(self.amqp) and mqtt_accepts(self.port, user, word), 90)
        return self

    def leads(self, queue: str) -> bool:
        """Whether this node leads a quorum queue."""
        environment = {k: v for k, v in self.environment.items() if k != "RUNNING_UNDER_SYSTEMD"}
        command = [_CONTROL, "-n", self.name, "list_queues", "-s", "name", "leader"]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return any(line.split() == [queue, self.name] for line in told.stdout.splitlines())

    def _configuration(self) -> str:
        nodes = "".join(
            f"cluster_formation.classic_config.nodes.{n} = {name}\n"
            for n, name in enumerate(_NAMES, 1)
        )
        return (
            super()._configuration()
            + "mqtt.durable_queue_type = quorum\ncluster_partition_handling = pause_minority\n"
            "cluster_formation.peer_discovery_backend = classic_config\n" + nodes
        )

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-sname {self.name} +S 2:2 "
            "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_FLAGS": "-start_epmd false",
        }


class Cluster:
    """The three of them and their name service."""

    def __init__(self, users: Mapping[str, str]) -> None:
        (port,) = free_ports(1)
        cookie = os.urandom(16).hex()
        self._names = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", "epmd", "-port", str(port),
             "-address", "127.0.0.1", "-relaxed_command_check"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.nodes = [Node(users, name, port, cookie) for name in _NAMES]

    @property
    def folder(self) -> Path:
        return self.nodes[0].folder

    def start(self) -> "Cluster":
        for node in self.nodes:
            node.start()
        return self

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
            node.close()
        self._names.terminate()
        self._names.wait(10)
