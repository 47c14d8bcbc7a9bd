"""From bytes to a JSON document, with the errors that concern the file as a whole.

Strict where Python's parser is not (RFC 8259, RFC 7493): no NaN, no member twice, no byte
order mark. Whatever comes in, what goes out is a document or a finding, never a traceback.
"""

import json
from collections import Counter
from typing import Any

from traceability.eudr.report import Findings, shown
from traceability.eudr.rules import Edition

# How files of other programs begin; what a person then reads is what the file is.
_OTHERS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive (Excel, KMZ or a packed shapefile)",
    b"\xd0\xcf\x11\xe0": "an Office file",
    b"\x00\x00\x27\x0a": "a shapefile",
    b"SQLite format 3": "a database (GeoPackage)",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<": "XML (KML, GPX or HTML)",
}
# Set where an archive's first member, or all of an Office file, is encrypted.
_ZIP_FLAGS, _ENCRYPTED = 6, 0x1
_OFFICE_MARK = "EncryptedPackage".encode("utf-16-le")
_BOM = b"\xef\xbb\xbf"
_DEEPEST = 40
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class _NotStrictError(ValueError):
    """What Python's parser would let pass."""


def read(raw: bytes, edition: Edition, found: Findings) -> Any:
    """Return the document in a file, None after a finding that leaves nothing to check."""
    if len(raw) > edition.most_bytes:
        said = f"{len(raw):,} bytes, {edition.most_bytes:,} are taken"
        found.add("file-size", None, "", said)
        return None
    if _is_other(raw, found):
        return None
    text = _text(raw, found)
    return None if text is None else _parse(text, found)


def _is_other(raw: bytes, found: Findings) -> bool:
    if not raw.strip():
        found.add("file-format", None, "", "the file is empty")
        return True
    what = next((name for mark, name in _OTHERS.items() if raw.lstrip().startswith(mark)), None)
    if what is None:
        return False
    locked_zip = raw.startswith(b"PK") and raw[_ZIP_FLAGS : _ZIP_FLAGS + 1] and (
        raw[_ZIP_FLAGS] & _ENCRYPTED
    )  # fmt: skip
    locked = locked_zip or _OFFICE_MARK in raw or (raw.startswith(b"%PDF") and b"/Encrypt" in raw)
    found.add("password" if locked else "file-format", None, "", f"it is {what}")
    return True


def _text(raw: bytes, found: Findings) -> str | None:
    if raw.startswith(_WIDE):
        found.add("encoding", None, "", "the file is UTF-16")
        return None
    if raw.startswith(_BOM):
        found.add("encoding", None, "", "the file begins with a byte order mark")
        raw = raw.removeprefix(_BOM)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        found.add("encoding", None, "", f"byte {error.start:,} is not UTF-8")
        return None


def _parse(text: str, found: Findings) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        found.add("file-format", None, "", f"it begins with {shown(text.lstrip()[:20])}")
        return None
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        _refuse_deep(document)
    except json.JSONDecodeError as error:
        said = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except RecursionError:
        said = "lists are nested without end"
    except ValueError as error:
        said = shown(str(error)) if not isinstance(error, _NotStrictError) else str(error)
    else:
        return document
    found.add("syntax", None, "", said)
    return None


def _refuse_deep(document: Any) -> None:
    """Refuse what no map program writes, and what would exhaust whoever walks through it."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, (list, dict))
        ]
        if not level:
            return
    message = f"lists and objects are nested more than {_DEEPEST} deep"
    raise _NotStrictError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        ((name, _),) = Counter(key for key, _ in pairs).most_common(1)
        message = f"the member {shown(name)} comes twice in one object"
        raise _NotStrictError(message)
    return made


def _no_number(name: str) -> Any:
    message = f"{name} is no JSON number"
    raise _NotStrictError(message)
