"""Ingest's numbers for Prometheus, on loopback; every one is read when it is asked for.

The one to watch is ``nguon_ingest_unaccounted``: received less committed, quarantined,
duplicate and in flight. It is 0, or messages are being lost.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.os_errors import concerning
from ingest.message import Source
from ingest.writer import Writer


class IngestCollector(Collector):
    """Translates counts into metrics."""

    def __init__(self, writer: Writer, source: Source, clock: Callable[[], int]) -> None:
        self._writer, self._source, self._clock = writer, source, clock
        self._started_s = time.monotonic()

    def collect(self) -> Iterable[Metric]:
        """Yield every metric, all counts from one moment."""
        now = self._writer.inbox.snapshot()
        messages = CounterMetricFamily(
            "nguon_ingest_messages", "Messages by what became of them.", labels=["fate"]
        )
        for fate in ("received", "committed", "quarantined", "duplicate"):
            messages.add_metric([fate], getattr(now, fate))
        readings = CounterMetricFamily(
            "nguon_ingest_readings", "Readings by what became of them.", labels=["fate"]
        )
        for fate in ("new", "same", "conflicting"):
            readings.add_metric([fate], getattr(now, f"readings_{fate}"))
        yield messages
        yield readings
        yield _gauge("in_flight", "Messages received and not decided.", now.in_flight)
        yield _gauge("unaccounted", "Messages lost on the way; anything but 0 is an alarm.",
                     now.unaccounted)  # fmt: skip
        age_ms = 0 if now.oldest_ms is None else max(0, self._clock() - now.oldest_ms)
        yield _gauge("oldest_seconds", "Age of the oldest message in flight.", age_ms / 1000)
        yield _gauge("missing", "Cycles missing in the boots that are being asked for.",
                     self._writer.gaps.missing())  # fmt: skip
        yield _gauge("connected", "Whether a session with the broker stands.",
                     self._source.connected())  # fmt: skip
        yield _counter("batches", "Transactions committed.", now.batches)
        yield _counter("commit_seconds", "Seconds spent committing.", now.commit_seconds)
        yield _counter("session_restarts", "Sessions restarted by the watchdog.",
                       self._source.restarts())  # fmt: skip
        yield _gauge("up_seconds", "Seconds since start.", time.monotonic() - self._started_s)


@contextmanager
def serving(writer: Writer, source: Source, port: int, clock: Callable[[], int]) -> Iterator[None]:
    """Serve the metrics of this process on loopback meanwhile; port 0 serves none."""
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(IngestCollector(writer, source, clock))
    with concerning(f"NGUON_METRICS_PORT: 127.0.0.1:{port}"):
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _gauge(name: str, sentence: str, value: float) -> Metric:
    return GaugeMetricFamily(f"nguon_ingest_{name}", sentence, value=float(value))


def _counter(name: str, sentence: str, value: float) -> Metric:
    return CounterMetricFamily(f"nguon_ingest_{name}", sentence, value=float(value))
