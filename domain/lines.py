r"""InfluxDB's line protocol: how it is read. What lines mean to us: :mod:`domain.line_cycles`.

A line is a measurement, tags, fields, and perhaps a time::

    soil,unit=%,bed=a moisture_20=31.5,ph=6.4 1792000000000000000

This is the grammar of InfluxDB 2. A backslash takes the meaning from a comma, a space or an
equals sign in a name, and from a quote or a backslash in a text; before anything else it is
a sign like others, in names before a second backslash too, as InfluxDB's own parser has it
and its clients write it. A text in quotes may go on over several lines.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from domain.errors import UndecodableMessage

Value: TypeAlias = float | int | bool | str
"""A float, an integer (``i``, ``u``), a truth, or a text in quotes."""

_CONTROLS = r"\x00-\x1f\x7f"
_KEY = rf"((?:[^\\,= {_CONTROLS}]++|\\[,= ]|\\)++)"
_BETWEEN = re.compile(r"(?: ++|\r?\n|\r\Z|#[^\n]*+)*+")
_MEASUREMENT = re.compile(rf"(?:[^\\, {_CONTROLS}]++|\\[, ]|\\)++")
_TAG = re.compile(rf",{_KEY}={_KEY}")
_SPACES = re.compile(r" ++")
_FIELD = re.compile(rf'{_KEY}=(?:"((?:[^"\\]++|\\.)*+)"|([^", {_CONTROLS}]++))', re.DOTALL)
_END = re.compile(r"(?: ++(-?[0-9]{1,40}+))?+ *+\r?(?:\n|\Z)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?+")
_WHOLE = re.compile(r"([-+]?[0-9]{1,40})([iu])")
_RANGES = {"i": range(-(2**63), 2**63), "u": range(2**64)}
_TRUTHS: dict[str, bool] = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
}
# No value of the protocol, but printf's: the device says that it has none, and goes on.
_NO_NUMBERS = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)


class Line(NamedTuple):
    """One point; ``number`` is that of its line, ``time`` in whatever precision was agreed."""

    number: int
    measurement: str
    tags: dict[str, str]
    fields: tuple[tuple[str, Value], ...]
    time: int | None


def parse(text: str) -> Iterator[Line]:
    """Yield the points of a text; comments and empty lines are none.

    Raises `UndecodableMessage`, which names the line.
    """
    at, number = 0, 1
    while True:
        start = _end_of(_BETWEEN.match(text, at), at)
        number += text.count("\n", at, start)
        if start == len(text):
            return
        line, at = _line(text, start, number)
        number += text.count("\n", start, at)
        yield line


def _line(text: str, at: int, number: int) -> tuple[Line, int]:
    """Return the point that begins at ``at``, and where the next line begins."""
    name = _MEASUREMENT.match(text, at)
    if name is None:
        raise _wrong(number, "begins with no measurement", text, at)
    tags, at = _tags(text, name.end(), number)
    spaces = _SPACES.match(text, at)
    if spaces is None:
        raise _wrong(number, "has no field after measurement and tags", text, at)
    fields, at = _fields(text, spaces.end(), number)
    end = _END.match(text, at)
    if end is None:
        raise _wrong(number, "does not end after its fields and one time", text, at)
    time = None if end[1] is None else int(end[1])
    if time is not None and time not in _RANGES["i"]:
        raise _wrong(number, "has a time of more than 64 bits", end[1], 0)
    return Line(number, _plain(name[0], ", "), tags, fields, time), end.end()


def _tags(text: str, at: int, number: int) -> tuple[dict[str, str], int]:
    tags: dict[str, str] = {}
    while text.startswith(",", at):
        tag = _TAG.match(text, at)
        if tag is None:
            raise _wrong(number, "has a tag that is not key=value", text, at + 1)
        key = _plain(tag[1], ",= ")
        if key in tags:
            raise _wrong(number, f"has the tag {key[:60]!r} twice", text, at + 1)
        tags[key] = _plain(tag[2], ",= ")
        at = tag.end()
    return tags, at


def _fields(text: str, at: int, number: int) -> tuple[tuple[tuple[str, Value], ...], int]:
    fields: list[tuple[str, Value]] = []
    while True:
        field = _FIELD.match(text, at)
        if field is None:
            raise _wrong(number, "has a field that is not key=value", text, at)
        key = _plain(field[1], ",= ")
        if field[2] is not None:
            fields.append((key, _plain(field[2], '"\\\\')))
        else:
            value = _value(field[3])
            if value is None:
                raise _wrong(number, f"has no value for the field {key[:60]!r}", field[3], 0)
            fields.append((key, value))
        at = field.end()
        if not text.startswith(",", at):
            return tuple(fields), at
        at += 1


def _value(token: str) -> Value | None:
    """Return what stands outside quotes, None when it is no value."""
    if _FLOAT.fullmatch(token):
        return float(token)
    whole = _WHOLE.fullmatch(token)
    if whole is not None:
        number = int(whole[1])
        return number if number in _RANGES[whole[2]] else None
    if _NO_NUMBERS.fullmatch(token):
        return math.nan
    return _TRUTHS.get(token)


def _plain(raw: str, escaped: str) -> str:
    return re.sub(rf"\\([{escaped}])", r"\1", raw) if "\\" in raw else raw


def _end_of(match: "re.Match[str] | None", at: int) -> int:
    return at if match is None else match.end()


def _wrong(number: int, what: str, text: str, at: int) -> UndecodableMessage:
    return UndecodableMessage(f"line {number} {what}: {text[at : at + 40]!r}")
