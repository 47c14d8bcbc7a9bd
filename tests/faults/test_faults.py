"""A small, fixed part of the fault campaign; ``make faults`` runs as much as is asked for.

Processes are real and separate. A failure prints its seed and where its history is kept.
"""

import os
import shutil

import pytest

from store.failpoint import NAMES
from tests.conftest import absent
from tests.faults import poison
from tests.faults.campaign import Plan, may_mount, run

SEED = 20261122
PLANS = (
    Plan("F1", 4),
    Plan("F1", 3, "postgres"),
    Plan("F2", len(NAMES)),
    Plan("F2", len(NAMES), "postgres"),
    Plan("F3", 2),
    Plan("F3", 2, "sqlite", "embedded"),
    Plan("F4", 3, "postgres"),
    Plan("F6", 2),
    Plan("F8", 3),
    Plan("F9", 1),
    Plan("F9", 1, "postgres"),
    Plan("F10", 2),
    Plan("F11", 1),
    Plan("F13", 3),
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("plan", PLANS, ids=lambda p: f"{p.fault}-{p.store}-{p.broker}")
def test_every_invariant_holds_after_the_heal(plan: Plan) -> None:
    if not shutil.which("mosquitto") and not os.path.exists("/usr/sbin/mosquitto"):
        absent("mosquitto is not installed (Debian: mosquitto)")
    if plan.fault == "F6" and not may_mount():
        pytest.skip("a small file system needs root to be mounted")
    row = run(plan, SEED)
    assert row.done == plan.trials
    assert row.felt, "a fault that hits nothing shows nothing"


@pytest.mark.parametrize("kind", sorted(poison.KINDS))
def test_poison_is_made_of_every_kind_and_never_twice_alike(kind: str) -> None:
    made = [poison.make(1, number, "node-1") for number in range(600)]
    assert sum(name == kind for name, _ in made) > 10
