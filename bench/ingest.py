"""``make bench-ingest``: how fast a backlog is taken in, as ratios against bare paho.

In one run, on one machine, from the same publisher and the same real Mosquitto, each in a
process of its own and in turn: (a) bare paho counting, (b) `mosquitto_sub -q 1` counting,
(c) ours into SQLite, (d) ours into PostgreSQL. Ours is decoded, judged, committed durably,
entered in the ledger, acknowledged and receipted; fsync is on everywhere.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.drain import CLIENT_ID, USER, WORD
from bench.packs import packs
from domain.pack import Coding
from tests.services.brokers import Mosquitto
from tests.services.postgres import Postgres

USERS = {USER: WORD, "bench": "bench-word"}
_UNDER_WAY = 2_000


def publish(port: int, messages: int, devices: int, coding: Coding) -> None:
    """Leave a backlog in the broker, every message acknowledged by it."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=mqtt.MQTTv311)
    client.username_pw_set("bench", USERS["bench"])
    client.max_inflight_messages_set(_UNDER_WAY)
    room, left, done = threading.Semaphore(_UNDER_WAY), [messages], threading.Event()

    def on_publish(*_: object) -> None:
        room.release()
        left[0] -= 1
        if not left[0]:
            done.set()

    client.on_publish = on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, payload in packs(messages, devices, coding):
        room.acquire()
        client.publish(topic, payload, qos=1)
    done.wait(600)
    client.disconnect()
    client.loop_stop()


def drain(what: str, port: int, messages: int, devices: int, url: str = "") -> dict[str, Any]:
    """Take the backlog off in a process of its own."""
    if what == "mosquitto_sub":
        return _mosquitto_sub(port, messages)
    command = [sys.executable, "-m", "bench.drain", what, str(port), str(messages), str(devices)]
    out = subprocess.run([*command, url] if url else command, check=True, capture_output=True)
    told: dict[str, Any] = json.loads(out.stdout)
    return told


def _mosquitto_sub(port: int, messages: int) -> dict[str, Any]:
    program = shutil.which("mosquitto_sub")
    if program is None:
        print("  mosquitto_sub is not there (Debian: mosquitto-clients)", file=sys.stderr)
        return {}
    command = [program, "-p", str(port), "-q", "1", "-c", "-i", CLIENT_ID, "-u", USER, "-P", WORD,
               "-V", "5", "-x", "3600", "-D", "connect", "receive-maximum", "2000",
               "-t", "nguon/v1/+/up", "-C", str(messages)]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"seconds": time.perf_counter() - began, "messages": messages}


def measure(options: argparse.Namespace, devices: int) -> dict[str, list[dict[str, Any]]]:
    """Return every measurement, by what was measured."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    broker = Mosquitto(USERS)
    acl = broker.folder / "acl"
    acl.write_text(acl.read_text() + "\nuser bench\ntopic write nguon/v1/+/up\n")
    broker.start()
    postgres = Postgres(durable=True).start()
    # Not on a memory file system: what is durable must reach a disk.
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_DIR", ".")))
    try:
        for number in range(options.rounds):
            urls = {
                "bare": "", "mosquitto_sub": "",
                "sqlite": f"sqlite:///{folder}/{devices}-{number}.db",
                "postgres": postgres.fresh(f"bench_{devices}_{number}"),
            }  # fmt: skip
            for what in options.what.split(","):
                drain("session", broker.port, 0, devices)
                publish(broker.port, options.messages, devices, Coding(options.coding))
                kind = "ingest" if urls[what] else what
                told = drain(kind, broker.port, options.messages, devices, urls[what])
                if told:
                    found[what].append(told)
                    _say(what, devices, told)
    finally:
        broker.close()
        postgres.close()
        shutil.rmtree(folder)
    return found


def _say(what: str, devices: int, told: dict[str, Any]) -> None:
    rate = told["messages"] / told["seconds"]
    print(f"  {devices} devices, {what}: {rate:.0f} messages/s", file=sys.stderr, flush=True)


def table(devices: int, found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the rows of one number of devices: medians, and ratios of medians."""
    seconds = {
        w: statistics.median(t["seconds"] / t["messages"] for t in f) for w, f in found.items()
    }
    rows = []
    for what, measured in found.items():
        readings = f"{4 / seconds[what]:,.0f}" if what in ("sqlite", "postgres") else ""
        cpu = [t["cpu_s"] / t["messages"] * 1e6 for t in measured if "cpu_s" in t]
        peak = [t["peak_mb"] for t in measured if "peak_mb" in t]
        rows.append(
            f"| {devices:,} | {what} | {1 / seconds[what]:,.0f} | {readings}"
            f" | {_ratio(seconds, what)} | {seconds[what] * 1e6:.1f}"
            f" | {f'{statistics.median(cpu):.1f}' if cpu else ''}"
            f" | {f'{max(peak):.0f}' if peak else ''} |"
        )
    return rows


def _ratio(seconds: dict[str, float], what: str) -> str:
    return f"{seconds['bare'] / seconds[what]:.2f}" if "bare" in seconds else ""


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--devices", default="10,1000,10000", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="each in turn (%(default)s)")
    parser.add_argument("--coding", default="cbor", choices=("cbor", "json"))
    parser.add_argument(
        "--what", default="bare,mosquitto_sub,sqlite,postgres", help="(%(default)s)"
    )
    options = parser.parse_args()
    rows: list[str] = []
    for devices in (int(number) for number in options.devices.split(",")):
        rows += table(devices, measure(options, devices))
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()};"
          f" {options.messages:,} messages of four readings ({options.coding}),"
          f" {options.rounds} rounds, medians\n")  # fmt: skip
    print("| devices | what | messages/s | readings/s | of bare paho | µs a message | CPU µs"
          " | peak MB |\n| --- | --- | --- | --- | --- | --- | --- | --- |")  # fmt: skip
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
