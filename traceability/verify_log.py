"""A proof held against the log as it is published now: what offline cannot be seen.

Offline, a device's last day stands for those before it. Here each day, and each line of the
diary, is looked up at its place, so that it is seen when the log took it; and the log must
still begin as it did when the proof was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, VerificationFailed
from domain.window import DAY_MS, day_window, parse_instant
from traceability.bundle import Bundle, LoggedDay, read_chain
from traceability.log.checkpoint import Checkpoint
from traceability.log.entry import DIARY, decode
from traceability.log.reader import LogReader


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked up, and how many entries the log has now.

    ``prompt`` of the ``days`` were logged within a day of their end; ``diary`` counts lines.
    """

    days: int
    prompt: int
    diary: int
    size: int


def verify_log(
    raw: bytes, document: Mapping[str, Any], checkpoint: Checkpoint, reader: LogReader
) -> Seen:
    """Return what was found of a proof in the log; raises `VerificationFailed`, step ``log``.

    ``raw`` is a proof that holds, ``document`` its passport and ``checkpoint`` what it is under.
    """
    reader.require_continues(checkpoint)
    bundle = Bundle.decode(raw)
    days = prompt = 0
    for device, chain in bundle.days.items():
        for day in read_chain(device, chain):
            reader.require_leaf(day.number, day.leaf)
            days, prompt = days + 1, prompt + _is_prompt(day)
    diary = 0
    for row in document["diary"]:
        number = row.get("logged")
        if type(number) is int:
            _require_diary(reader.entry(number), row, number)
            diary += 1
    return Seen(days, prompt, diary, reader.now.size)


def _is_prompt(day: LoggedDay) -> bool:
    try:
        over_ms = day_window(day.day, ZoneInfo(str(day.fields["zone"]))).end_ms
        return parse_instant(str(day.fields["at"])) <= over_ms + DAY_MS
    except (InvalidInput, ValueError, KeyError):
        return False


def _require_diary(entry: bytes, row: Mapping[str, Any], number: int) -> None:
    claim = decode(entry)
    if claim.kind != DIARY or claim.body.get("digest") != row.get("digest"):
        expected = f"at number {number} the diary's line of {row.get('day')}"
        raise VerificationFailed("log", expected, f"{claim.kind} {claim.body.get('digest')}")
