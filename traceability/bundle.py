"""A passport with all that proves it, in one file that needs neither us nor a network. Pure.

A ZIP, so that any computer opens it: the signed passport, its entry in the log and the
proof that it is there, and of every device that measured for it the chain of its days. Of a
lot made of several harvests, in place of days: the proof of every step, and inside it, as ZIP
files that hold by themselves, the proofs of those harvests. These hold no further ones.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
STEP_PROOFS, MADE_OF = "steps.tlog-proofs", "made_of/"
MOST_WITHIN, MOST_UNPACKED = 40_000_000, 200_000_000
"""Bytes of the proofs inside a proof, as they lie there and unpacked."""
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
    """The files of a proof. ``days`` and ``day_proofs`` are by device.

    ``step_proofs`` and ``origins`` belong to a lot made of others: ``origins`` are the proofs of
    harvested lots, as files, by their names below ``made_of/``.
    """

    passport: bytes
    entry: bytes
    proof: str
    days: Mapping[str, bytes]
    day_proofs: Mapping[str, str]
    disclosures: bytes
    step_proofs: tuple[str, ...] = ()
    origins: Mapping[str, bytes] = field(default_factory=dict)

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
        if self.step_proofs:
            files[STEP_PROOFS] = "".join(self.step_proofs).encode()
        files |= {MADE_OF + name: self.origins[name] for name in sorted(self.origins)}
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, raw in files.items():
                archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED, 9)
        return out.getvalue()

    @classmethod
    def decode(cls, raw: bytes, *, within: bool = False) -> "Bundle":
        """Return the bundle; raises `VerificationFailed`, step ``bundle``, for any other file.

        ``within``: it lies in another one, and what would lie in it is not opened.
        """
        files = _unzipped(raw, within=within)
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
        first, *steps = _text(files.get(STEP_PROOFS, b""), STEP_PROOFS).split(_BEGINS)
        if first:
            raise VerificationFailed("bundle", "a proof a step", repr(first[:60]))
        return cls(
            files[PASSPORT], files[ENTRY], _text(files[PROOF], PROOF), days, proofs,
            files[DISCLOSURES], tuple(_BEGINS + text for text in steps),
            {} if within else _origins(files),
        )  # fmt: skip


def not_looked_at(raw: bytes, *, made_of: bool) -> list[str]:
    """Return the names of files in a bundle that no step reads; its bundle holds.

    ``made_of``: it is of a lot made of others.
    """
    known = {PASSPORT, ENTRY, PROOF, DISCLOSURES, DAYS, DAY_PROOFS}
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        names = [one.filename for one in archive.infolist() if one.filename not in known]
    read = (STEP_PROOFS, MADE_OF) if made_of else ()
    return [name for name in names if not name.startswith(read)]


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


def _unzipped(raw: bytes, *, within: bool) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            found = archive.infolist()
            _require_modest(found, within=within)
            files = {}
            for one in found:
                with archive.open(one) as file:
                    files[one.filename] = file.read(_MOST_BYTES)
    except VerificationFailed:
        raise
    except Exception as error:  # a hostile file makes zipfile raise anything
        raise VerificationFailed("bundle", "a ZIP file, whole", str(error)[:120]) from error
    return files


def _require_modest(found: list[zipfile.ZipInfo], *, within: bool) -> None:
    sizes = {False: 0, True: 0}
    for one in found:
        sizes[one.filename.startswith(MADE_OF) and not within] += one.file_size
    if len(found) > _MOST_FILES or sizes[False] > _MOST_BYTES:
        few = f"at most {_MOST_FILES} files and {_MOST_BYTES} bytes"
        raise VerificationFailed("bundle", few, f"{len(found)} files, {sizes[False]} bytes")
    if sizes[True] > MOST_WITHIN:
        few = f"proofs of harvested lots of at most {MOST_WITHIN} bytes"
        raise VerificationFailed("bundle", few, f"{sizes[True]} bytes")
    locked = next((one.filename for one in found if one.flag_bits & _ENCRYPTED), None)
    if locked is not None:
        raise VerificationFailed("bundle", "files without a password", f"{locked[:80]}, encrypted")
    names = [one.filename for one in found]
    if len(set(names)) < len(names):
        raise VerificationFailed("bundle", "each file once", str(names)[:120])


def _origins(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the proofs inside a proof; each is small, and all together are not too large."""
    found = {
        name.removeprefix(MADE_OF): raw
        for name, raw in files.items()
        if name.startswith(MADE_OF) and not name.endswith("/")  # a folder, packed anew by others
    }
    size = sum(_unpacked(name, raw) for name, raw in found.items())
    if size > MOST_UNPACKED:
        few = f"proofs of harvested lots of at most {MOST_UNPACKED} bytes, unpacked"
        raise VerificationFailed("bundle", few, f"{size} bytes")
    return found


def _unpacked(name: str, raw: bytes) -> int:
    """Return how many bytes a ZIP file says it unpacks to."""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            return sum(one.file_size for one in archive.infolist())
    except Exception as error:  # a hostile file makes zipfile raise anything
        expected = f"{MADE_OF}{name}: a ZIP file, whole"
        raise VerificationFailed("bundle", expected, str(error)[:120]) from error


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise VerificationFailed("bundle", f"{name}: text", str(error)[:80]) from error
