"""Take a backlog off the broker, and say how fast: python -m bench.drain WHAT PORT N DEVICES URL.

WHAT is ``session`` (only make the session that the backlog waits for), ``bare`` (paho
counting) or ``ingest`` (all of ours, into the store that URL names). A process of its
own, so that peak memory and CPU are its own; prints one line of JSON.
"""

import json
import logging
import resource
import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.packs import START_MS, register
from domain.properties import observed_properties
from domain.topics import Leaf, every
from ingest.mqtt import MqttSource
from ingest.mqtt_client import RECEIVE_MAXIMUM, Endpoint
from ingest.register import RegisterCache
from ingest.writer import Bounds, Writer, collect_rarely
from nguon.compose import open_series

CLIENT_ID, USER, WORD = "nguon-ingest", "ingest", "ingest-word"
NOW_MS = START_MS + 400 * 86_400_000
_PATIENCE_S = 900.0


def bare(port: int, wanted: int) -> dict[str, float]:
    """Count messages with paho and nothing else, acknowledged by paho itself."""
    got, done = [0], threading.Event()

    def on_message(*_: object) -> None:
        got[0] += 1
        if got[0] >= wanted:
            done.set()

    client = _client(port, on_message)
    began = _now()
    client.loop_start()
    done.wait(_PATIENCE_S)
    taken = _since(began)
    client.disconnect()
    client.loop_stop()
    return taken | {"messages": got[0]}


def session(port: int) -> dict[str, float]:
    """Make the session and leave it behind."""
    ready = threading.Event()
    client = _client(port, lambda *_: None)
    client.on_subscribe = lambda *_: ready.set()
    client.loop_start()
    ready.wait(20)
    client.disconnect()
    client.loop_stop()
    return {}


def ingest(port: int, wanted: int, devices: int, url: str) -> dict[str, float]:
    """Take everything in as `nguon ingest` does: committed, acknowledged, receipted."""
    series = open_series(url)
    known = register(devices)
    collect_rarely()
    writer = Writer(
        series, RegisterCache(lambda: known), observed_properties(), lambda: NOW_MS, Bounds()
    )
    source = MqttSource(Endpoint("127.0.0.1", port, CLIENT_ID, USER, WORD, "5"), lambda: NOW_MS)
    thread = threading.Thread(target=writer.run, args=(source,))
    began = _now()
    thread.start()
    source.start(writer.offer)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        counts = writer.inbox.snapshot()
        if counts.committed >= wanted:
            break
        time.sleep(0.005)
    taken = _since(began)
    time.sleep(0.5)
    source.stop()
    writer.stop()
    thread.join(20)
    stored = series.tally().readings
    series.close()
    return taken | {"messages": counts.committed, "readings": stored, "batches": counts.batches}


def _client(port: int, on_message: "mqtt.CallbackOnMessage") -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, protocol=mqtt.MQTTv5)
    client.username_pw_set(USER, WORD)
    client.on_message = on_message
    client.on_connect = lambda c, *_: c.subscribe([(every(Leaf.UP), 1)])
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    properties.SessionExpiryInterval, properties.ReceiveMaximum = 3600, RECEIVE_MAXIMUM
    client.connect("127.0.0.1", port, 30, clean_start=False, properties=properties)
    return client


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> dict[str, float]:
    wall, cpu = _now()
    return {"seconds": wall - began[0], "cpu_s": cpu - began[1]}


def main() -> None:
    """Do what the arguments say and print it."""
    logging.basicConfig(level=logging.WARNING)
    what, port, wanted, devices, *url = sys.argv[1:]
    if what == "ingest":
        told = ingest(int(port), int(wanted), int(devices), url[0])
    else:
        told = bare(int(port), int(wanted)) if what == "bare" else session(int(port))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told | {"peak_mb": round(peak, 1)}))


if __name__ == "__main__":
    main()
