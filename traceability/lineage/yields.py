"""What a transformation can give at most: dated rules, each with where it is written.

The rules themselves are data (``processes.toml``); here is what they mean.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from domain.errors import InvalidInput, Refused
from domain.lineage import Portion
from traceability.lineage.weights import grams, kilograms, share_of

_WHOLE, _DRY_RUBBER = "whole", "dry-rubber-content"


@dataclass(frozen=True, slots=True)
class Process:
    """A transformation as known from a day on; shares are of mass, 0 to 1."""

    code: str
    valid_from: date
    yields: str
    crops: frozenset[str]
    own_shelf: bool
    source: str
    lowest: float = 0.0
    highest: float = 1.0

    @property
    def measures_dry_rubber(self) -> bool:
        """Whether what it gives depends on the dry rubber measured in what goes in."""
        return self.yields == _DRY_RUBBER


@cache
def processes() -> tuple[Process, ...]:
    """Return every row of the table, by day."""
    raw = resources.files("traceability.lineage").joinpath("processes.toml").read_text("utf-8")
    rows = [
        Process(row["code"], row["valid_from"], row["yield"], frozenset(row["crops"]),
                row["own_shelf"], row["source"], row.get("lowest", 0.0), row.get("highest", 1.0))
        for row in tomllib.loads(raw)["process"]
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: row.valid_from))


def process_on(code: str | None, day: date) -> Process:
    """Return the row in force for a process on a day; raises `InvalidInput`."""
    rows = [row for row in processes() if row.code == code and row.valid_from <= day]
    if not rows:
        known = ", ".join(sorted({row.code for row in processes()}))
        message = f"no process {str(code)[:40]!r} on {day}; known are {known}"
        raise InvalidInput(message, "process")
    return rows[-1]


def require_yield(
    process: Process, inputs: Sequence[Portion], outputs: Sequence[Portion], crop: str
) -> None:
    """Raise `Refused` when more comes out than the process can give, or of another crop.

    Raises `InvalidInput` when a share of dry rubber is told where none is asked for.
    """
    if process.crops and crop not in process.crops:
        message = f"{process.code} is not known for {crop} ({process.source})"
        raise Refused(message, "process")
    most = sum(_most_of(process, one) for one in inputs)
    made = sum(grams(one.kilograms) for one in outputs)
    if made > most:
        message = (
            f"{process.code} gives at most {kilograms(most):g} kg of this,"
            f" {kilograms(made):g} kg told ({process.source})"
        )
        raise Refused(message, "yield")


def _most_of(process: Process, one: Portion) -> int:
    if process.yields == _WHOLE:
        if one.dry_rubber is not None:
            message = f"{process.code} asks for no dry rubber content"
            raise InvalidInput(message, "dry_rubber")
        return grams(one.kilograms)
    share = process.lowest if one.dry_rubber is None else one.dry_rubber
    if not process.lowest <= share <= process.highest:  # so NaN is refused too
        message = (
            f"a dry rubber content of {share:g} is outside {process.lowest:g} to"
            f" {process.highest:g} ({process.source})"
        )
        raise Refused(message, _DRY_RUBBER)
    return share_of(grams(one.kilograms), share)
