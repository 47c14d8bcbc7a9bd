"""A fleet of devices in a process of its own, with an oracle; told what to do line by line.

``python -m tests.faults.fleet PORT ORACLE SEED PASSWORDS`` reads JSON commands from
standard input and answers each with one line: ``burst`` (measure and send), ``poison``
(bytes that are nothing), ``heal`` (go on until receipts cover everything), ``quit``.
Flash, receipts, requests and resending are the simulator's own.
"""

import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

import firmware_sim.radio
from domain.ids import DeviceId
from domain.pack import Coding, encode
from domain.reading import Cycle, Observation
from domain.topics import Leaf, Topic
from firmware_sim.link import Broker, Link
from firmware_sim.radio import Radio
from firmware_sim.scenario import NodePlan
from firmware_sim.scenario import Radio as Faults
from tests.faults import poison
from tests.faults.oracle import Oracle

CHANNELS = ("soil_moisture_20", "air_temperature")
STEP_MS = 60_000
YEAR_MS = 365 * 86_400_000
_TURN_S = 0.02


class OracleLink(Link):
    """A link that writes down what it sends and what is acknowledged."""

    def __init__(self, broker: Broker, device: DeviceId, word: str, oracle: Oracle) -> None:
        self._oracle = oracle
        self._packs: dict[bytes, tuple[Cycle, ...]] = {}
        self._under_way: dict[int, tuple[Cycle, ...]] = {}
        self._early: set[int] = set()
        self._mids = threading.Lock()
        super().__init__(broker, device, word)

    def send_cycles(self, cycles: tuple[Cycle, ...], coding: Coding) -> None:
        self._oracle.sent(self._device, cycles)
        payload = encode(self._device, cycles, coding)
        self._packs[payload] = cycles
        self.send(payload)

    def _publish(self, payload: bytes) -> int:
        mid = super()._publish(payload)
        cycles = self._packs.get(payload, ())
        with self._mids:
            if mid not in self._early:
                self._under_way[mid] = cycles
                return mid
            self._early.discard(mid)
        self._oracle.acked(self._device, cycles)
        return mid

    def _on_publish(self, *event: Any) -> None:
        super()._on_publish(*event)
        with self._mids:
            cycles = self._under_way.pop(event[2], None)
            if cycles is None:
                self._early.add(event[2])
        if cycles is not None:
            self._oracle.acked(self._device, cycles)


class OracleRadio(Radio):
    """The simulator's radio; only what leaves is written down first."""

    def _transmit(self, batch: tuple[Cycle, ...]) -> None:
        assert isinstance(self._link, OracleLink)
        self._link.send_cycles(batch, Coding(self._plan.coding))


class Fleet:
    def __init__(self, port: int, oracle: Path, seed: int, words: dict[str, str]) -> None:
        firmware_sim.radio._QUIET_S = 0.7
        self._dice = random.Random(seed)
        self._oracle = Oracle(oracle)
        self._radios: dict[str, OracleRadio] = {}
        self._links: dict[str, OracleLink] = {}
        self._boots = dict.fromkeys(words, 0)
        self._time_ms = dict.fromkeys(words, 0)
        faults = Faults(batch=4, repeat=0.1, reorder=0.1, loss=0.05)
        for number, (name, word) in enumerate(words.items()):
            device = DeviceId(name)
            plan = NodePlan(device, name, "s", 60, Coding("cbor"), (), (), faults, None, 1.0)
            link = OracleLink(Broker("127.0.0.1", port), device, word, self._oracle)
            link._client.reconnect_delay_set(1, 1)
            self._links[name] = link
            self._radios[name] = OracleRadio(plan, link, seed + number)

    def burst(self, count: int, over_s: float, from_ms: int, clock: bool) -> None:
        """Every device starts anew, measures ``count`` cycles and sends as it goes."""
        seqs = dict.fromkeys(self._radios, 0)
        for name in self._radios:
            self._boots[name] += 1
            self._time_ms[name] = from_ms
        for _ in range(count):
            for name, radio in self._radios.items():
                radio.keep(self._cycle(name, seqs[name], clock))
                seqs[name] += 1
                radio.turn(lambda _: None)
            time.sleep(over_s / count)

    def heal(self, patience_s: float) -> bool:
        """Turn until receipts cover everything."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            for radio in self._radios.values():
                radio.turn(lambda _: None)
            if all(radio.idle() for radio in self._radios.values()):
                return True
            time.sleep(_TURN_S)
        return False

    def poison(self, count: int, seed: int) -> dict[str, int]:
        """Send messages that are nothing; returns how many of each kind were acknowledged."""
        kinds: dict[str, int] = {}
        names = list(self._links)
        for number in range(count):
            kind, payload = poison.make(seed, number, names[number % len(names)])
            link = self._links[names[number % len(names)]]
            while link.waiting() > 50:
                time.sleep(0.002)
            link.send(payload)
            kinds[kind] = kinds.get(kind, 0) + 1
        deadline = time.monotonic() + 60
        while any(link.waiting() for link in self._links.values()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return kinds

    def close(self) -> None:
        for link in self._links.values():
            link.close()

    def _cycle(self, name: str, seq: int, clock: bool) -> Cycle:
        self._time_ms[name] += STEP_MS
        time_ms = self._time_ms[name]
        if clock and self._dice.random() < 0.3:
            time_ms += self._dice.choice((3_600_000, -3_600_000, 10 * YEAR_MS, -10 * YEAR_MS, -YEAR_MS)) + 7 + seq  # fmt: skip
        row = tuple(
            Observation(channel, time_ms, round(20 + 10 * self._dice.random(), 4), None)
            for channel in CHANNELS
        )
        return Cycle(self._boots[name], seq, row)


def main() -> None:
    port, oracle, seed, words = sys.argv[1:]
    mqtt.Client.__del__ = lambda _self: None  # type: ignore[method-assign] # quiet at exit
    fleet = Fleet(int(port), Path(oracle), int(seed), json.loads(words))
    for line in sys.stdin:
        told = json.loads(line)
        verb, rest = told.pop("do"), told
        answer: Any = None
        if verb == "quit":
            break
        if verb == "burst":
            fleet.burst(**rest)
        elif verb == "heal":
            answer = fleet.heal(**rest)
        elif verb == "poison":
            answer = fleet.poison(**rest)
        elif verb == "topic":
            answer = str(Topic(DeviceId(rest["device"]), Leaf.UP))
        print(json.dumps({"done": verb, "answer": answer}), flush=True)
    fleet.close()


if __name__ == "__main__":
    main()
