"""Run many trials of many faults, check every invariant after each heal, count.

A failure prints what was found, the seed and the trial's number, and keeps the folder
with logs and oracle: `python -m tests.faults --only F1 --seed S --trials N` plays the
same dice again. Threads and networks are not seeded, so a replay finds the same moment
only roughly; the history is what is exact.
"""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.failpoint import NAMES
from tests.conftest import USERS
from tests.faults import trials
from tests.faults.cluster_trial import kill_the_leader
from tests.faults.invariants import findings
from tests.faults.stage import Stage, Stuck, stage
from tests.services.cluster import Cluster

_TMPFS_MB = 24
_CLUSTER_MESSAGES = 600


@dataclass(frozen=True)
class Plan:
    """What to run: fault, how often, on which store and broker."""

    fault: str
    trials: int
    store: str = "sqlite"
    broker: str = "mosquitto"


@dataclass
class Row:
    """What came of a plan."""

    plan: Plan
    done: int = 0
    felt: int = 0
    failed: int = 0
    cycles: int = 0


def may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = Path(tempfile.mkdtemp(prefix="faults-disk-", dir="/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_TMPFS_MB}m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def run(plan: Plan, seed: int) -> Row:
    """Run one plan on a stage of its own; raises `AssertionError` with the history.

    A fault that hit nothing under way shows nothing: how many were felt is counted.
    """
    if plan.fault == "RABBIT":
        return _run_cluster(plan, seed)
    row = Row(plan)
    with contextlib.ExitStack() as ends:
        folder = ends.enter_context(small_disk()) if plan.fault == "F6" else None
        on = ends.enter_context(stage(plan.store, seed, plan.broker, folder))
        for number in range(plan.trials):
            dice = random.Random(f"{seed}:{plan.fault}:{plan.store}:{number}")
            felt = on.felt
            wrong = _trial(on, plan, dice, number)
            row.done += 1
            row.felt += on.felt > felt
            if wrong:
                row.failed += 1
                kept = Path(tempfile.mkdtemp(prefix="faults-failed-", dir="/tmp"))
                shutil.copytree(on.folder, kept, dirs_exist_ok=True)
                history = "\n  ".join(wrong)
                raise AssertionError(
                    f"{plan.fault} on {plan.store} and {plan.broker}, seed {seed}, trial {number}:\n"
                    f"  {history}\nlogs, oracle and store: {kept}"
                )
        row.cycles = on.trial * trials.CYCLES * 5
    return row


def _run_cluster(plan: Plan, seed: int) -> Row:
    row = Row(plan)
    for number in range(plan.trials):
        with contextlib.ExitStack() as ends:
            folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
            cluster = Cluster(USERS)
            ends.callback(cluster.close)
            cluster.start()
            dice = random.Random(f"{seed}:RABBIT:{number}")
            kill_the_leader(cluster, folder, _CLUSTER_MESSAGES, dice)
        row.done += 1
        row.felt += 1  # the queue's leader dies while a device sends through it
        row.cycles += _CLUSTER_MESSAGES
    return row


def _trial(on: Stage, plan: Plan, dice: random.Random, number: int) -> list[str]:
    first = on.trial + 1
    try:
        if plan.fault == "F2":
            trials.f2_kill_at(on, dice, NAMES[number % len(NAMES)])
        elif plan.fault == "F11":
            trials.f11_poison(on, dice, 500)
        else:
            trials.SIMPLE[plan.fault](on, dice)
        on.heal()
        boots = range(first, on.trial + 1)
        return list(findings(on, boots, poisoned=plan.fault == "F11"))
    except Stuck as error:
        return [str(error)]
