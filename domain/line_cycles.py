"""What InfluxDB's line protocol means to us: a line is a measuring cycle, or part of one.

Lines that bear the same ``boot`` and ``seq``, or none and the same time, are one cycle. In
front of them stands ``#precision=ms`` where their times are not in nanoseconds: a comment
to others, so that a message in quarantine can be read again by its bytes alone.
"""

import enum
import math
from collections.abc import Iterable, Iterator

from domain.errors import UndecodableMessage
from domain.lines import Line, Value, parse
from domain.reading import Cycle, Observation, Told
from domain.senml import MAX_RECORDS
from domain.window import LAST_MS

_HEAD, _HEAD_ENDS = b"#precision=", b"\n"
LONGEST_HEAD = 14
"""Bytes that `head` adds at most."""
_BARE = "nguon"
"""The measurement whose fields are channels by themselves."""
_EXACT = 2**53
_NAME_SHOWN = 60  # longer than any channel that can be declared


class Precision(enum.StrEnum):
    """What a time in a line counts."""

    NS = "ns"
    US = "us"
    MS = "ms"
    S = "s"


_IN_MS = {
    Precision.NS: (1, 1_000_000),
    Precision.US: (1, 1_000),
    Precision.MS: (1, 1),
    Precision.S: (1_000, 1),
}


def head(precision: Precision) -> bytes:
    """Return the comment that goes in front of lines."""
    return _HEAD + precision.encode() + _HEAD_ENDS


def decode(payload: bytes, received_ms: int) -> Told:
    """Return what lines say, in the order of their cycles; raises `UndecodableMessage`.

    Lines are counted without the head. A field that is no number is given back with the
    reason and does not take the rest with it.
    """
    precision, body = _opened(payload)
    gathered: dict[tuple[int | None, int | None, int | None], list[Observation]] = {}
    unfit: dict[str, str] = {}
    for line in _few(parse(body)):
        boot, seq = _numbers(line)
        time_ms = _time_ms(line, precision, received_ms)
        row = gathered.setdefault((boot, seq, time_ms if boot is None else None), [])
        row += _observations(line, time_ms, unfit)
    if not gathered:
        message = "not a single line that measures anything"
        raise UndecodableMessage(message)
    for (boot, seq, _), row in gathered.items():
        if boot is not None and not row:
            message = f"cycle {seq} of boot {boot} has no number that was measured"
            raise UndecodableMessage(message)
    cycles = (Cycle(boot, seq, tuple(row)) for (boot, seq, _), row in gathered.items() if row)
    return Told(tuple(cycles), unfit)


def _few(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines, up to as many fields as a message of any format may hold."""
    fields = 0
    for line in lines:
        fields += len(line.fields)
        if fields > MAX_RECORDS:
            message = f"line {line.number}: more than {MAX_RECORDS} fields in one message"
            raise UndecodableMessage(message)
        yield line


def _observations(line: Line, time_ms: int, unfit: dict[str, str]) -> Iterator[Observation]:
    """Yield what a line measures; what it says besides goes to ``unfit``."""
    unit = line.tags.get("unit")
    for key, value in line.fields:
        if key in ("boot", "seq"):
            continue
        channel, why = _channel(line.measurement, key), _unfit(value)
        if why:
            unfit.setdefault(channel, f"line {line.number}: the field {key[:60]!r} is {why}")
        else:
            # Adding 0.0 turns -0.0 into 0.0: one value must not have two spellings.
            yield Observation(channel, time_ms, float(value) + 0.0, unit)


def _opened(payload: bytes) -> tuple[Precision, str]:
    """Return the precision that the head tells, and what comes after it."""
    precision, body = Precision.NS, payload
    if payload.startswith(_HEAD):
        told, _, body = payload.removeprefix(_HEAD).partition(_HEAD_ENDS)
        if told not in {p.encode() for p in Precision}:
            message = f"no precision of line protocol: {told[:20]!r}"
            raise UndecodableMessage(message)
        precision = Precision(told.decode())
    try:
        return precision, body.decode()
    except UnicodeDecodeError as error:
        number = body.count(b"\n", 0, error.start) + 1
        message = f"line {number} is not UTF-8"
        raise UndecodableMessage(message) from error


def _numbers(line: Line) -> tuple[int | None, int | None]:
    """Return boot and seq of a line, None where it bears none."""
    told = [(key, value) for key, value in line.fields if key in ("boot", "seq")]
    if not told:
        return None, None
    found = dict(told)
    if len(found) != 2 or len(told) != 2:
        message = f"line {line.number}: boot and seq come together, once, or not at all"
        raise UndecodableMessage(message)
    boot, seq = found["boot"], found["seq"]
    for value in (boot, seq):
        if type(value) is not int or not 0 <= value < _EXACT:
            message = f"line {line.number}: boot and seq are whole numbers, as in boot=1i,seq=7i"
            raise UndecodableMessage(message)
    if line.time is None:
        message = f"line {line.number}: a numbered cycle needs a time of its own: it may come twice"
        raise UndecodableMessage(message)
    return int(boot), int(seq)


def _time_ms(line: Line, precision: Precision, received_ms: int) -> int:
    if line.time is None:
        return received_ms
    factor, divisor = _IN_MS[precision]
    time_ms = line.time * factor // divisor
    if not 0 <= time_ms <= LAST_MS:
        message = f"line {line.number}: time out of range: {line.time} {precision}"
        raise UndecodableMessage(message)
    return time_ms


def _channel(measurement: str, key: str) -> str:
    if measurement == _BARE:
        name = key
    else:
        name = measurement if key == "value" else f"{measurement}_{key}"
    return name if len(name) <= _NAME_SHOWN else name[: _NAME_SHOWN - 1] + "…"


def _unfit(value: Value) -> str:
    """Return why a value is no measurement, nothing when it is one."""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "true or false"
    if not math.isfinite(value):
        return "not a finite number"
    if float(value) != value:
        return "a whole number that no double holds exactly"
    return ""
