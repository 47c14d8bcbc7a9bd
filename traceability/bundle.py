"""A passport with all that proves it, in one file that needs neither us nor a network. Pure.

A ZIP, so that any computer opens it: the signed passport, its entry in the log and the
proof that it is there, and of every device that measured for it the chain of its days.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, NamedTuple

from rfc8785 import CanonicalizationError

from domain.errors import VerificationFailed
from traceability.canonical import to_bytes
from traceability.log.entry import DEVICE_DAY, KIND_VERSION
from traceability.log.merkle import leaf_hash

PASSPORT, ENTRY, PROOF = "passport.json", "passport.entry.json", "passport.tlog-proof"
DAYS, DAY_PROOFS = "days.jsonl", "days.tlog-proofs"
DISCLOSURES, README = "disclosures.json", "README.txt"
_BEGINS = "c2sp.org/tlog-proof@v1\n"
_ENCRYPTED = 1  # the first of a file's flags in a ZIP (PKWARE APPNOTE, 4.4.4)
_MOST_FILES, _MOST_BYTES = 500, 20_000_000
_UNREADABLE = (
    ValueError, KeyError, TypeError, AttributeError, RecursionError, CanonicalizationError,
)  # fmt: skip
_FIELDS = (
    "number", "at", "day", "known", "revision", "expected", "received", "cycles", "boots", "root",
    "continues", "clock",
)  # fmt: skip


class LoggedDay(NamedTuple):
    """A revision of a device's day as its chain has it; ``leaf`` is its entry's hash."""

    number: int
    leaf: bytes
    entry: bytes
    day: date
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a proof. ``days`` and ``day_proofs`` are by device."""

    passport: bytes
    entry: bytes
    proof: str
    days: Mapping[str, bytes]
    day_proofs: Mapping[str, str]
    disclosures: bytes

    def encode(self, readme: str) -> bytes:
        """Return the bundle as a file; the same bundle gives the same bytes."""
        files: dict[str, bytes] = {
            README: readme.encode(),
            PASSPORT: self.passport,
            ENTRY: self.entry,
            PROOF: self.proof.encode(),
            DISCLOSURES: self.disclosures,
            # In one file, a line a device: what is alike among them then costs nothing.
            DAYS: b"\n".join(self.days[device] for device in sorted(self.days)),
            DAY_PROOFS: "".join(self.day_proofs[device] for device in sorted(self.days)).encode(),
        }
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, raw in files.items():
                archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED, 9)
        return out.getvalue()

    @classmethod
    def decode(cls, raw: bytes) -> "Bundle":
        """Return the bundle; raises `VerificationFailed`, step ``bundle``, for any other file."""
        files = _unzipped(raw)
        wanted = (PASSPORT, ENTRY, PROOF, DISCLOSURES, DAYS, DAY_PROOFS)
        missing = [name for name in wanted if name not in files]
        if missing:
            found = f"a ZIP file with {', '.join(files)[:120] or 'nothing in it'}"
            raise VerificationFailed("bundle", ", ".join(missing), found)
        lines = files[DAYS].split(b"\n") if files[DAYS] else []
        days = {_device_of(line): line for line in lines}
        texts = _text(files[DAY_PROOFS], DAY_PROOFS).split(_BEGINS)
        proofs = {
            device: _BEGINS + text for device, text in zip(sorted(days), texts[1:], strict=False)
        }
        if texts[0] or not len(texts) - 1 == len(days) == len(lines):
            found = f"{len(lines)} lines, {len(texts) - 1} proofs"
            raise VerificationFailed("bundle", "a line of days and a proof a device", found)
        return cls(
            files[PASSPORT], files[ENTRY], _text(files[PROOF], PROOF), days, proofs,
            files[DISCLOSURES],
        )  # fmt: skip


def not_looked_at(raw: bytes) -> list[str]:
    """Return the names of files in a bundle that no step reads; its bundle holds."""
    known = {PASSPORT, ENTRY, PROOF, DISCLOSURES, DAYS, DAY_PROOFS}
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        return [one.filename for one in archive.infolist() if one.filename not in known]


def write_chain(device: str, zone: str, entries: Sequence[tuple[int, Mapping[str, Any]]]) -> bytes:
    """Return a device's days as a file: what can be made again from the rest is left out.

    ``entries`` are (number in the log, the entry's fields), oldest first.
    """
    # By columns: what repeats from day to day then takes next to nothing in a ZIP file.
    columns: dict[str, list[Any]] = {"number": [number for number, _ in entries]}
    columns |= {name: [fields[name] for _, fields in entries] for name in _FIELDS[1:]}
    before = entries[0][1]["previous"] if entries else ""
    written = {"device": device, "zone": zone, "before": before, "columns": columns}
    return json.dumps(written, separators=(",", ":")).encode()


def read_chain(device: str, raw: bytes) -> Iterator[LoggedDay]:
    """Yield a device's entries, made again: each names the one before it.

    Raises `VerificationFailed`, step ``days``, when the file is none of ours.
    """
    try:
        written = json.loads(raw)
        zone, previous = written["zone"], bytes.fromhex(written["before"])
        columns = written["columns"]
        if written["device"] != device or columns.keys() != set(_FIELDS):
            raise VerificationFailed("days", f"the days of {device}", repr(written["device"])[:60])
        for row in zip(*(columns[name] for name in _FIELDS), strict=True):
            fields = dict(zip(_FIELDS, row, strict=True))
            number = fields.pop("number")
            fields |= {"device": device, "zone": zone, "previous": previous.hex()}
            entry = to_bytes({**fields, "type": KIND_VERSION.format(DEVICE_DAY)})
            previous = leaf_hash(entry)
            day = date.fromisoformat(fields["day"])
            yield LoggedDay(_whole(number), previous, entry, day, fields)
    except _UNREADABLE as error:
        raise VerificationFailed("days", f"the days of {device}", repr(error)[:120]) from error


def _device_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["device"])
    except _UNREADABLE as error:
        raise VerificationFailed("bundle", "days of devices", repr(error)[:120]) from error


def _whole(number: object) -> int:
    if type(number) is not int or number < 0:
        message = f"not a number: {number!r}"
        raise ValueError(message)
    return number


def _unzipped(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            found = archive.infolist()
            _require_modest(found)
            files = {}
            for one in found:
                with archive.open(one) as file:
                    files[one.filename] = file.read(_MOST_BYTES)
    except VerificationFailed:
        raise
    except Exception as error:  # a hostile file makes zipfile raise anything
        raise VerificationFailed("bundle", "a ZIP file, whole", str(error)[:120]) from error
    return files


def _require_modest(found: list[zipfile.ZipInfo]) -> None:
    size = sum(one.file_size for one in found)
    if len(found) > _MOST_FILES or size > _MOST_BYTES:
        few = f"at most {_MOST_FILES} files and {_MOST_BYTES} bytes"
        raise VerificationFailed("bundle", few, f"{len(found)} files, {size} bytes")
    locked = next((one.filename for one in found if one.flag_bits & _ENCRYPTED), None)
    if locked is not None:
        raise VerificationFailed("bundle", "files without a password", f"{locked[:80]}, encrypted")
    names = [one.filename for one in found]
    if len(set(names)) < len(names):
        raise VerificationFailed("bundle", "each file once", str(names)[:120])


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise VerificationFailed("bundle", f"{name}: text", str(error)[:80]) from error
