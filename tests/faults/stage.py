"""The processes of a trial: fleet, broker, ingest, store and watcher, each killable."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from domain.device import Device, Placement
from domain.gs1 import Gln
from domain.ids import AreaCode, Channel, DeviceId, PlotId, ProducerId
from domain.plot import Area, Plot, Producer
from domain.ranges import holds
from nguon.compose import Stores, make_log_key, stores
from nguon.settings import Settings
from tests.builders import ZONE
from tests.faults.fleet import CHANNELS
from tests.faults.oracle import recall
from tests.faults.proxy import Proxy
from tests.services.brokers import Embedded, Mosquitto
from tests.services.postgres import Postgres
from tests.services.server import free_ports

ROOT = Path(__file__).parent.parent.parent
DEVICES = tuple(f"node-{n}" for n in range(1, 6))
WORDS = {name: f"word-of-{name}" for name in DEVICES}
USERS = {"ingest": "ingest-word"} | WORDS
INSTALLED_MS = 1_700_000_000_000
HEAL_S = 120.0


class Stuck(Exception):
    """Something did not happen in time."""


@dataclass
class Child:
    """One program of ours, in a process of its own that ends when this one does."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, *self.arguments],
                env=self.environment | more, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
            self.kill()

    def status(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def wait(self, patience_s: float) -> int | None:
        assert self.process is not None
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return None


@dataclass
class Stage:
    folder: Path
    settings: Settings
    broker: Any
    database: Postgres | None
    to_broker: Proxy
    from_broker: Proxy
    ingest: Child
    watch: Child
    metrics_port: int
    opened: Stores
    fleet: subprocess.Popen[bytes] = field(repr=False)
    trial: int = 0
    felt: int = 0

    def tell(self, verb: str, **rest: Any) -> None:
        """Tell the fleet to do something; `answer` waits for it."""
        assert self.fleet.stdin is not None
        self.fleet.stdin.write(json.dumps({"do": verb} | rest).encode() + b"\n")
        self.fleet.stdin.flush()

    def answer(self) -> Any:
        assert self.fleet.stdout is not None
        line = self.fleet.stdout.readline()
        if not line:
            raise Stuck("the fleet has ended")
        return json.loads(line)["answer"]

    def sent(self) -> int:
        """Return how many cycles have left the devices so far."""
        return len(recall(self.folder / "oracle.jsonl")[0])

    def under_way(self) -> bool:
        """Whether something was sent that the store does not have yet."""
        sent, _ = recall(self.folder / "oracle.jsonl")
        kept = {d: self.opened.series.ledger(DeviceId(d)) for d in DEVICES}
        return any(not holds(kept[d].get(boot, ()), seq) for d, boot, seq in sent)

    def heal(self) -> None:
        """Wait until every device has been told that everything is kept (I6: lag goes to 0)."""
        self.tell("heal", patience_s=HEAL_S)
        if not self.answer():
            raise Stuck(f"not everything was receipted within {HEAL_S:g} s of the heal")

    def metrics(self) -> dict[str, float]:
        address = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {re.sub(r'\{fate="(\w+)"\}', r".\1", name): float(value) for name, value in pairs}

    def until(self, holds: Any, what: str, patience_s: float = HEAL_S) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            with contextlib.suppress(OSError):
                if holds():
                    return
            if time.monotonic() > deadline:
                raise Stuck(f"{what}, within {patience_s:g} s")
            time.sleep(0.05)


@contextmanager
def stage(
    store: str, seed: int, broker: str = "mosquitto", folder: Path | None = None
) -> Iterator[Stage]:
    """Set everything up, and end it in order; ``folder`` is the data's, a temporary one if None."""
    data = folder or Path(tempfile.mkdtemp(prefix="faults-", dir="/tmp"))
    with contextlib.ExitStack() as ends:
        if folder is None:
            ends.callback(shutil.rmtree, data, ignore_errors=True)
        server = Mosquitto(USERS) if broker == "mosquitto" else Embedded(USERS)
        ends.callback(server.close)
        server.start()
        database = None
        url = f"sqlite:///{data / 'series.db'}"
        if store == "postgres":
            database = Postgres(durable=True)
            ends.callback(database.close)
            database.start()
            url = database.fresh("faults")
        to_broker, from_broker = Proxy(server.port), Proxy(server.port)
        ends.callback(to_broker.close)
        ends.callback(from_broker.close)
        settings = Settings(
            data=data, series_url=url, records_url=f"sqlite:///{data / 'records.db'}"
        )
        opened = ends.enter_context(stores(settings, new=True))
        make_log_key(settings, opened.records)
        register(opened)
        (metrics_port,) = free_ports(1)
        environment = os.environ | {
            "NGUON_DATA": str(data), "NGUON_SERIES_URL": url, "NGUON_RECORDS_URL": settings.records_url,
            "NGUON_MQTT_PORT": str(from_broker.port), "NGUON_MQTT_PASSWORD": USERS["ingest"],
            "NGUON_METRICS_PORT": str(metrics_port), "NGUON_SILENCE_LOOK_S": "3600",
        }  # fmt: skip
        logs = data if folder is None else Path(tempfile.mkdtemp(prefix="faults-logs-", dir="/tmp"))
        ingest = Child("ingest", ["-m", "nguon", "ingest"], environment, logs / "ingest.log")
        watch = Child("watch", ["-m", "nguon", "watch"], environment, logs / "watch.log")
        for child in (ingest, watch):
            ends.callback(child.end)
            child.start()
        oracle = logs / "oracle.jsonl"
        with (logs / "fleet.log").open("ab") as log:
            fleet = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "tests.faults.fleet",
                 str(to_broker.port), str(oracle), str(seed), json.dumps(WORDS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                start_new_session=True,
            )  # fmt: skip
        ends.callback(_end, fleet)
        on = Stage(
            logs, settings, server, database, to_broker, from_broker, ingest, watch, metrics_port,
            opened, fleet,
        )  # fmt: skip
        # A broker keeps nothing for a session that was never there.
        on.until(lambda: on.metrics()["nguon_ingest_connected"], "ingest connects", 60)
        yield on


def register(opened: Stores) -> None:
    """One plot, five devices with two channels each."""
    with opened.records.transaction() as transaction:
        places = transaction.places
        area = AreaCode("xa-mau")
        places.add_area(Area(area, "Xã mẫu", "Sample", ZONE, date(2025, 7, 1), None, "test"))
        places.add_producer(Producer(ProducerId("ho-1"), "Hộ mẫu", area, None))
        plot = PlotId("ruong-1")
        places.add_plot(Plot(plot, "Ruộng", ProducerId("ho-1"), area, Gln("9520001001017"), 1.0))
        for name in DEVICES:
            device = DeviceId(name)
            transaction.devices.add(Device(device, name, INSTALLED_MS))
            for channel, what in zip(CHANNELS, ("soil_moisture", "air_temperature"), strict=True):
                transaction.devices.add_stream(device, Channel(channel), what, None, 60)
            transaction.devices.place(Placement(device, plot, INSTALLED_MS, None))


def _end(fleet: subprocess.Popen[bytes]) -> None:
    assert fleet.stdin is not None and fleet.stdout is not None
    with contextlib.suppress(OSError):
        fleet.stdin.write(b'{"do": "quit"}\n')
        fleet.stdin.close()
    try:
        fleet.wait(10)
    except subprocess.TimeoutExpired:
        fleet.send_signal(signal.SIGKILL)
        fleet.wait()
    fleet.stdout.close()
