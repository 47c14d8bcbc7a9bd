"""Appending against the floor, in turn: by what passes, and by what is worked.

On cores that other programs share, waiting for them is most of what passes, and alike for
both; the CPU time of client and server together says what appending costs.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.floor import Rows, postgres_floor, sqlite_floor
from bench.spent import Spent, worked_for
from store.timescale import PostgresSeries
from tests.services.postgres import Postgres

_GONE_S = 1.0
HEAD = (
    "| store | readings/s | floor | of the floor | CPU µs a message | floor | of the floor |\n"
    f"{'| --- ' * 7}|"
)


def floors(
    postgres: Postgres,
    folder: Path,
    batches: Sequence[Rows],
    ours: Callable[[str], Spent],
    rounds: int,
) -> list[str]:
    """Return the rows of the table, medians of ``rounds``; ``ours`` fills a store by its URL."""
    count, messages = sum(map(len, batches)), sum(len({row[4] for row in b}) for b in batches)
    found: dict[str, list[tuple[float, float]]] = {}
    for n in range(rounds):
        for name in ("sqlite floor", "sqlite", "postgres floor", "postgres"):
            url = postgres.fresh(f"{name.replace(' ', '_')}_{n}")
            PostgresSeries(url).close()  # what making the tables takes is not appending
            time.sleep(_GONE_S)
            before = worked_for(postgres.pid)
            if name == "sqlite floor":
                spent = sqlite_floor(folder / f"floor-{n}.db", batches)
            elif name == "sqlite":
                spent = ours(f"sqlite:///{folder}/ours-{n}.db")
            else:
                spent = postgres_floor(url, batches) if "floor" in name else ours(url)
            time.sleep(_GONE_S)  # a session's work is told once its process is gone
            served = worked_for(postgres.pid) - before if "postgres" in name else 0.0
            rate, cpu = count / spent.seconds, (spent.cpu + served) / messages * 1e6
            found.setdefault(name, []).append((rate, cpu))
    middle = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in found.items()
    }
    return [_row(what, middle[what], middle[f"{what} floor"]) for what in ("sqlite", "postgres")]


def _row(what: str, ours: Sequence[float], floor: Sequence[float]) -> str:
    (rate, cpu), (best, least) = ours, floor
    return (
        f"| {what} | {rate:,.0f} | {best:,.0f} | {rate / best:.2f}"
        f" | {cpu:.1f} | {least:.1f} | {least / cpu:.2f} |"
    )
