"""A proof held against the log as it is published now: what offline cannot be seen.

Offline, a device's last day stands for those before it. Here each day, each line of the diary
and each certificate is looked up at its place, so that it is seen when the log took it; and
the log must still begin as it did when the proof was made. Of a lot made of others, that is
done for each of those, and every step is looked up too; a recall of anything behind it counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput, VerificationFailed
from domain.gs1 import Gtin, LotNumber
from domain.window import DAY_MS, day_window, parse_instant
from traceability.bundle import Bundle, LoggedDay, read_chain
from traceability.composition.claims import Key, read_made_of
from traceability.composition.proof import entry_of_step, file_of
from traceability.log.entry import CERTIFICATE, DIARY, RECALL, WITHDRAWAL, Claim, decode
from traceability.log.merkle import leaf_hash
from traceability.log.reader import LogReader
from traceability.verify_bundle import Proven


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked up, and how many entries the log has now.

    ``prompt`` of the ``days`` were logged within a day of their end; ``diary`` counts lines.
    ``withdrawn`` are the numbers of certificates withdrawn since, and from which day on;
    ``recalled`` is the lot that was recalled first, this one or one behind it.
    """

    days: int
    prompt: int
    diary: int
    certificates: int
    size: int
    withdrawn: tuple[tuple[str, str], ...] = ()
    recalled_ms: int | None = None
    recalled: Key | None = None


def verify_log(raw: bytes, proven: Proven, reader: LogReader) -> Seen:
    """Return what was found of a proof in the log; raises `VerificationFailed`, step ``log``.

    Raises `InvalidInput` where the log cannot be read. ``raw`` is a proof that holds, and
    ``proven`` what was made of it.
    """
    reader.require_continues(proven.checkpoint)
    passports = list(_passports(Bundle.decode(raw), proven))
    days: dict[tuple[int, bytes], bool] = {}
    for each, _ in passports:
        for device, chain in each.days.items():
            for day in read_chain(device, chain):
                # Harvests of one plot rest on the same days.
                if (day.number, day.leaf) not in days:
                    reader.require_leaf(day.number, day.leaf)
                    days[day.number, day.leaf] = _is_prompt(day)
    documents = [document for _, document in passports]
    diary = _look_up(reader, DIARY, _rows(documents, "diary"))
    papers = _rows(documents, "certificates")
    certificates = _look_up(reader, CERTIFICATE, papers)
    since = _since(proven, reader)
    seen = Seen(len(days), sum(days.values()), diary, certificates, reader.now.size)
    return _afterwards(seen, since, papers, reader)


def _passports(bundle: Bundle, proven: Proven) -> Iterator[tuple[Bundle, Mapping[str, Any]]]:
    """Yield the passports whose days and diaries a proof rests on, each with its own proof."""
    if not proven.origins:
        yield bundle, proven.document
    for one in proven.origins:
        raw = bundle.origins[file_of(one.part.lot)]
        yield Bundle.decode(raw, within=True), one.proven.document


def _rows(documents: list[Mapping[str, Any]], name: str) -> dict[int, Mapping[str, Any]]:
    """Return what passports say is in the log, by where; of one thing said twice, one."""
    rows = (row for document in documents for row in document.get(name, []))
    return {row["logged"]: row for row in rows if type(row.get("logged")) is int}


def _look_up(reader: LogReader, kind: str, rows: Mapping[int, Mapping[str, Any]]) -> int:
    """Look up each row at its place; return how many there are."""
    for number, row in rows.items():
        _require_said(reader.entry(number), kind, row, number)
    return len(rows)


def _since(proven: Proven, reader: LogReader) -> dict[Key, int]:
    """Return from when a recall of which lot counts, every step behind it looked up."""
    lot = proven.document["lot"]
    since = {(Gtin(lot["gtin"]), LotNumber(lot["number"])): proven.number}
    return since | _behind(proven, reader) if proven.origins else since


def _behind(proven: Proven, reader: LogReader) -> dict[Key, int]:
    """Look every step up; return the lots behind one, and from when a recall of them counts."""
    said = read_made_of(proven.document)
    since: dict[Key, int] = {}
    for logged in said.steps:
        reader.require_leaf(logged.number, leaf_hash(entry_of_step(logged)))
        since |= {one.lot: logged.number for one in logged.step.outputs if one.lot != said.lot}
    taken = {one.lot for logged in said.steps for one in logged.step.inputs}
    since |= {part.lot: part.number for part in said.parts}
    return {lot: number for lot, number in since.items() if lot in taken}


def _afterwards(
    seen: Seen, since: Mapping[Key, int], papers: Mapping[int, Mapping[str, Any]],
    reader: LogReader,
) -> Seen:  # fmt: skip
    """Return it with the first recall and the withdrawals that the log took afterwards."""
    withdrawn: list[tuple[str, str]] = []
    for number in range(min((*since.values(), *papers)) + 1, reader.now.size):
        claim = decode(reader.entry(number))
        withdrawn += [told for row in papers.values() if (told := _withdraws(claim, row))]
        of = Gtin(str(claim.body.get("gtin"))), LotNumber(str(claim.body.get("lot")))
        recalls = claim.kind == RECALL and number > since.get(of, reader.now.size)
        if recalls and seen.recalled is None:
            seen = replace(seen, recalled_ms=claim.at_ms, recalled=of)
    return replace(seen, withdrawn=tuple(withdrawn))


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
    except (InvalidInput, ValueError, KeyError, OSError):
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
