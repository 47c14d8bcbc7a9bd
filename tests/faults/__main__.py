"""``python -m tests.faults``: the campaign, and the table for docs/faults.md."""

import argparse
import sys
import time

from tests.faults.campaign import Plan, may_mount, run

FULL = {
    "F1": 200,
    "F2": 120,
    "F3": 50,
    "F4": 50,
    "F6": 20,
    "F8": 50,
    "F9": 20,
    "F10": 20,
    "F11": 20,
    "F13": 20,
    "RABBIT": 10,
}


def plans(trials: int | None, only: set[str]) -> list[Plan]:
    """Return what to run: both stores share the trials, every broker has its turn."""
    found = []
    for fault, full in FULL.items():
        if only and fault not in only:
            continue
        count = full if trials is None else trials
        half = max(1, count // 2)
        if fault == "F4":
            found.append(Plan(fault, count, "postgres"))
        elif fault == "RABBIT":
            found.append(Plan(fault, count, "sqlite", "cluster"))
        elif fault == "F6":
            found += [Plan(fault, count)] if may_mount() else []
        elif fault == "F3":
            found += [Plan(fault, half), Plan(fault, count - half, "sqlite", "embedded")]
        else:
            found += [Plan(fault, half), Plan(fault, count - half, "postgres")]
    return [plan for plan in found if plan.trials]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, help="of each fault (the full campaign's numbers)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--only", default="", help="faults, with commas between: F1,F2")
    options = parser.parse_args()
    only = {name for name in options.only.split(",") if name}
    print(f"seed {options.seed}", flush=True)
    failed = 0
    print("| fault | store | broker | trials | felt | failed | cycles | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for plan in plans(options.trials, only):
        began = time.monotonic()
        try:
            row = run(plan, options.seed)
            done, felt, cycles = row.done, row.felt, row.cycles
        except AssertionError as error:
            failed += 1
            print(error, file=sys.stderr, flush=True)
            done = felt = cycles = 0
        wrong = 0 if done else 1
        print(
            f"| {plan.fault} | {plan.store} | {plan.broker} | {done} | {felt} | {wrong} | {cycles}"
            f" | {time.monotonic() - began:.0f} |",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
