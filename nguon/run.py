"""The long-running verbs ingest and api; each runs until SIGTERM or SIGINT."""

import logging
import signal
import threading
import time
from collections.abc import Callable

import uvicorn

from api.app import create_app
from api.auth import Sessions
from api.deps import Deps
from api.hot import LIFE_MS
from api.rates import REPORTS_FREE, REPORTS_WAIT_MS, Tries
from api.scans.recorder import Kept, Recorder
from domain.device import Register
from domain.ids import DeviceId
from domain.properties import observed_properties
from ingest.message import Source
from ingest.mqtt import MqttSource
from ingest.mqtt_client import Endpoint
from ingest.register import RegisterCache
from ingest.writer import Bounds, Writer, collect_rarely
from nguon import metrics
from nguon.compose import Stores, begin_signing, log_key, now_ms, stores, trust
from nguon.listen import listener
from nguon.settings import Settings, refuse_placeholders
from nguon.verifier import build
from store.scan_journal import ScanJournal
from traceability.log.files import LogFiles
from traceability.passport import Issuer

_log = logging.getLogger(__name__)
_TOLD_EVERY_S = 30.0
_LOOK_EVERY_S = 1.0


def run_ingest(settings: Settings, source_name: str = "mqtt") -> int:
    """Take messages in from ``mqtt``, ``amqp`` or ``http`` until told to stop."""
    stop = stop_event()
    with stores(settings) as opened:
        register = RegisterCache(_register_of(opened))
        collect_rarely()
        writer = Writer(opened.series, register, observed_properties(), now_ms, Bounds())
        source = _source(settings, source_name, opened)
        thread = threading.Thread(target=writer.run, args=(source,), name="writer")
        thread.start()
        source.start(writer.offer)
        with metrics.serving(writer, source, settings.metrics_port, now_ms):
            _tell_until(stop, thread, writer, source)
        died = not (thread.is_alive() and source.alive())
        # The writer first: a source that waits for room in its queue is let go by that.
        writer.stop()
        source.stop()
        thread.join(10)
        _log.info("stopped: %s", writer.inbox.snapshot())
    return 1 if died else 0


def _tell_until(
    stop: threading.Event, thread: threading.Thread, writer: Writer, source: Source
) -> None:
    """Log the counts now and then; return when told to stop or when a thread has died."""
    told_s = time.monotonic()
    while not stop.wait(_LOOK_EVERY_S):
        if not (thread.is_alive() and source.alive()):
            who = "source" if thread.is_alive() else "writer"
            _log.critical("the %s has died; ending, so that a supervisor starts afresh", who)
            return
        if time.monotonic() - told_s > _TOLD_EVERY_S:
            told_s = time.monotonic()
            _log.info("%s", writer.inbox.snapshot())


def run_api(settings: Settings) -> int:
    """Serve the web application until told to stop."""
    refuse_placeholders(settings)
    with stores(settings) as opened:
        given = web_deps(settings, opened)
        app = create_app(given)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=3,
            server_header=False,
        )  # fmt: skip
        names = "NGUON_HTTP_HOST, NGUON_HTTP_PORT"
        socket = listener(settings.http_host, settings.http_port, names)
        given.scans.start()
        try:
            uvicorn.Server(config).run(sockets=[socket])
        finally:
            given.scans.stop()
    return 0


def web_deps(settings: Settings, opened: Stores) -> Deps:
    """Return what the web application is given."""
    key = log_key(settings)
    issuer = Issuer(
        opened.records, opened.series, begin_signing(settings, opened.records), settings.issuer,
        key.name,
    )  # fmt: skip
    sessions = Sessions(opened.records, settings.session_secret.get_secret_value(), now_ms)
    return Deps(
        series=opened.series,
        records=opened.records,
        issuer=issuer,
        trust=lambda: trust(settings, opened.records, key),
        files=LogFiles(settings.log_folder()),
        log_key=key,
        address=settings.address(),
        clock=now_ms,
        sessions=sessions,
        reports=Tries(REPORTS_FREE, REPORTS_WAIT_MS, now_ms),
        scans=Recorder(
            ScanJournal(settings.scan_folder()), opened.records, now_ms, Kept(settings.scan_days)
        ),
        place_header=settings.place_header,
        page_life_ms=LIFE_MS,
        demo=settings.demo,
        issuer_gln=settings.issuer_party(),
        source_url=settings.source_url,
        verifier=build,
        company_prefix=settings.company_prefix,
    )


def _register_of(opened: Stores) -> Callable[[], Register]:
    def load() -> Register:
        with opened.records.reading() as transaction:
            return transaction.devices.register()

    return load


def _source(settings: Settings, name: str, opened: Stores) -> Source:
    if name == "amqp":
        from ingest.amqp import AmqpEndpoint, AmqpSource  # noqa: PLC0415 - pika only where it is used

        password = settings.mqtt_password.get_secret_value()
        return AmqpSource(AmqpEndpoint(settings.amqp(), settings.mqtt_username, password), now_ms)
    if name == "http":
        from ingest.http import HttpSource  # noqa: PLC0415 - the server only where it is used

        names = "NGUON_WRITE_HOST, NGUON_WRITE_PORT"
        socket = listener(settings.write_host, settings.write_port, names)
        return HttpSource(socket, _device_of(opened), now_ms)
    return MqttSource(_endpoint(settings), now_ms)


def _device_of(opened: Stores) -> Callable[[str], DeviceId | None]:
    def find(digest: str) -> DeviceId | None:
        with opened.records.reading() as transaction:
            return transaction.tokens.device(digest)

    return find


def _endpoint(settings: Settings) -> Endpoint:
    return Endpoint(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        client_id=settings.mqtt_client_id,
        username=settings.mqtt_username or None,
        password=settings.mqtt_password.get_secret_value() or None,
        version=settings.mqtt_version,
    )


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
