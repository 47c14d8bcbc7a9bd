"""Private servers for tests: on free ports of loopback, in a folder of their own.

Each server process is executed by `setpriv --pdeathsig`, so that it also ends when the
test run is killed; nothing is started that the fixture does not stop.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class ServiceAbsent(Exception):
    """A service cannot be had here; the message says why."""


def free_ports(count: int) -> list[int]:
    """Ports below the range of outgoing connections, so that none of those takes one."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            probe, port = stack.enter_context(socket.socket()), random.randrange(10_000, 32_000)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def mqtt_accepts(port: int, user: str, password: str) -> bool:
    """Whether a broker answers CONNECT (MQTT 3.1.1) with "accepted"."""

    def field(text: str) -> bytes:
        return len(text).to_bytes(2, "big") + text.encode()

    body = field("MQTT") + b"\x04\xc2\x00\x0a" + field("probe") + field(user) + field(password)
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as line:
        line.sendall(bytes([0x10, len(body)]) + body)
        answer = line.recv(4)
        line.sendall(b"\xe0\x00")
        return answer[3:4] == b"\x00"
    return False


class Server:
    """One server process and its folder."""

    stop_signal = signal.SIGTERM
    death_signal = "TERM"

    def __init__(self, name: str) -> None:
        # Short: a unix socket path has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))
        self.environment = dict(os.environ)
        self.identity: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(
        self, command: Sequence[object], ready: Callable[[], bool], patience_s: float
    ) -> None:
        arguments = ["setpriv", "--pdeathsig", self.death_signal, *self.identity, "--"]
        with (self.folder / "out.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*arguments, *map(str, command)],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + patience_s
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.folder / "out.log").read_text(errors="replace")[-3000:]
                self.stop()
                raise ServiceAbsent(f"{command[0]} did not start: {text}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
