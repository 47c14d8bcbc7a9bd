"""Run a scenario's nodes against a broker: their past first, then live.

What survives a restart is what a node's flash would: when it was installed and up to
where the server has said it is kept. The rest is computed again from the seed.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InvalidInput
from domain.receipt import Receipt
from domain.window import DAY_MS
from firmware_sim.link import Broker, Link
from firmware_sim.node import Measured, Node
from firmware_sim.radio import Radio
from firmware_sim.scenario import NodePlan, Scenario

_log = logging.getLogger(__name__)
_TURN_S = 0.1
_AT_ONCE = 1_000


class Memory:
    """What the nodes remember across a restart, in one small file."""

    def __init__(self, path: Path, now_ms: int) -> None:
        self._path = path
        self._kept: dict[str, dict[str, int]] = {}
        self.installed_ms = now_ms
        self._dirty = True
        if path.exists():
            self._recall()
        self.save()

    def _recall(self) -> None:
        try:
            content = json.loads(self._path.read_text("utf-8"))
            self.installed_ms, self._kept = int(content["installed_ms"]), dict(content["kept"])
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self._path} is damaged; remove it, and the nodes start anew: {error}"
            raise InvalidInput(message, "memory") from error

    def covers(self, device: str, measured: Measured) -> bool:
        """Whether a receipt already covers a cycle."""
        kept = self._kept.get(device, {}).get(str(measured.cycle.boot), -1)
        return (measured.cycle.seq or 0) <= kept

    def note(self, device: str, receipt: Receipt) -> None:
        """Remember a receipt."""
        boots = self._kept.setdefault(device, {})
        boots[str(receipt.boot)] = max(receipt.seq, boots.get(str(receipt.boot), -1))
        self._dirty = True

    def save(self) -> None:
        """Write the file, whole or not at all."""
        if not self._dirty:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"installed_ms": self.installed_ms, "kept": self._kept}))
        fresh.replace(self._path)
        self._dirty = False


@dataclass
class _Running:
    plan: NodePlan
    radio: Radio
    link: Link
    cycles: Iterator[Measured]
    next: Measured


def run(
    scenario: Scenario,
    broker: Broker,
    passwords: Mapping[str, str],
    memory: Memory,
    stopping: Callable[[], bool],
) -> None:
    """Run until ``stopping()``; prints nothing, logs when the past has been delivered."""
    nodes = [_start(plan, scenario, broker, passwords, memory) for plan in scenario.nodes]
    announced, saved_s = False, time.monotonic()
    try:
        while not stopping():
            for node in nodes:
                _turn(node, memory)
            if not announced and all(node.radio.idle() for node in nodes):
                _log.info("the past is delivered; %d nodes are live", len(nodes))
                announced = True
            if time.monotonic() - saved_s > 1:
                memory.save()
                saved_s = time.monotonic()
            time.sleep(_TURN_S)
    finally:
        memory.save()
        for node in nodes:
            node.link.close()


def _start(
    plan: NodePlan,
    scenario: Scenario,
    broker: Broker,
    passwords: Mapping[str, str],
    memory: Memory,
) -> _Running:
    start_ms = memory.installed_ms - round(plan.history_days * DAY_MS)
    node = Node(plan, scenario.sites[plan.site], scenario.seed, start_ms)
    link = Link(broker, plan.id, passwords.get(plan.id))
    cycles = node.cycles()
    return _Running(plan, Radio(plan, link, scenario.seed), link, cycles, next(cycles))


def _turn(node: _Running, memory: Memory) -> None:
    now_ms = time.time_ns() // 1_000_000
    for _ in range(_AT_ONCE):
        if node.next.true_ms > now_ms:
            break
        if not memory.covers(node.plan.id, node.next):
            node.radio.keep(node.next.cycle)
        node.next = next(node.cycles)
    node.radio.turn(lambda receipt: memory.note(node.plan.id, receipt))
