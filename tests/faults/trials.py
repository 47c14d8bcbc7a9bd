"""The faults, one function each: it is told a stage and dice, and leaves everything healed."""

import contextlib
import random
import time
from collections.abc import Callable

import apsw
import psycopg

from store.failpoint import NAMES, STATUS
from tests.faults.stage import Stage, Stuck

CYCLES = 24
POINTS = tuple(name for name in NAMES if name != "mid-roll-up")


def _burst(on: Stage, dice: random.Random, *, clock: bool = False, count: int = CYCLES) -> float:
    """Let the fleet measure; returns for how long it will."""
    over_s = dice.uniform(0.3, 1.0)
    now_ms = time.time_ns() // 1_000_000
    from_ms = now_ms - 80 * 86_400_000 + on.trial * (count + 1) * 60_000
    on.trial += 1
    on.tell("burst", count=count, over_s=over_s, from_ms=from_ms - from_ms % 60_000, clock=clock)
    return over_s


def _kill_amid(
    on: Stage, dice: random.Random, kill: Callable[[], object], start: Callable[[], object]
) -> None:
    """Kill something during a burst or just after it, and start it again a moment later."""
    over_s = _burst(on, dice)
    time.sleep(dice.uniform(0, over_s * 1.3))
    before, felt = on.sent(), on.under_way()
    kill()
    time.sleep(dice.uniform(0, 0.4))
    felt = felt or on.sent() > before
    start()
    on.answer()
    on.felt += felt


def f1_kill_ingest(on: Stage, dice: random.Random) -> None:
    """kill -9 of ingest at a random time."""
    _kill_amid(on, dice, on.ingest.kill, on.ingest.start)


def f2_kill_at(on: Stage, dice: random.Random, point: str) -> None:
    """The process ends at a named point of the code."""
    child = on.watch if point == "mid-roll-up" else on.ingest
    child.end()
    child.start(NGUON_FAILPOINT=f"{point}:{dice.randrange(1, 4)}")
    for _ in range(5):
        _burst(on, dice)
        on.answer()
        if child.wait(6) is not None:
            break
    if child.status() != STATUS:
        raise Stuck(f"{point} was never reached: {child.status()}")
    child.start()
    on.felt += 1


def f3_kill_broker(on: Stage, dice: random.Random) -> None:
    """kill -9 of the broker."""
    _kill_amid(on, dice, on.broker.kill, on.broker.start)


def f4_kill_database(on: Stage, dice: random.Random) -> None:
    """kill -9 of the database."""
    assert on.database is not None
    _kill_amid(on, dice, on.database.kill, on.database.start)


def f6_disk_full(on: Stage, dice: random.Random) -> None:
    """The disk fills up, and is free again."""
    filler = on.settings.data / "filler"
    over_s = _burst(on, dice)
    time.sleep(dice.uniform(0, over_s))
    with filler.open("wb", buffering=0) as file:
        try:
            for block in (65_536, 512):
                while True:
                    try:
                        file.write(b"\0" * block)
                    except OSError:
                        break
        finally:
            on.answer()
            time.sleep(dice.uniform(0.5, 1.5))
            felt = on.under_way()
    filler.unlink()
    on.felt += felt


def f8_network(on: Stage, dice: random.Random) -> None:
    """The line is cut, half open or slow, on the devices' side, on ingest's, or both."""
    mode = dice.choice(("cut", "swallow", "delay"))
    lines = dice.choice(((on.to_broker,), (on.from_broker,), (on.to_broker, on.from_broker)))
    over_s = _burst(on, dice)
    time.sleep(dice.uniform(0, over_s))
    for line in lines:
        line.set(mode)
    time.sleep(dice.uniform(0.3, 2.0))
    felt = on.under_way()
    for line in lines:
        line.heal()
    on.answer()
    on.felt += felt


def f9_slow_store(on: Stage, dice: random.Random) -> None:
    """The store is locked by somebody else for a while."""
    over_s = _burst(on, dice)
    time.sleep(dice.uniform(0, over_s))
    for_s = dice.uniform(1, 5)
    if on.database is not None:
        with psycopg.connect(on.settings.series()) as connection:
            connection.execute("LOCK TABLE series.reading IN ACCESS EXCLUSIVE MODE")
            time.sleep(for_s)
            on.felt += on.under_way()
    else:
        with contextlib.closing(
            apsw.Connection(on.settings.series().removeprefix("sqlite:///"))
        ) as connection:
            connection.set_busy_timeout(5_000)
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(for_s)
            on.felt += on.under_way()
            connection.execute("ROLLBACK")
    on.answer()


def f10_clock_jumps(on: Stage, dice: random.Random) -> None:
    """Device clocks jump an hour, a year, ten years, both ways."""
    _burst(on, dice, clock=True)
    on.answer()
    on.felt += 1  # three cycles in ten: the fleet's own doing


def f11_poison(on: Stage, dice: random.Random, count: int) -> dict[str, int]:
    """Messages that are nothing, among those that are something; returns how many of which."""
    before = sum(entry.seen for entry in on.opened.series.quarantined(10_000_000))
    on.tell("poison", count=count, seed=dice.randrange(10**9))
    kinds: dict[str, int] = on.answer()

    def all_kept() -> bool:
        return sum(e.seen for e in on.opened.series.quarantined(10_000_000)) - before >= count

    on.until(all_kept, f"{count} refused messages in quarantine")
    seen = sum(e.seen for e in on.opened.series.quarantined(10_000_000)) - before
    if seen != count:
        raise Stuck(f"I6: {count} poisonous messages sent, {seen} in quarantine")
    _burst(on, dice)
    on.answer()
    on.felt += 1
    return kinds


def f13_thread_dies(on: Stage, dice: random.Random) -> None:
    """The network thread, or the writer's, ends by an error that nothing expects."""
    point = dice.choice(("received", "before-begin", "before-acknowledge"))
    on.ingest.end()
    on.ingest.start(NGUON_FAILPOINT=f"{point}:{dice.randrange(1, 6)}:raise")
    for _ in range(5):
        _burst(on, dice)
        on.answer()
        if point == "received" and _restarted(on):
            on.felt += 1
            return
        # The writer's death ends the process, so that a supervisor starts afresh.
        if point != "received" and on.ingest.wait(6) == 1:
            on.ingest.start()
            on.felt += 1
            return
    raise Stuck(f"nothing came of the death of a thread at {point}: {on.ingest.status()}")


def _restarted(on: Stage) -> bool:
    with contextlib.suppress(Stuck):
        restarts = "nguon_ingest_session_restarts_total"
        on.until(lambda: on.metrics()[restarts] > 0, "the watchdog restarts the session", 6)
        return True
    return False


SIMPLE: dict[str, Callable[[Stage, random.Random], None]] = {
    "F1": f1_kill_ingest,
    "F3": f3_kill_broker,
    "F4": f4_kill_database,
    "F6": f6_disk_full,
    "F8": f8_network,
    "F9": f9_slow_store,
    "F10": f10_clock_jumps,
    "F13": f13_thread_dies,
}
