"""``nguon demo``: everything on this machine, from sensor to label, until Ctrl-C."""

import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from domain.errors import OperatorError
from domain.window import from_ms, local_day
from firmware_sim.run import Memory
from firmware_sim.scenario import load
from nguon.compose import make_log_key, make_signer, now_ms, stores
from nguon.demo import kept
from nguon.demo.broker import INGEST_USER, digest
from nguon.demo.client import Answer, Client
from nguon.demo.seed import make_pins, scenario_path, seed
from nguon.demo.story import Told, await_past, tell
from nguon.demo.supervisor import Child, Supervisor, free_port, users_line, wait_for_port
from nguon.settings import Settings
from traceability import qr

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_PAST_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration."""

    address: str
    broker_port: int
    pins: Mapping[str, str]
    today: date
    supervisor: Supervisor
    settings: Settings
    lock: IO[str]
    again: bool

    def stop(self) -> None:
        """End every process, then let the folder go."""
        self.supervisor.stop()
        self.lock.close()


def start(settings: Settings, say: Callable[[str], None]) -> Demo:
    """Start every process and return once the web application answers."""
    data = settings.data
    lock = kept.claim(data)
    http_port = free_port(settings.http_port, say)
    broker_port = free_port(settings.mqtt_port, say)
    memory = Memory(data / "nodes.json", now_ms())
    today = local_day(memory.installed_ms, _ZONE)
    pins = make_pins(data / "secrets" / "logins.json")
    plan = load(scenario_path())
    effective = settings.model_copy(
        update={"http_port": http_port, "mqtt_port": broker_port, "demo": True}
    )
    with stores(effective, new=True) as opened:
        again = not seed(opened.records, plan, pins, memory.installed_ms, today)
        make_signer(effective)
        make_log_key(effective, opened.records)
    passwords = _passwords(
        data / "secrets" / "broker.json", [*(n.id for n in plan.nodes), INGEST_USER]
    )
    supervisor = Supervisor(data / "logs")
    _start_children(supervisor, effective, passwords)
    for port in (broker_port, http_port):
        if not wait_for_port(port, 30):
            supervisor.stop()
            message = f"nothing answers on port {port}; see {data / 'logs'}"
            raise OperatorError(message)
    # Spoken to where it listens; a public address may lead elsewhere.
    local = f"http://127.0.0.1:{http_port}"
    return Demo(local, broker_port, pins, today, supervisor, effective, lock, again)


def run(settings: Settings) -> int:
    """Start, tell the story, print the doors, and stay until Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    demo = start(settings, print)
    try:
        office = Client(demo.address, "phong-kinh-te", demo.pins["phong-kinh-te"])
        # Without lots the story was never told: an earlier run ended before its past was in.
        if demo.again and office.get("/v1/lots"):
            print("Going on with the same data; the nodes bring what they measured meanwhile.")
        elif not _past_has_arrived(demo, office, stop):
            return 0
        _print_doors(demo, tell(demo.address, demo.pins, demo.today))
        stop.wait()
    except Answer as error:
        print(f"nguon: the web application answered {error}; see {demo.settings.data / 'logs'}",
              file=sys.stderr)  # fmt: skip
        return 1
    finally:
        print("\nStopping …", flush=True)
        demo.stop()
        print("Stopped. Run it again to go on with the same data.")
    return 0


def _past_has_arrived(demo: Demo, office: Client, stop: threading.Event) -> bool:
    """Wait for the nodes' past, saying how far it is; False when told to stop meanwhile."""
    print(f"Sixty days of the nodes' past are arriving at {demo.address} …", flush=True)
    arrived = await_past(office, _PAST_PATIENCE_S, _progress, stop.is_set)
    if not arrived and not stop.is_set():
        print("\nNot all of the past has arrived yet; the passports will say so.")
    return not stop.is_set()


def _start_children(
    supervisor: Supervisor, settings: Settings, passwords: Mapping[str, str]
) -> None:
    data = settings.data
    environment = {
        "NGUON_DATA": str(data),
        "NGUON_DEMO": "true",
        "NGUON_MQTT_PORT": str(settings.mqtt_port),
        "NGUON_MQTT_VERSION": "3.1.1",
        "NGUON_MQTT_USERNAME": INGEST_USER,
        "NGUON_MQTT_PASSWORD": passwords[INGEST_USER],
        "NGUON_HTTP_HOST": settings.http_host,
        "NGUON_HTTP_PORT": str(settings.http_port),
        "NGUON_PUBLIC_URL": settings.public_url,
        "NGUON_SESSION_SECRET": passwords["session"],
        "NGUON_FOLLOW_PARENT": "1",
    }
    users = users_line({name: digest(password) for name, password in passwords.items()})
    port = str(settings.mqtt_port)
    supervisor.start(Child("broker", ("-m", "nguon.demo.broker", port), environment, users))
    wait_for_port(settings.mqtt_port, 30)
    for verb in ("ingest", "watch", "api"):
        supervisor.start(Child(verb, ("-m", "nguon", verb), environment))
    nodes = ("-m", "nguon.demo.nodes", "run", str(scenario_path()), "--port", port,
             "--memory", str(data / "nodes.json"),
             "--passwords", str(data / "secrets" / "broker.json"))  # fmt: skip
    wait_for_port(settings.http_port, 30)
    supervisor.start(Child("nodes", nodes, environment))


def _passwords(path: Path, names: list[str]) -> dict[str, str]:
    known = kept.read(path)
    for name in [*names, "session"]:
        known.setdefault(name, secrets.token_urlsafe(24))
    kept.write(path, known)
    return known


def _print_doors(demo: Demo, lots: list[Told]) -> None:
    print("\n")
    print(qr.terminal(lots[0].digital_link))
    print(f"""
Grower   {demo.address}/r
Buyer    {lots[0].digital_link}
Office   {demo.address}/qt

Logins of this demonstration (PIN):""")
    for login, pin in demo.pins.items():
        print(f"  {login:<18} {pin}")
    when = from_ms(now_ms()).astimezone(_ZONE)
    print(f"\nReady at {when:%H:%M:%S}. The nodes are live; Ctrl-C ends everything.", flush=True)


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
