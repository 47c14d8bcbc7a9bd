"""A proof held against the log as it is published now: what offline cannot be seen.

Offline, a device's last day stands for those before it. Here each day, each line of the diary
and each certificate is looked up at its place, so that it is seen when the log took it; and
the log must still begin as it did when the proof was made.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, VerificationFailed
from domain.window import DAY_MS, day_window, parse_instant
from traceability.bundle import Bundle, LoggedDay, read_chain
from traceability.log.entry import CERTIFICATE, DIARY, RECALL, WITHDRAWAL, Claim, decode
from traceability.log.reader import LogReader
from traceability.verify_bundle import Proven


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked up, and how many entries the log has now.

    ``prompt`` of the ``days`` were logged within a day of their end; ``diary`` counts lines.
    ``withdrawn`` are the numbers of certificates withdrawn since, and from which day on.
    """

    days: int
    prompt: int
    diary: int
    certificates: int
    size: int
    recalled_ms: int | None
    withdrawn: tuple[tuple[str, str], ...]


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
    certificates = proven.document.get("certificates", [])
    diary = _look_up(reader, DIARY, proven.document["diary"])
    papers = _look_up(reader, CERTIFICATE, certificates)
    recalled_ms: int | None = None
    withdrawn: list[tuple[str, str]] = []
    for claim in _since(proven, reader):
        if recalled_ms is None and _recalls(claim, proven):
            recalled_ms = claim.at_ms
        withdrawn += [told for row in certificates if (told := _withdraws(claim, row))]
    return Seen(days, prompt, diary, papers, reader.now.size, recalled_ms, tuple(withdrawn))


def _look_up(reader: LogReader, kind: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Look up each row at its place; return how many say where that is."""
    found = 0
    for row in rows:
        number = row.get("logged")
        if type(number) is int:
            _require_said(reader.entry(number), kind, row, number)
            found += 1
    return found


def _since(proven: Proven, reader: LogReader) -> Iterator[Claim]:
    """Yield what the log took after the passport."""
    for number in range(proven.number + 1, reader.now.size):
        yield decode(reader.entry(number))


def _recalls(claim: Claim, proven: Proven) -> bool:
    lot, of = proven.document["lot"], (claim.body.get("gtin"), claim.body.get("lot"))
    return claim.kind == RECALL and of == (lot["gtin"], lot["number"])


def _withdraws(claim: Claim, row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return number and day of a certificate that an entry withdraws, None of another one."""
    digest = row.get("digest")
    if claim.kind != WITHDRAWAL or digest is None or claim.body.get("certificate") != digest:
        return None
    return str(row.get("number")), str(claim.body.get("since"))


def _is_prompt(day: LoggedDay) -> bool:
    try:
        over_ms = day_window(day.day, ZoneInfo(str(day.fields["zone"]))).end_ms
        return parse_instant(str(day.fields["at"])) <= over_ms + DAY_MS
    except (InvalidInput, ValueError, KeyError):
        return False


def _require_said(entry: bytes, kind: str, row: Mapping[str, Any], number: int) -> None:
    claim = decode(entry)
    if claim.kind != kind or claim.body.get("digest") != row.get("digest"):
        what = {
            DIARY: f"the diary's line of {row.get('day')}",
            CERTIFICATE: f"certificate {row.get('number')}",
        }[kind]
        expected = f"at number {number} {what}"
        raise VerificationFailed("log", expected, f"{claim.kind} {claim.body.get('digest')}")
