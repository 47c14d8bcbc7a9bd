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
from traceability.log.entry import DIARY, RECALL, decode
from traceability.log.reader import LogReader
from traceability.verify_bundle import Proven


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked up, and how many entries the log has now.

    ``prompt`` of the ``days`` were logged within a day of their end; ``diary`` counts lines.
    """

    days: int
    prompt: int
    diary: int
    size: int
    recalled_ms: int | None


def verify_log(raw: bytes, proven: Proven, reader: LogReader) -> Seen:
    """Return what was found of a proof in the log; raises `VerificationFailed`, step ``log``.

    Raises `InvalidInput` where the log cannot be read. ``raw`` is a proof that holds, and
    ``proven`` what was made of it.
    """
    reader.require_continues(proven.checkpoint)
    bundle = Bundle.decode(raw)
    days = prompt = 0
    for device, chain in bundle.days.items():
        for day in read_chain(device, chain):
            reader.require_leaf(day.number, day.leaf)
            days, prompt = days + 1, prompt + _is_prompt(day)
    diary = 0
    for row in proven.document["diary"]:
        number = row.get("logged")
        if type(number) is int:
            _require_diary(reader.entry(number), row, number)
            diary += 1
    return Seen(days, prompt, diary, reader.now.size, _recalled(proven, reader))


def _recalled(proven: Proven, reader: LogReader) -> int | None:
    """Return when the lot was recalled after its passport was logged, None when it was not."""
    lot = proven.document["lot"]
    for number in range(proven.number + 1, reader.now.size):
        claim = decode(reader.entry(number))
        of = claim.body.get("gtin"), claim.body.get("lot")
        if claim.kind == RECALL and of == (lot["gtin"], lot["number"]):
            return claim.at_ms
    return None


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
