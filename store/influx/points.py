"""From a value of ours to a point, and from a point to a line of InfluxDB's line protocol.

A point is known by measurement, tags and time; written again it is overwritten field by
field, and that is the only kind of change this backend makes. Lines are put together
here and not by the client's ``Point``, which takes ten times as long: names are ours,
numbers are numbers, and texts are JSON in ASCII, so only quotes and backslashes are left
to escape.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.reading import Reading
from store.influx.times import Scale

_TEXT_PIECE = 30_000  # a text field holds 64 KB at most, and each sign may need two
_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})


class Point(NamedTuple):
    """One point; ``time`` in ns. A field is an int, a finite float, or a text."""

    measurement: str
    tags: Mapping[str, str]
    time: int
    fields: Mapping[str, int | float | str]


class Arrival(NamedTuple):
    """What a reading's cycle adds to its point."""

    frame: int
    received_ms: int
    committed_ms: int
    skew_ms: int
    clock: int


def line(point: Point, prefix: str = "") -> str:
    """Return a point in line protocol."""
    head = "".join(f",{name}={value.translate(_TAG)}" for name, value in point.tags.items())
    fields = ",".join(f"{name}={_written(value)}" for name, value in point.fields.items())
    return f"{prefix}{point.measurement}{head} {fields} {point.time}"


def _written(value: float | str) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f"{value}i" if isinstance(value, int) else repr(value)


def place_of(value: float, scale: Scale) -> int:
    """Return where within its millisecond a value lies, if nothing else lies there.

    The two zeros are one value.
    """
    digest = hashlib.blake2b(struct.pack("<d", value + 0.0), digest_size=8).digest()
    return int.from_bytes(digest, "little") % scale.places


def reading_point(
    reading: Reading, scale: Scale, place: int, arrival: Arrival, *, rival: bool
) -> Point:
    """Return a reading as a point; ``rival`` says that its moment has other values too.

    What its cycle says of times and clock stands in it as well: one look gives it all.
    """
    fields: dict[str, int | float | str] = {
        "value": float(reading.value),
        "quality": reading.quality,
        "frame": arrival.frame,
        "received": arrival.received_ms,
        "committed": arrival.committed_ms,
        "skew": arrival.skew_ms,
        "clock": arrival.clock,
        "rival": int(rival),
    }
    time = reading.time_ms * scale.places + place
    return Point(f"{scale.prefix}reading", {"series": str(reading.series)}, time, fields)


def pieces(name: str, value: object) -> dict[str, int | str]:
    """Return any JSON value as text fields ``name0``, ``name1``, … and their number."""
    text = json.dumps(value)
    parts = [text[i : i + _TEXT_PIECE] for i in range(0, len(text), _TEXT_PIECE)]
    return {name: len(parts)} | {f"{name}{n}": part for n, part in enumerate(parts)}


def whole(name: str, row: Mapping[str, object]) -> object:
    """Return the value that :func:`pieces` took apart."""
    count = row[name]
    texts: Iterable[object] = (row[f"{name}{n}"] for n in range(int(str(count))))
    return json.loads("".join(map(str, texts)))
