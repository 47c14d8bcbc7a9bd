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
from tests.faults import trials
from tests.faults.invariants import findings
from tests.faults.stage import Stage, Stuck, stage

_TMPFS_MB = 24


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


def run(plan: Plan, seed: int, say: "contextlib.AbstractContextManager[None] | None" = None) -> Row:
    """Run one plan on a stage of its own; raises `AssertionError` with the history."""
    row = Row(plan)
    with contextlib.ExitStack() as ends:
        folder = ends.enter_context(small_disk()) if plan.fault == "F6" else None
        on = ends.enter_context(stage(plan.store, seed, plan.broker, folder))
        for number in range(plan.trials):
            dice = random.Random(f"{seed}:{plan.fault}:{plan.store}:{number}")
            wrong = _trial(on, plan, dice, number)
            row.done += 1
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
        return [line for boot in range(first, on.trial + 1) for line in findings(on, boot)]
    except Stuck as error:
        return [str(error)]
