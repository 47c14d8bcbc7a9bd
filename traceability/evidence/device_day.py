"""What one device measured on one local day, bound to 32 bytes (``nguon-day/1``). Pure.

A day's readings are lines of text, in one order, each a leaf of a Merkle tree (RFC 6962);
beside them stands a summary, a line a channel. Whoever has the lines can make the root
again with any tool that knows SHA-256; who has only the root cannot be told other lines
later. Everything received is in it: failed, disputed and late readings too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import rfc8785

from domain.clock import Beat
from domain.device import Datastream
from domain.ids import Channel
from domain.reading import StoredReading
from domain.window import print_instant
from traceability.canonical import to_bytes
from traceability.log.merkle import leaf_hash, node_hash, root_of

HEADER = "device,channel,time,value,quality,received,moved_ms"
_MOST_BOOTS = 200


class Line(NamedTuple):
    """One reading as it is committed, in the order that lines of a day have.

    ``time_ms`` is when it is ordered; ``moved_ms`` is how much of that is our correction of
    a clock found to be off, so that the claimed time is ``time_ms - moved_ms``.
    """

    channel: str
    time_ms: int
    value: float
    quality: int
    received_ms: int
    moved_ms: int

    def text(self, device: str) -> str:
        """Return the line as text, without its end; numbers as in RFC 8785."""
        return (
            f"{device},{self.channel},{print_instant(self.time_ms)},{print_number(self.value)}"
            f",{self.quality},{print_instant(self.received_ms)},{self.moved_ms}"
        )


@dataclass(frozen=True, slots=True)
class Before:
    """How a day's new revision stands to the one before it, number ``revision``.

    ``continues``: what was known then still gives its root, so nothing of it was taken away or
    changed. If not, ``clock`` says whether the device's clock was found to be off, which moves
    readings and flags them; without that there is no honest reason.
    """

    revision: int
    continues: bool
    clock: bool


@dataclass(frozen=True, slots=True)
class DayRead:
    """A device's day as known at ``known_ms``: what is counted, and the root over all of it.

    ``cycles`` gives (boot, first, last, how many) of the sequence numbers received, boot -1
    and no numbers for cycles without; ``boots`` counts them all when they are too many.
    ``before`` is None for a day's first revision.
    """

    device: str
    day: date
    zone: str
    known_ms: int
    expected: int
    received: int
    cycles: tuple[tuple[int, int, int, int], ...]
    boots: int
    root: bytes
    before: "Before | None" = None

    def body(self, revision: int, previous: bytes) -> dict[str, Any]:
        """Return what the log's entry says; ``previous`` is the device's entry before it."""
        return {
            "device": self.device,
            "day": self.day.isoformat(),
            "zone": self.zone,
            "known": print_instant(self.known_ms),
            "revision": revision,
            "expected": self.expected,
            "received": self.received,
            "cycles": [list(run) for run in self.cycles],
            "boots": self.boots,
            "root": self.root.hex(),
            "continues": None if self.before is None else self.before.continues,
            "clock": self.before is not None and self.before.clock,
            "previous": previous.hex(),
        }


def print_number(value: float) -> str:
    """Return a number as RFC 8785 (ECMAScript) prints it."""
    text = repr(value)
    if "e" in text or value == 0:
        return rfc8785.dumps(value).decode()
    return text.removesuffix(".0")


def lines_of(channel: str, readings: Iterable[StoredReading]) -> list[Line]:
    """Return the lines of a datastream's readings, in order."""
    return sorted(
        Line(channel, r.time_ms, r.value, r.quality, r.received_ms, r.skew_ms) for r in readings
    )


def summary(
    of: tuple[str, date, str], streams: Sequence[Datastream],
    lines: Mapping[Channel, Sequence[Line]], expected: Mapping[Channel, int],
) -> bytes:  # fmt: skip
    """Return the summary of a day ``of`` (device, day, zone): of each channel count and extremes.

    Extremes are of every value received, the failed ones in: they are facts, not judgements.
    """
    device, day, zone = of
    rows = []
    for stream in sorted(streams, key=lambda s: s.channel):
        values = [line.value for line in lines[stream.channel]]
        rows.append(
            {
                "channel": stream.channel,
                "property": stream.property,
                "interval_s": stream.interval_s,
                "expected": expected[stream.channel],
                "received": len(values),
                "minimum": min(values, default=None),
                "maximum": max(values, default=None),
            }
        )
    fields = {"device": device, "day": day.isoformat(), "zone": zone, "channels": rows}
    return to_bytes(fields)


def root_over(device: str, summarised: bytes, lines: Iterable[Line]) -> bytes:
    """Return the root of a day: its summary on the left, the tree of its lines on the right."""
    readings = root_of(leaf_hash(line.text(device).encode()) for line in lines)
    return node_hash(leaf_hash(summarised), readings)


def runs_of(beats: Iterable[Beat]) -> tuple[tuple[tuple[int, int, int, int], ...], int]:
    """Return the sequence numbers of cycles by boot, and how many boots there were."""
    found: dict[int, tuple[int, int, int]] = {}
    for one in beats:
        boot = -1 if one.boot is None or one.seq is None else one.boot
        seq = 0 if one.boot is None or one.seq is None else one.seq
        first, last, count = found.get(boot, (seq, seq, 0))
        found[boot] = min(first, seq), max(last, seq), count + 1
    runs = tuple((boot, *found[boot]) for boot in sorted(found))
    return runs[:_MOST_BOOTS], len(runs)
