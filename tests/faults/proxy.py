"""A line that can be cut, halved and delayed: a TCP proxy on loopback with a switch."""

import contextlib
import socket
import threading
import time

from tests.services.server import free_ports


class Proxy:
    """Forwards to ``target``; ``mode`` is pass, cut, swallow (half open) or delay."""

    def __init__(self, target: int) -> None:
        (self.port,) = free_ports(1)
        self._target = target
        self.mode = "pass"
        self.delay_s = 0.3
        self._lines: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode: str) -> None:
        self.mode = mode
        if mode == "cut":
            self._drop()

    def heal(self) -> None:
        """Pass again; what was half open is closed, as a modem's reset would."""
        broken = self.mode == "swallow"
        self.mode = "pass"
        if broken:
            self._drop()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop()

    def _drop(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.mode == "cut":
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 2)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            self._lines += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self.mode == "delay":
                    time.sleep(self.delay_s)
                if self.mode != "swallow":
                    sink.sendall(data)
        for line in (source, sink):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
