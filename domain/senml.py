"""SenML (RFC 8428): resolve a pack of records, JSON or CBOR, into plain records.

Base fields, relative times and the must-understand rule follow sections 4 to 6. Two
extension fields of ours travel like base fields, in force until the next one:
``boot`` (which power-up of the device) and ``seq`` (which measuring cycle of it);
see :mod:`domain.pack`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cbor2

from domain.errors import UndecodableMessage

VERSION = 10
MAX_RECORDS = 20_000
_RELATIVE_BELOW_S = 2**28
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
# RFC 8428 section 6, table 4, and section 12.2.
LABELS: dict[object, str] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
LABEL_NUMBERS: dict[str, int] = {name: n for n, name in LABELS.items() if isinstance(n, int)}
_BASE = frozenset(("bn", "bt", "bu", "bv", "bs", "bver", "boot", "seq"))
_VALUES = ("v", "vs", "vb", "vd")


@dataclass(frozen=True, slots=True)
class Record:
    """A resolved record: full name, absolute time in seconds, at most one value."""

    name: str
    unit: str | None
    time_s: float
    value: float | None
    text: str | None
    truth: bool | None
    data: object
    total: float | None
    boot: int | None
    seq: int | None
    told_s: float


def read_json(payload: bytes) -> list[Mapping[str, object]]:
    """Return the raw records of a JSON pack; raises `UndecodableMessage`."""
    try:
        return _pack(_JSON.decode(payload.decode()))
    except (ValueError, RecursionError) as error:
        message = f"not a SenML JSON pack: {error}"
        raise UndecodableMessage(message) from error


def read_cbor(payload: bytes) -> list[Mapping[Any, object]]:
    """Return the raw records of a CBOR pack, labels as sent; raises `UndecodableMessage`."""
    stream = BytesIO(payload)
    try:
        decoded = cbor2.load(
            stream, semantic_decoders=_TAGGED, tag_hook=_no_tag, max_depth=_DEEPEST
        )
    # cbor2 lets ValueError, TypeError, OverflowError, RecursionError and MemoryError
    # through for hostile bytes; all of them mean the same to us.
    except Exception as error:
        message = f"not a SenML CBOR pack: {type(error).__name__}"
        raise UndecodableMessage(message) from error
    if stream.tell() != len(payload):
        message = f"{len(payload) - stream.tell()} bytes after the CBOR pack"
        raise UndecodableMessage(message)
    return _pack(decoded)


def _no_tag(*_: object) -> object:
    message = "CBOR tags are not part of SenML"
    raise UndecodableMessage(message)


# Every tag that the decoder knows by itself: shared references and fractions of a few bytes
# can stand for more than any machine can print or add up.
_TAGGED = dict.fromkeys(
    (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799),
    _no_tag,
)
_DEEPEST = 8


def resolve(records: Sequence[Mapping[str, object]], now_s: float) -> list[Record]:
    """Return the pack with base fields applied and times absolute (RFC 8428, 4.6).

    ``now_s`` is the receiver's clock, used for relative times only. Raises
    `UndecodableMessage`.
    """
    base: dict[str, object] = {}
    resolved = []
    for record in records:
        _take_base(record, base)
        if not record.keys() <= _BASE:
            resolved.append(_resolve_one(record, base, now_s))
    return resolved


def _take_base(record: Mapping[str, object], base: dict[str, object]) -> None:
    for key, content in record.items():
        if key in _BASE:
            base[key] = content
        elif key.endswith("_"):
            message = f"field {key!r} must be understood and is not"
            raise UndecodableMessage(message)
    if _count(base.get("bver", VERSION)) > VERSION:
        message = f"SenML version {base['bver']} is newer than {VERSION}"
        raise UndecodableMessage(message)


def _resolve_one(record: Mapping[str, object], base: Mapping[str, object], now_s: float) -> Record:
    given = [key for key in _VALUES if key in record]
    if len(given) > 1 or not (given or "s" in record or "bs" in base):
        message = f"a record needs exactly one value, found {given}"
        raise UndecodableMessage(message)
    told_s = _number(base.get("bt", 0)) + _number(record.get("t", 0))
    return Record(
        name=_name(_text(base.get("bn", "")) + _text(record.get("n", ""))),
        unit=_optional_text(record.get("u", base.get("bu"))),
        time_s=_time(told_s, now_s),
        value=_sum(record["v"], base.get("bv", 0)) if "v" in record else None,
        text=_optional_text(record.get("vs")),
        truth=_truth(record.get("vb")),
        data=record.get("vd"),
        total=_total(record.get("s"), base.get("bs")),
        boot=_optional_count(base.get("boot")),
        seq=_optional_count(base.get("seq")),
        told_s=told_s,
    )


def _pack(decoded: object) -> list[Mapping[str, object]]:
    if not isinstance(decoded, list) or not decoded or len(decoded) > MAX_RECORDS:
        message = f"a pack is an array of 1 to {MAX_RECORDS} records"
        raise UndecodableMessage(message)
    if not all(isinstance(record, dict) for record in decoded):
        message = "a record is a map"
        raise UndecodableMessage(message)
    return decoded


_TEXT = {str}


def named(record: Mapping[Any, object]) -> dict[str, object]:
    """Return a record of a CBOR pack with its labels as names; raises `UndecodableMessage`."""
    found = {LABELS.get(label, label): content for label, content in record.items()}
    if len(found) != len(record) or not set(map(type, found)) <= _TEXT:
        message = "a CBOR label is a known number or a text, once"
        raise UndecodableMessage(message)
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a field appears twice in one record"
        raise UndecodableMessage(message)
    return found


def _refuse(constant: str) -> object:
    message = f"{constant} is not a number"
    raise UndecodableMessage(message)


def _number(content: object) -> float:
    if isinstance(content, bool) or not isinstance(content, int | float):
        message = f"not a number, but a {type(content).__name__}"
        raise UndecodableMessage(message)
    try:
        number = float(content)
    except OverflowError as error:
        message = "number out of range"
        raise UndecodableMessage(message) from error
    if not math.isfinite(number):
        message = f"{content} is not a number"
        raise UndecodableMessage(message)
    return number


def _count(content: object) -> int:
    if isinstance(content, bool) or not isinstance(content, int) or not 0 <= content < 2**53:
        # Not printed: a bignum of CBOR may have more digits than Python agrees to write.
        message = f"not a whole number below 2^53, but a {type(content).__name__}"
        raise UndecodableMessage(message)
    return content


def _optional_count(content: object) -> int | None:
    return None if content is None else _count(content)


def _text(content: object) -> str:
    if not isinstance(content, str):
        message = f"not a text, but a {type(content).__name__}"
        raise UndecodableMessage(message)
    return content


def _optional_text(content: object) -> str | None:
    return None if content is None else _text(content)


def _truth(content: object) -> bool | None:
    if content is not None and not isinstance(content, bool):
        message = f"not true or false, but a {type(content).__name__}"
        raise UndecodableMessage(message)
    return content


def _total(own: object, base: object) -> float | None:
    if own is None and base is None:
        return None
    return _sum(0 if own is None else own, 0 if base is None else base)


def _sum(own: object, base: object) -> float:
    return _number(_number(own) + _number(base))


def is_name(name: str) -> bool:
    """Whether this is a name in SenML's alphabet."""
    return _NAME.fullmatch(name) is not None


def is_relative(time_s: float) -> bool:
    """Whether a time counts from the receiver's now (RFC 8428, 4.5.3)."""
    return abs(time_s) < _RELATIVE_BELOW_S


def _name(name: str) -> str:
    if not is_name(name):
        message = f"not a SenML name: {name[:60]!r}"
        raise UndecodableMessage(message)
    return name


def _time(time_s: float, now_s: float) -> float:
    return now_s + time_s if is_relative(time_s) else time_s


# Made once: json.loads makes one a message where it is given hooks.
_JSON = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)
