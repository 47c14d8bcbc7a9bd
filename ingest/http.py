"""The HTTP source: InfluxDB's clients post lines, and wait until they are committed.

The other sources acknowledge to a broker that holds what is not acknowledged. Here the
client holds it, so its request is open until the writer has decided. Everything of HTTP's
happens on one event loop in one thread; messages go to the writer through a thread that
may block, since the writer holds back whoever offers too much.
"""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from domain.errors import NotYet
from domain.ids import DeviceId
from domain.reading import Delivery
from ingest.http_door import Door, Limits
from ingest.http_room import Place, Room
from ingest.http_tokens import Tokens
from ingest.message import Received, Word
from store import failpoint

_log = logging.getLogger(__name__)
_CONNECTIONS = 800  # below the 1,024 files that a process may have open where nobody set more
_STEP_S = 0.02
_GRACE_S, _END_S = 3, 10


class HttpSource:
    """One address; ``find`` tells whose token has a digest, and may block."""

    def __init__(
        self,
        listener: socket.socket,
        find: Callable[[str], DeviceId | None],
        clock: Callable[[], int],
        limits: Limits | None = None,
    ) -> None:
        self._listener, self._clock = listener, clock
        self._limits = limits or Limits()
        self._room = Room(self._limits.room)
        door = Door(Tokens(find), self._room, self._limits, self._hand_in)
        self._server = uvicorn.Server(
            uvicorn.Config(
                door.app(), log_config=None, access_log=False, server_header=False, ws="none",
                lifespan="off", limit_concurrency=_CONNECTIONS, timeout_graceful_shutdown=_GRACE_S,
            )
        )  # fmt: skip
        self._offer: Callable[[Received], None] = lambda _message: None
        self._offering = ThreadPoolExecutor(1, "http-offering")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._stopping = threading.Event()

    def start(self, offer: Callable[[Received], None]) -> None:
        """Serve in the background; every body goes to ``offer``."""
        self._offer = offer
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, give the writer a moment to decide, and answer everybody."""
        self._stopping.set()
        deadline = time.monotonic() + self._limits.stop_s
        while self._room.busy() and time.monotonic() < deadline:
            time.sleep(_STEP_S)
        self._on_loop(self._room.dismiss)
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_END_S)
        self._listener.close()
        self._offering.shutdown(cancel_futures=True)

    def connected(self) -> bool:
        """Whether it listens."""
        return self._server.started and self._thread.is_alive() and not self._stopping.is_set()

    def alive(self) -> bool:
        """Whether the thread lives that everything of HTTP's happens in."""
        return self._thread.is_alive()

    def restarts(self) -> int:
        """Return 0: there is no session that could only seem alive."""
        return 0

    def acknowledge(self, messages: Sequence[Received], deliveries: Sequence[Delivery]) -> None:
        """Answer those who wait for these."""
        decided = [
            (message.handle[1], delivery.refusals)
            for message, delivery in zip(messages, deliveries, strict=True)
        ]
        failpoint.reach("mid-acknowledge")
        self._on_loop(lambda: self._room.decide(decided))
        failpoint.reach("after-acknowledge")

    def tell(self, words: Sequence[Word]) -> None:
        """Tell nobody: a client of InfluxDB's hears answers, and nothing else."""

    def _hand_in(self, place: Place, topic: str, payload: bytes) -> None:
        """Offer a body to the writer; raises `NotYet` when stopping."""
        if self._stopping.is_set():
            message = "the service is being stopped; send it again in a few seconds"
            raise NotYet(message)
        failpoint.reach("received")
        received = Received(topic, payload, self._clock(), (0, place.number, 0))
        self._offering.submit(self._offer, received)

    def _on_loop(self, work: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            # A loop that is closed has answered everybody already.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # noqa: BLE001 - told here; that the thread is gone ends the process
            _log.exception("the server of HTTP broke")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        _log.info("listening for lines at %s:%d", *self._listener.getsockname()[:2])
        await self._server.serve([self._listener])
