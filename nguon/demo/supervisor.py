"""The demonstration's process tree: start, keep up, end cleanly.

Children run in sessions of their own, so Ctrl-C reaches only this process, which ends
them in order; and each ends by itself when this process is gone.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_STOP_S = 6.0
_RESTART_S = 1.0


def free_port(wanted: int, say: object = print) -> int:
    """Return ``wanted`` or the next port that nothing listens on; says so when it steps."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            # As servers do: a port that only lingers from the last run is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != wanted and callable(say):
            say(f"Port {wanted} is taken; using {port}.")
        return port
    message = f"no free port from {wanted} to {wanted + 99}"
    raise OSError(message)


@dataclass
class Child:
    """One process: its name, command, environment, and a first line for its input."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    first_line: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


class Supervisor:
    """Starts children, starts again what dies, ends them last to first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, child: Child) -> None:
        """Start a child; its output goes to a log file of its name."""
        self._spawn(child)
        self._children.append(child)
        if not self._watcher.is_alive():
            self._watcher.start()

    def pids(self) -> dict[str, int]:
        """Return the running children's process ids by name."""
        return {c.name: c.process.pid for c in self._children if c.process is not None}

    def stop(self) -> None:
        """End every child, the last started first; whatever will not end is killed."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for child in reversed(self._children):
            if child.process is not None:
                _end(child.process)

    def _spawn(self, child: Child) -> None:
        log = (self._logs / f"{child.name}.log").open("ab")
        with log:
            child.process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *child.command],
                env={**os.environ, **child.environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if child.first_line and child.process.stdin is not None:
            child.process.stdin.write(child.first_line.encode() + b"\n")
            child.process.stdin.flush()

    def _watch(self) -> None:
        while not self._stopping.wait(_RESTART_S):
            for child in list(self._children):
                if child.process is None or child.process.poll() is None:
                    continue
                print(
                    f"{child.name} ended with code {child.process.returncode};"
                    f" starting it again (log: {self._logs / child.name}.log)",
                    file=sys.stderr,
                )
                _end(child.process)
                self._spawn(child)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin is not None:
        process.stdin.close()


def wait_for_port(port: int, patience_s: float) -> bool:
    """Whether something listens on a local port within that time."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def users_line(users: Mapping[str, str]) -> str:
    """Return the first line of the broker's input."""
    return json.dumps(dict(users))
