"""What a passport says of the lots that its lot was made of, read out of it. Pure.

Weights are whole grams here, kilograms in the document. Nothing is judged but shapes; what must
agree with what is :mod:`.arithmetic`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import InvalidInput, VerificationFailed
from domain.gs1 import Gln, Gtin, LotNumber
from domain.ids import StepId
from domain.lineage import MAKING, Portion, Step, StepKind
from domain.window import parse_instant, print_instant
from traceability.lineage.weights import MOST_KG, grams, kilograms

METHOD = "nguon-made-of/1"
MOST_ORIGINS = 200
"""Harvested lots that one passport speaks of: as many as one step may take."""
MOST_STEPS = 1_000
_SHA_256 = re.compile(r"[0-9a-f]{64}")
# A zone may name a folder: that is no zone, and an error of the file system.
_UNREADABLE = (KeyError, TypeError, ValueError, OSError, InvalidInput, ZoneInfoNotFoundError)
Key: TypeAlias = tuple[Gtin, LotNumber]


@dataclass(frozen=True, slots=True)
class Part:
    """A harvested lot that went into the one the passport is of.

    ``weighed`` is what it had when it was opened, ``grams`` is how much of that went in, and
    ``share`` is that of all that went in (0 to 1): as if every lot between were evenly mixed.
    ``envelope`` is the SHA-256 of its passport, which is entry ``number`` of the log.
    """

    lot: Key
    harvested: date
    weighed: int
    grams: int
    share: float
    issued: str
    envelope: str
    number: int


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """A step, the hash id of its event, and the entry of the log that names it."""

    step: Step
    zone: ZoneInfo
    event: str
    number: int
    logged_ms: int


@dataclass(frozen=True, slots=True)
class MadeOf:
    """A lot of ``grams``, what it was made of, and the steps, in the order of the log."""

    lot: Key
    grams: int
    harvested: date
    parts: tuple[Part, ...]
    steps: tuple[LoggedStep, ...]


def read_made_of(document: Mapping[str, Any]) -> MadeOf:
    """Return what a document says; raises `VerificationFailed`, step ``arithmetic``."""
    try:
        lot, rows, steps = document["lot"], document["made_of"], document["steps"]
        if len(rows) > MOST_ORIGINS or len(steps) > MOST_STEPS:
            expected = f"at most {MOST_ORIGINS} lots and {MOST_STEPS} steps"
            raise VerificationFailed("arithmetic", expected, f"{len(rows)} and {len(steps)}")
        return MadeOf(
            _key(lot),
            _weight(lot["kilograms"]),
            date.fromisoformat(lot["harvested"]),
            tuple(_part(row) for row in rows),
            tuple(_step(row) for row in steps),
        )
    except _UNREADABLE as error:
        expected = "lots it is made of, and the steps between"
        raise VerificationFailed("arithmetic", expected, repr(error)[:120]) from error


def name_of(lot: Key) -> str:
    """Return a lot as verdicts name it."""
    return f"lot {lot[1]} of {lot[0]}"


def in_kilograms(weight: int) -> str:
    """Return grams as verdicts tell them, to the gram."""
    return f"{kilograms(weight):.12g} kg"


def part_row(part: Part) -> dict[str, Any]:
    """Return a row of ``made_of``."""
    return {
        "gtin": part.lot[0],
        "number": part.lot[1],
        "harvested": part.harvested.isoformat(),
        "weighed": kilograms(part.weighed),
        "kilograms": kilograms(part.grams),
        "share": part.share,
        "issued": part.issued,
        "envelope": part.envelope,
        "logged": part.number,
    }


def _part(row: Mapping[str, Any]) -> Part:
    share = _number(row["share"])
    went_in = _number(row["kilograms"])
    if not (0 <= share <= 1 and 0 <= went_in <= MOST_KG):
        message = f"{went_in} kg, a share of {share}"
        raise ValueError(message)
    return Part(
        _key(row), date.fromisoformat(row["harvested"]), _weight(row["weighed"]),
        round(went_in * 1000), share, print_instant(parse_instant(_text(row["issued"]))),
        _digest(row["envelope"]), _place(row["logged"]),
    )  # fmt: skip


def _step(row: Mapping[str, Any]) -> LoggedStep:
    kind = StepKind(row["kind"])
    if kind not in MAKING:
        message = f"no lot comes of a step of kind {kind}"
        raise ValueError(message)
    step = Step(
        StepId.parse(_text(row["id"])), kind, _portions(row["inputs"]), _portions(row["outputs"]),
        Gln.parse(_text(row["place"])), "", parse_instant(_text(row["at"])), process=row["process"],
    )  # fmt: skip
    return LoggedStep(
        step, ZoneInfo(_text(row["zone"])), _text(row["event"]), _place(row["logged"]),
        parse_instant(_text(row["logged_at"])),
    )  # fmt: skip


def _portions(rows: list[Mapping[str, Any]]) -> tuple[Portion, ...]:
    return tuple(Portion(*_key(row), kilograms(_weight(row["kilograms"]))) for row in rows)


def _key(row: Mapping[str, Any]) -> Key:
    return Gtin.parse(_text(row["gtin"])), LotNumber.parse(_text(row["number"]))


def _weight(value: object) -> int:
    return grams(_number(value))


def _number(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        message = f"not a number: {value!r}"
        raise ValueError(message)
    return value  # type: ignore[return-value]


def _place(value: object) -> int:
    if type(value) is not int or value < 0:
        message = f"not a place in the log: {value!r}"
        raise ValueError(message)
    return value


def _digest(value: object) -> str:
    text = _text(value)
    if not _SHA_256.fullmatch(text):
        message = f"no SHA-256 in hexadecimal: {text[:80]!r}"
        raise ValueError(message)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"a text is needed, not a {type(value).__name__}"
        raise TypeError(message)
    return value
