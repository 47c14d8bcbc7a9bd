"""Files as people hand them in: the right one, the wrong one, half of one.

What could be a proof or a passport goes on to be checked, and failing there is a verdict.
What cannot be is told in one sentence: what was expected, what is there, what to do.
"""

import json
from pathlib import Path
from typing import NamedTuple

from domain.errors import InvalidInput
from domain.os_errors import told
from traceability.trust import Trust, fingerprint, parse_trust

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_KINDS = (
    (ZIP, "a ZIP file"),
    ((b"%PDF",), "a PDF document"),
    ((b"\x89PNG",), "a PNG picture"),
    ((b"\xff\xd8\xff",), "a JPEG picture"),
    ((b"GIF8",), "a GIF picture"),
    ((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"), "an archive of another kind than ZIP"),
    ((b"<", b"\xef\xbb\xbf<"), "a web page"),
    ((b"\xff\xfe", b"\xfe\xff"), "text in UTF-16, as PowerShell's > writes it"),
)


class _Wanted(NamedTuple):
    """What a file should be, how to come by it, and the most bytes that it can have."""

    what: str
    mend: str
    most: int


_PROOF = _Wanted(
    "the proof of a lot (a ZIP file)", "download it from the page that the label leads to",
    21_000_000,
)  # fmt: skip
_KEYS = _Wanted(
    "a list of keys (JSON)",
    "ask whom you trust for it, or save /.well-known/nguon-keys.json of the label's web address",
    1_000_000,
)
_READINGS = _Wanted(
    "raw readings (CSV)", "they are written by `nguon proof --readings`", 500_000_000
)
_SWAPPED = "were the two swapped? First the proof, then --keys and the list of keys"


def read_proof(path: Path) -> bytes:
    """Return a proof or a passport, or what may be one; raises `InvalidInput` for other files."""
    raw = _read(path, _PROOF)
    if raw.startswith(ZIP):
        return raw
    if not raw.lstrip().startswith(b"{"):
        raise _other(path, _PROOF, _kind(raw), _PROOF.mend)
    if _is_keys(raw):
        raise _other(path, _PROOF, "a list of keys", _SWAPPED)
    return raw


def read_keys(path: Path) -> tuple[Trust, str]:
    """Return whom a file says to trust, and its fingerprint; raises `InvalidInput`."""
    raw = _read(path, _KEYS)
    if raw.startswith(ZIP) or b'"payloadType"' in raw[:200]:
        raise _other(path, _KEYS, "a ZIP file" if raw.startswith(ZIP) else "a passport", _SWAPPED)
    kind = _kind(raw)
    if kind != _TEXT:
        raise _other(path, _KEYS, kind, _KEYS.mend)
    try:
        return parse_trust(raw.decode("utf-8-sig")), fingerprint(raw)
    except (UnicodeDecodeError, InvalidInput) as error:
        message = f"{path}: {error}: {_KEYS.mend}"
        raise InvalidInput(message, "keys") from error


def read_readings(path: Path) -> bytes:
    """Return a file of raw readings; raises `InvalidInput`."""
    return _read(path, _READINGS)


_TEXT, _BYTES = "some text", "bytes of no kind that is known here"


def _read(path: Path, wanted: _Wanted) -> bytes:
    try:
        if path.is_dir():
            raise _other(path, wanted, "a folder", _unpacked(path) or wanted.mend)
        # Of what is no plain file the size is not known: it is read as far as it could be right.
        large = path.is_file() and path.stat().st_size > wanted.most
        with path.open("rb") as file:
            raw = b"" if large else file.read(wanted.most + 1)
    except OSError as error:
        message = f"{told(error)}; expected {wanted.what}"
        raise InvalidInput(message, "file") from error
    if large or len(raw) > wanted.most:
        raise _other(path, wanted, f"larger than {wanted.most // 1_000_000} MB", wanted.mend)
    if not raw:
        raise _other(path, wanted, "empty", wanted.mend)
    return raw


def _unpacked(folder: Path) -> str:
    """Return what to do where a browser has unpacked the proof by itself."""
    if not (folder / "passport.json").exists():
        return ""
    return "give the ZIP file itself; where it was unpacked while downloading, download it again"


def _kind(raw: bytes) -> str:
    for beginnings, kind in _KINDS:
        if raw.startswith(beginnings):
            return kind
    try:
        raw[:4000].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < min(len(raw), 4000) - 3:  # not merely a sign that was cut in two
            return _BYTES
    return _BYTES if b"\0" in raw[:4000] else _TEXT


def _is_keys(raw: bytes) -> bool:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and "keys" in fields and "payloadType" not in fields


def _other(path: Path, wanted: _Wanted, found: str, mend: str) -> InvalidInput:
    return InvalidInput(f"{path} is {found}, expected was {wanted.what}: {mend}", "file")
