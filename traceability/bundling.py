"""Putting a passport's proof together, and its raw readings beside it."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import NotFound, NotYet, Refused, VerificationFailed
from domain.ids import DeviceId
from domain.lot import IssuedPassport, Lot
from domain.window import print_instant
from store.judged import as_known
from store.records import Transaction
from store.records.days import DayRevision
from store.records.log import LogEntry, SignedHead
from store.series import Series
from traceability.bundle import MOST_WITHIN, Bundle, write_chain
from traceability.composition.claims import MadeOf, read_made_of
from traceability.composition.compiling import named_passport
from traceability.composition.proof import file_of
from traceability.dossier import PRODUCER, producer_said
from traceability.envelope import MADE_OF_TYPE, Envelope
from traceability.evidence.archived import as_logged, read_archive
from traceability.evidence.commit import Station, day_lines, made_again, measuring
from traceability.evidence.device_day import HEADER
from traceability.evidence.dropped import Dropped, dropped_of
from traceability.evidence.raw_days import RawDay
from traceability.log.checkpoint import Policy, open_checkpoint
from traceability.log.entry import DEVICE_DAY, decode
from traceability.log.entry import PASSPORT as PASSPORT_ENTRY
from traceability.log.files import LogFiles
from traceability.log.proof import LogProof
from traceability.passport import entry_of, subject

_HEADS = 200
_HOW = """\
    python3 nguon-verify.pyz FILE.zip --keys KEYS.json

nguon-verify.pyz       chương trình kiểm tra: tải ở {page}, hoặc tự tạo từ mã nguồn
                       the verifier: from {page}, or built from its source
KEYS.json              danh sách khóa: hỏi nơi bạn tin (hợp tác xã, xã), đừng hỏi người bán
                       the list of keys: from whom you trust (cooperative, commune), not the seller

"""
_BOUNDS = """\

Điều này chứng minh "không bị sửa", không chứng minh "đúng sự thật".
It proves unchanged, not true.
"""
_README = f"""\
Hộ chiếu của một lô hàng, với mọi thứ để tự kiểm tra, không cần mạng.
A lot's passport with all that is needed to check it oneself, without a network.

{_HOW}\
passport.json          hộ chiếu đã ký (DSSE, Ed25519) / the signed passport
passport.entry.json    dòng của nó trong sổ công khai / its entry in the public log
passport.tlog-proof    bằng chứng dòng ấy nằm trong sổ / proof that the entry is there
days.jsonl             số đo từng ngày của mỗi thiết bị / what each device measured, by day
days.tlog-proofs       bằng chứng các ngày ấy nằm trong sổ / proof that the log has them
disclosures.json       điều được phép tiết lộ / what may be disclosed
{_BOUNDS}"""
_MADE_OF_README = f"""\
Hộ chiếu của một lô hàng làm từ nhiều lô thu hoạch, với mọi thứ để tự kiểm tra, không cần mạng.
The passport of a lot made of several harvests, with all that is needed to check it oneself.

{_HOW}\
passport.json          hộ chiếu đã ký: của lô nào, bao nhiêu kg / signed: which lots, how many kg
passport.entry.json    dòng của nó trong sổ công khai / its entry in the public log
passport.tlog-proof    bằng chứng dòng ấy nằm trong sổ / proof that the entry is there
steps.tlog-proofs      bằng chứng từng lần chia, gộp, chế biến / proof of every step between
made_of/               bằng chứng của từng lô thu hoạch / the proof of every harvested lot
{_BOUNDS}"""


def readme(address: str = "", *, made_of: bool = False) -> str:
    """Return what a proof says of itself; ``address`` is where the verifier is to be had.

    ``made_of``: it is of a lot made of several harvests.
    """
    text = _MADE_OF_README if made_of else _README
    return text.format(page=f"{address or 'https://…'}/kiem-chung")


def is_proven(transaction: Transaction, lot: Lot, issued_ms: int) -> bool:
    """Whether a checkpoint is over the passport that a lot was issued then."""
    entry = transaction.log.newest(PASSPORT_ENTRY, subject(lot.gtin, lot.number, issued_ms))
    return entry is not None and transaction.log.first_head_over(entry.number) is not None


def make_bundle(
    transaction: Transaction, files: LogFiles, passport: IssuedPassport,
    head: SignedHead | None = None, address: str = "",
) -> bytes:  # fmt: skip
    """Return the proof of a passport under a checkpoint, the newest by default, as a ZIP file.

    ``address`` is the web address where a reader finds the verifier.
    Raises `NotFound` for a passport from before there was a log, `NotYet` when the checkpoint
    is not over it, or there is none yet.
    """
    entry, head = _logged(transaction, passport, head)
    envelope = Envelope.decode(passport.envelope)
    document = json.loads(envelope.payload)
    if envelope.payload_type == MADE_OF_TYPE:
        proof = _proof(files, head, entry.number).encode()
        bundle = Bundle(passport.envelope, entry.entry, proof, {}, {}, b"{}")
        made = _with_origins(transaction, files, bundle, read_made_of(document), head, address)
        return made.encode(readme(address, made_of=True))
    days, proofs = {}, {}
    for row in document["device_days"]:
        device = row["device"]
        chain = _chain(transaction, row)
        fields = [(one.number, _fields(one)) for one in chain]
        days[device] = write_chain(device, row["zone"], fields)
        proofs[device] = _proof(files, head, row["number"]).encode()
    bundle = Bundle(
        passport.envelope, entry.entry, _proof(files, head, entry.number).encode(), days, proofs,
        _disclosures(transaction, passport),
    )  # fmt: skip
    return bundle.encode(readme(address))


def _with_origins(
    transaction: Transaction, files: LogFiles, bundle: Bundle, said: MadeOf, head: SignedHead,
    address: str,
) -> Bundle:  # fmt: skip
    """Return the proof of a lot made of others: with the proof of each step, and those of theirs.

    Raises `Refused` where they are more bytes than one proof may hold.
    """
    steps = tuple(_proof(files, head, one.number).encode() for one in said.steps)
    within = {}
    for part in said.parts:
        theirs = named_passport(transaction, part)
        within[file_of(part.lot)] = make_bundle(transaction, files, theirs, head, address)
    size = sum(map(len, within.values()))
    if size > MOST_WITHIN:
        message = (
            f"the proofs of the {len(within)} harvested lots are {size} bytes, at most"
            f" {MOST_WITHIN} go into one: take theirs instead"
        )
        raise Refused(message, "made-of")
    return replace(bundle, step_proofs=steps, origins=within)


def best_head(
    transaction: Transaction, passport: IssuedPassport, policy: Policy
) -> SignedHead | None:
    """Return the newest checkpoint over a passport that has the signatures verifiers ask for.

    Where none has, a witness being away, the newest: the proof will say whose are missing.
    """
    entry, _ = _logged(transaction, passport)
    heads = transaction.log.heads_over(entry.number, _HEADS)
    for head in heads:
        with suppress(VerificationFailed):
            open_checkpoint(head.note, policy)
            return head
    return heads[0] if heads else None


def make_log_proof(
    transaction: Transaction, files: LogFiles, passport: IssuedPassport
) -> tuple[bytes, str]:
    """Return a passport's entry in the log and the proof of its place (c2sp.org/tlog-proof).

    Raises as :func:`make_bundle`.
    """
    entry, head = _logged(transaction, passport)
    return entry.entry, _proof(files, head, entry.number).encode()


def _logged(
    transaction: Transaction, passport: IssuedPassport, under: SignedHead | None = None
) -> tuple[LogEntry, SignedHead]:
    entry = entry_of(transaction, passport)
    head = under or transaction.log.head()
    if head is None or head.size <= entry.number:
        message = "the passport is logged and no checkpoint is over it yet; try again in a minute"
        raise NotYet(message)
    return entry, head


def raw_readings(
    transaction: Transaction, series: Series, passport: IssuedPassport, now_ms: int,
    archive: Path | None = None,
) -> Iterator[tuple[str, Iterator[bytes]]]:  # fmt: skip
    """Yield (name of a file, its lines) of the raw readings of the days a passport rests on.

    A file a device; of a lot made of others, in a folder for each of those it was made of, as
    their days may have been logged at other times. Lines end in a newline; each day is as it
    was known when it was logged. Days that were dropped are taken from their archive files;
    raises `NotFound`, naming the files, where no ``archive`` is said, and `VerificationFailed`,
    step ``archive``, where they do not do.
    """
    envelope = Envelope.decode(passport.envelope)
    document = json.loads(envelope.payload)
    if envelope.payload_type == MADE_OF_TYPE:
        for part in read_made_of(document).parts:
            theirs = named_passport(transaction, part)
            folder = file_of(part.lot).removesuffix(".zip").replace("/", "-")
            for name, lines in raw_readings(transaction, series, theirs, now_ms, archive):
                yield f"{folder}/{name}", lines
        return
    stations = measuring(transaction, now_ms)
    for row in document["device_days"]:
        device = DeviceId(row["device"])
        days = _days_at(transaction, row)
        drops = dropped_of(transaction, device)
        files = _files(days.values(), drops, archive)
        yield f"{device}.csv", _lines(series, stations[device], days.values(), files)


def _files(
    days: Collection[DayRevision], drops: Sequence[Dropped], archive: Path | None
) -> list[Mapping[date, RawDay]]:
    """Return what the archive files of these days hold, nothing where none was dropped."""
    wanted = [act for act in drops if any(act.covers(one) for one in days)]
    if wanted and archive is None:
        named = ", ".join(act.file for act in wanted)
        message = f"readings of {wanted[0].device} were dropped: --archive says where {named} is"
        raise NotFound(message)
    return [read_archive(archive, act) for act in wanted] if archive is not None else []


def _lines(
    series: Series, station: Station, days: Collection[DayRevision],
    files: Sequence[Mapping[date, RawDay]],
) -> Iterator[bytes]:  # fmt: skip
    yield HEADER.encode() + b"\n"
    for one in sorted(days, key=lambda one: one.day):
        archived = [file[one.day] for file in files if one.day in file]
        summary, lines = _day(series, station, one, archived)
        yield summary + b"\n"
        yield b"".join(line + b"\n" for line in lines)


def _day(
    series: Series, station: Station, one: DayRevision, archived: Sequence[RawDay]
) -> tuple[bytes, list[bytes]]:
    if archived:
        found = as_logged(archived, station, one)
        if found is None:
            expected = f"{station.device} on {one.day} as it was logged at entry {one.number}"
            raise VerificationFailed("archive", expected, "as it was logged later")
        return found
    # What gives no such root is handed out as it is: whoever verifies it names the day.
    known = as_known(series.read, one.known_ms)
    again = made_again(series.read, station, one)
    summary, lines = again or day_lines(known, station, one.day)
    return summary, [line.text(station.device).encode() for line in lines]


def _days_at(transaction: Transaction, row: Mapping[str, Any]) -> dict[date, DayRevision]:
    """Return the days of a bound device as they were when the passport was issued."""
    first, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
    revisions = transaction.days.revisions(DeviceId(row["device"]), first, last)
    return {one.day: one for one in revisions if one.number <= row["number"]}


def _chain(transaction: Transaction, row: Mapping[str, Any]) -> list[LogEntry]:
    """Return a device's entries from the oldest that a passport rests on to its tip."""
    first = min(one.number for one in _days_at(transaction, row).values())
    return transaction.log.between(DEVICE_DAY, row["device"], first, row["number"])


def _fields(entry: LogEntry) -> dict[str, Any]:
    claim = decode(entry.entry)
    return {**claim.body, "at": print_instant(claim.at_ms)}


def _proof(files: LogFiles, head: SignedHead, number: int) -> LogProof:
    tree = files.tree(head.size)
    return LogProof(number, tuple(tree.inclusion(number)), head.note)


def _disclosures(transaction: Transaction, passport: IssuedPassport) -> bytes:
    """Return the producer's name with its salt; an empty object once either was erased."""
    lot = transaction.lots.find(passport.gtin, passport.number)
    opened: dict[str, Any] = {}
    if lot is not None:
        producer = transaction.places.producer(transaction.places.plot(lot.plot).producer)
        salt = transaction.salts.find(PRODUCER, producer.id)
        if salt is not None:
            opened["producer"] = {"said": producer_said(producer), "salt": salt.hex()}
    return json.dumps(opened, ensure_ascii=False, sort_keys=True).encode()
