"""Real brokers: Mosquitto, RabbitMQ with its MQTT plugin, and the embedded amqtt."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.services.server import Server, ServiceAbsent, free_ports, listens, mqtt_accepts

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
_RABBIT = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class Mosquitto(Server):
    def __init__(self, users: Mapping[str, str]) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        if not os.path.exists(program):
            raise ServiceAbsent("mosquitto is not installed (Debian: mosquitto)")
        super().__init__("mosquitto")
        (self.port,) = free_ports(1)
        self.program, self.users = program, users
        (self.folder / "data").mkdir()
        passwords = "".join(f"{name}:{_mosquitto_hash(word)}\n" for name, word in users.items())
        self._write("passwords", passwords)
        self._write("acl", (DEPLOY / "mosquitto" / "acl").read_text())
        root = "user root\n" if os.geteuid() == 0 else ""
        self._write(
            "mosquitto.conf",
            f"{root}listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {self.folder}/passwords\nacl_file {self.folder}/acl\n"
            f"persistence true\npersistence_location {self.folder}/data/\n"
            "max_queued_messages 0\nmax_inflight_messages 2000\nlog_dest stderr\n",
        )

    def start(self) -> "Mosquitto":
        name, word = next(iter(self.users.items()))
        command = [self.program, "-c", self.folder / "mosquitto.conf"]
        self.spawn(command, lambda: mqtt_accepts(self.port, name, word), 10)
        return self

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)


def _mosquitto_hash(password: str) -> str:
    """The format of mosquitto_passwd: PBKDF2, SHA-512, 101 rounds."""
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101, 64)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


class Rabbit(Server):
    """RabbitMQ without its name service: node, MQTT plugin and users of its own."""

    def __init__(
        self, users: Mapping[str, str], queue: str = "mqtt", administrator: str = ""
    ) -> None:
        if not os.path.exists(_RABBIT):
            raise ServiceAbsent("RabbitMQ is not installed (Debian: rabbitmq-server)")
        super().__init__("rabbit")
        self.amqp, self.port, self.dist = free_ports(3)
        self.users = users
        for name in ("home", "log"):
            (self.folder / name).mkdir()
        cookie = self.folder / "home" / ".erlang.cookie"
        cookie.write_text(os.urandom(16).hex())
        cookie.chmod(0o400)
        files = {
            "plugins": "[rabbitmq_mqtt].\n",
            "env.conf": "",
            "inetrc": '{lookup,[file]}.\n{host,{127,0,0,1},["localhost"]}.\n',
            "rabbitmq.conf": self._configuration(),
            "definitions.json": _freed(_rabbit_definitions(users, queue), administrator),
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.environment = self._environment()

    def start(self) -> "Rabbit":
        name, word = next(iter(self.users.items()))
        # MQTT opens before the definitions are in, AMQP after: wait for both.
        self.spawn(
            [_RABBIT], lambda: listens(self.amqp) and mqtt_accepts(self.port, name, word), 90
        )
        return self

    def _configuration(self) -> str:
        return (
            f"listeners.tcp.1 = 127.0.0.1:{self.amqp}\nmqtt.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "mqtt.allow_anonymous = false\nmqtt.vhost = /\nmqtt.exchange = amq.topic\n"
            "mqtt.prefetch = 100\nmqtt.subscription_ttl = infinity\n"
            f"load_definitions = {self.folder}/definitions.json\n"
            "disk_free_limit.absolute = 50MB\n"
        )

    def _environment(self) -> dict[str, str]:
        known = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        node = "rmq@localhost"
        rabbit = {
            "CONF_ENV_FILE": self.folder / "env.conf",
            "NODENAME": node,
            "MNESIA_BASE": self.folder / "mnesia",
            "LOG_BASE": self.folder / "log",
            "CONFIG_FILE": self.folder / "rabbitmq.conf",
            "ADVANCED_CONFIG_FILE": self.folder / "advanced.config",
            "ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "PID_FILE": self.folder / "pid",
            "DIST_PORT": self.dist,
            "SERVER_ADDITIONAL_ERL_ARGS": f"-sname {node} +S 2:2 "
            "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        own = {f"RABBITMQ_{name}": str(value) for name, value in rabbit.items()}
        return (
            known
            | own
            | {
                "HOME": str(self.folder / "home"),
                "LANG": "C.UTF-8",
                "ERL_INETRC": str(self.folder / "inetrc"),
                "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the server itself
                "ERL_EPMD_PORT": "1",
                "ERL_FLAGS": f"-start_epmd false -erl_epmd_port {self.dist}",
            }
        )


def _rabbit_definitions(users: Mapping[str, str], queue: str) -> str:
    """What deploy/ writes for these users: tests and deployments share their rights."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(dict(users), file)
        file.flush()
        command = [sys.executable, str(DEPLOY / "rabbitmq" / "definitions.py"), file.name, queue]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _freed(definitions: str, name: str) -> str:
    """Take away every limit of one user, for benchmarks that publish for all devices."""
    told = json.loads(definitions)
    for row in told["permissions"]:
        if row["user"] == name:
            row |= {"configure": ".*", "write": ".*", "read": ".*"}
    told["topic_permissions"] = [r for r in told["topic_permissions"] if r["user"] != name]
    return json.dumps(told)


class Embedded(Server):
    """The demonstration's own broker."""

    def __init__(self, users: Mapping[str, str]) -> None:
        super().__init__("amqtt")
        (self.port,) = free_ports(1)
        self.users = users

    def start(self) -> "Embedded":
        users = {
            name: hashlib.sha256(word.encode()).hexdigest() for name, word in self.users.items()
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nguon.demo.broker", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(users).encode() + b"\n")
        self.process.stdin.flush()
        name, word = next(iter(self.users.items()))
        deadline = time.monotonic() + 20
        while not mqtt_accepts(self.port, name, word):
            # Ours, so its absence is a failure and never a skip.
            assert self.process.poll() is None, "the embedded broker ended"
            assert time.monotonic() < deadline, "the embedded broker does not answer"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        super().kill()
        self._hang_up()

    def close(self) -> None:
        super().close()
        self._hang_up()

    def _hang_up(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
