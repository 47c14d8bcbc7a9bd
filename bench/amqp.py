"""``python -m bench.amqp``: two ingest workers against one, on RabbitMQ's quorum queue.

A backlog is left in the queue; workers (`nguon ingest --source amqp`, a process each) take
it into PostgreSQL with fsync on. Timed from the first commit seen to the last.
"""

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pika
import psycopg

from bench.packs import STREAMS, names, packs
from domain.device import Device, Placement
from domain.gs1 import Gln
from domain.ids import AreaCode, Channel, PlotId, ProducerId
from domain.pack import Coding
from domain.plot import Area, Plot, Producer
from ingest.amqp import EXCHANGE, declare
from nguon.compose import stores
from nguon.settings import Settings
from tests.builders import ZONE
from tests.services.brokers import Rabbit
from tests.services.postgres import Postgres

USERS = {"ingest": "ingest-word"}
_PATIENCE_S = 300.0


def fill(rabbit: Rabbit, messages: int, devices: int) -> None:
    """Leave a backlog in the queue, as the MQTT plugin would route it."""
    # The publisher is the broker's own administrator here: devices may only write their topic.
    words = pika.PlainCredentials("bench", "bench-word")
    where = pika.ConnectionParameters("127.0.0.1", rabbit.amqp, "/", words)
    with pika.BlockingConnection(where) as connection:
        channel = connection.channel()
        declare(channel)
        keep = pika.BasicProperties(delivery_mode=2)
        for topic, payload in packs(messages, devices, Coding.CBOR):
            channel.basic_publish(EXCHANGE, topic.replace("/", "."), payload, keep)


def register(settings: Settings, devices: int) -> None:
    """Write the devices into the records store."""
    with stores(settings, new=True) as opened, opened.records.transaction() as transaction:
        places, area = transaction.places, AreaCode("xa-mau")
        places.add_area(Area(area, "Xã mẫu", "Sample", ZONE, date(2025, 7, 1), None, "bench"))
        places.add_producer(Producer(ProducerId("ho-1"), "Hộ mẫu", area, None))
        plot, gln = PlotId("ruong-1"), Gln("9520001001017")
        places.add_plot(Plot(plot, "Ruộng", ProducerId("ho-1"), area, gln, 1.0))
        for device in names(devices):
            transaction.devices.add(Device(device, device, 0))
            for channel, what, _ in STREAMS:
                transaction.devices.add_stream(device, Channel(channel), what, None, 900)
            transaction.devices.place(Placement(device, plot, 0, None))


@contextlib.contextmanager
def workers(count: int, environment: dict[str, str]) -> Iterator[None]:
    """Run so many workers meanwhile."""
    command = [sys.executable, "-m", "nguon", "ingest", "--source", "amqp"]
    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


def committed(url: str, messages: int) -> float:
    """Return messages a second, from the first commit seen to the last."""
    first: tuple[float, int] | None = None
    deadline = time.monotonic() + _PATIENCE_S
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute("SELECT count(*) FROM series.frame").fetchone()
            count, now = int(row[0]) if row else 0, time.monotonic()
            if first is None and count:
                first = now, count
            if first is not None and count >= messages:
                return (count - first[1]) / (now - first[0])
            time.sleep(0.05)
    message = "the backlog was not taken in"
    raise TimeoutError(message)


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.amqp", description=__doc__)
    parser.add_argument("--messages", type=int, default=30_000, help="(%(default)s)")
    parser.add_argument("--devices", type=int, default=100, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="each in turn (%(default)s)")
    options = parser.parse_args()
    rabbit = Rabbit(USERS | {"bench": "bench-word"}, "none", administrator="bench").start()
    postgres = Postgres(durable=True).start()
    found: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for number in range(options.rounds):
            for count, rates in found.items():
                url = postgres.fresh(f"bench_{number}_{count}")
                settings = Settings(data=Path(folder) / f"{number}-{count}", series_url=url)
                register(settings, options.devices)
                environment = os.environ | {
                    "NGUON_DATA": str(settings.data), "NGUON_SERIES_URL": url,
                    "NGUON_AMQP_NODES": f"127.0.0.1:{rabbit.amqp}",
                    "NGUON_MQTT_PASSWORD": USERS["ingest"],
                }  # fmt: skip
                fill(rabbit, options.messages, options.devices)
                with workers(count, environment):
                    rates.append(committed(url, options.messages))
    rabbit.close()
    postgres.close()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()};"
          f" {options.messages:,} messages of four readings,"
          f" {options.devices} devices\n")  # fmt: skip
    print("| workers | messages/s, each round | best |\n| --- | --- | --- |")
    for count, rates in found.items():
        print(f"| {count} | {', '.join(f'{r:,.0f}' for r in rates)} | {max(rates):,.0f} |")
    print(f"\ntwo against one: {max(found[2]) / max(found[1]):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
