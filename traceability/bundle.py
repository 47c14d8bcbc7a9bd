"""A passport with all that proves it, in one file that needs neither us nor a network. Pure.

A ZIP, so that any computer opens it: the signed passport, its entry in the log and the
proof that it is there, and of every device that measured for it the chain of its days.
"""

import json
import re
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
DISCLOSURES, README = "disclosures.json", "README.txt"
_DEVICE = re.compile(r"days/([a-z0-9-]{1,48})\.(json|tlog-proof)")
_MOST_FILES, _MOST_BYTES = 500, 20_000_000
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
        }
        for device in sorted(self.days):
            files[f"days/{device}.json"] = self.days[device]
            files[f"days/{device}.tlog-proof"] = self.day_proofs[device].encode()
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, raw in files.items():
                archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED, 9)
        return out.getvalue()

    @classmethod
    def decode(cls, raw: bytes) -> "Bundle":
        """Return the bundle; raises `VerificationFailed`, step ``bundle``, for any other file."""
        files = _unzipped(raw)
        missing = [name for name in (PASSPORT, ENTRY, PROOF, DISCLOSURES) if name not in files]
        if missing:
            raise VerificationFailed("bundle", ", ".join(missing), "no such file in it")
        days: dict[str, bytes] = {}
        proofs: dict[str, str] = {}
        for name in files:
            found = _DEVICE.fullmatch(name)
            if found and found[2] == "json":
                days[found[1]] = files[name]
            elif found:
                proofs[found[1]] = _text(files[name], name)
        if days.keys() != proofs.keys():
            raise VerificationFailed("bundle", "a proof beside each device's days", str([*proofs]))
        return cls(
            files[PASSPORT], files[ENTRY], _text(files[PROOF], PROOF), days, proofs,
            files[DISCLOSURES],
        )  # fmt: skip


def write_chain(device: str, zone: str, entries: Sequence[tuple[int, Mapping[str, Any]]]) -> bytes:
    """Return a device's days as a file: what can be made again from the rest is left out.

    ``entries`` are (number in the log, the entry's fields), oldest first.
    """
    rows = [[number, *(fields[name] for name in _FIELDS[1:])] for number, fields in entries]
    before = entries[0][1]["previous"] if entries else ""
    written = {"device": device, "zone": zone, "before": before, "fields": list(_FIELDS)}
    return json.dumps(written | {"entries": rows}, separators=(",", ":")).encode()


def read_chain(device: str, raw: bytes) -> Iterator[LoggedDay]:
    """Yield a device's entries, made again: each names the one before it.

    Raises `VerificationFailed`, step ``days``, when the file is none of ours.
    """
    try:
        written = json.loads(raw)
        zone, previous = written["zone"], bytes.fromhex(written["before"])
        if written["device"] != device or written["fields"] != list(_FIELDS):
            raise VerificationFailed("days", f"the days of {device}", repr(written["device"])[:60])
        for row in written["entries"]:
            fields = dict(zip(_FIELDS, row, strict=True))
            number = fields.pop("number")
            fields |= {"device": device, "zone": zone, "previous": previous.hex()}
            entry = to_bytes({**fields, "type": KIND_VERSION.format(DEVICE_DAY)})
            previous = leaf_hash(entry)
            day = date.fromisoformat(fields["day"])
            yield LoggedDay(_whole(number), previous, entry, day, fields)
    except (ValueError, KeyError, TypeError, RecursionError, CanonicalizationError) as error:
        raise VerificationFailed("days", f"the days of {device}", repr(error)[:120]) from error


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
    names = [one.filename for one in found]
    if len(set(names)) < len(names):
        raise VerificationFailed("bundle", "each file once", str(names)[:120])


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise VerificationFailed("bundle", f"{name}: text", str(error)[:80]) from error
