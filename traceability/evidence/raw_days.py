"""Raw readings in a file, and the days made again from it (``nguon-day/1``). Pure.

A file a device: a header, then for each day its summary, a line of canonical JSON, and
under it the day's readings, a line each, just as they were committed to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.errors import InvalidInput, VerificationFailed
from domain.window import parse_instant
from traceability.canonical import from_bytes
from traceability.evidence.device_day import HEADER
from traceability.log.merkle import leaf_hash, node_hash, root_of

_COLUMNS = len(HEADER.split(","))


@dataclass(frozen=True, slots=True)
class RawDay:
    """A device's day out of a file: what its summary says, its root, and its times.

    ``times`` gives of each channel the device times at which it measured, ms, ascending;
    ``summary`` and ``texts`` are the lines that the root is over.
    """

    device: str
    day: date
    zone: str
    root: bytes
    lines: int
    times: dict[str, list[int]]
    summary: bytes
    texts: tuple[bytes, ...]


def read_raw(raw: bytes) -> Iterator[RawDay]:
    """Yield the days in a file of raw readings; raises `VerificationFailed`, step ``readings``."""
    head, *rest = raw.removesuffix(b"\n").split(b"\n")
    if head.decode(errors="replace") != HEADER:
        raise VerificationFailed("readings", f"the header {HEADER}", repr(head[:80]))
    summary: bytes | None = None
    lines: list[bytes] = []
    for line in rest:
        if line.startswith(b"{"):
            if summary is not None:
                yield _day(summary, lines)
            summary, lines = line, []
        else:
            lines.append(line)
    if summary is None and lines:
        raise VerificationFailed("readings", "a summary before readings", repr(lines[0][:80]))
    if summary is not None:
        yield _day(summary, lines)


def _day(summary: bytes, lines: list[bytes]) -> RawDay:
    try:
        told = from_bytes(summary)
        device, day, zone = str(told["device"]), date.fromisoformat(told["day"]), str(told["zone"])
        counts = {str(row["channel"]): row["received"] for row in told["channels"]}
        times = _times(device, lines)
    except (ValueError, KeyError, TypeError, VerificationFailed, InvalidInput) as error:
        raise VerificationFailed("readings", "days as exported", str(error)[:120]) from error
    found = {channel: len(times.get(channel, ())) for channel in counts}
    if found != counts or times.keys() - counts.keys():
        differing = {name for name in {*counts, *times} if counts.get(name) != found.get(name)}
        said = {name: counts.get(name) for name in sorted(differing)}
        there = {name: len(times.get(name, ())) for name in sorted(differing)}
        raise VerificationFailed("readings", f"{device} on {day}: {said}", str(there))
    root = node_hash(leaf_hash(summary), root_of(leaf_hash(line) for line in lines))
    return RawDay(device, day, zone, root, len(lines), times, summary, tuple(lines))


def _times(device: str, lines: list[bytes]) -> dict[str, list[int]]:
    times: dict[str, list[int]] = {}
    for line in lines:
        fields = line.decode().split(",")
        if len(fields) != _COLUMNS or fields[0] != device:
            message = f"not a reading of {device}: {line[:80]!r}"
            raise ValueError(message)
        times.setdefault(fields[1], []).append(parse_instant(fields[2]))
    return times
