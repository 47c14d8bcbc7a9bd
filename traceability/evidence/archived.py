"""Archive files: the days of a device whose readings are dropped, as they were logged.

A file has the form of the raw readings beside a proof (:mod:`.raw_days`), so whoever has it
makes each day's root again with SHA-256 alone. It is read back before anything is deleted.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from domain.errors import VerificationFailed
from domain.ids import Channel, SeriesId
from domain.reading import StoredReading
from domain.window import Window, parse_instant
from store.records.days import DayRevision
from traceability.evidence.commit import Station, made_again
from traceability.evidence.device_day import HEADER, Line
from traceability.evidence.dropped import Dropped
from traceability.evidence.raw_days import RawDay, read_raw
from traceability.log.durable import sync

_STEP = "archive"


def write_archive(
    folder: Path, device: str, span: tuple[date, date], days: Iterable[tuple[bytes, list[Line]]]
) -> tuple[str, str]:
    """Write days (summary, lines) into a file of their own; return its name and SHA-256, hex.

    The name holds the digest's beginning, so no other file is ever written over.
    """
    digest = hashlib.sha256()
    partial = folder / f".{device}.partial"
    try:
        with partial.open("wb") as file:
            for text in _texts(device, days):
                digest.update(text)
                file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sha256 = digest.hexdigest()
        name = f"{device}_{span[0]}_{span[1]}_{sha256[:12]}.csv"
        partial.replace(folder / name)
    finally:
        partial.unlink(missing_ok=True)
    sync([folder])
    return name, sha256


def _texts(device: str, days: Iterable[tuple[bytes, list[Line]]]) -> Iterator[bytes]:
    yield HEADER.encode() + b"\n"
    for summary, lines in days:
        yield summary + b"\n"
        yield b"".join(line.text(device).encode() + b"\n" for line in lines)


def read_archive(folder: Path, dropped: Dropped) -> dict[date, RawDay]:
    """Return the days in a file; raises `VerificationFailed`, step ``archive``."""
    if Path(dropped.file).name != dropped.file:
        raise VerificationFailed(_STEP, "the name of a file", repr(dropped.file[:80]))
    try:
        raw = (folder / dropped.file).read_bytes()
    except OSError as error:
        found = f"it cannot be read: {error.strerror}"
        raise VerificationFailed(_STEP, f"{dropped.file} in {folder}", found) from error
    sha256 = hashlib.sha256(raw).hexdigest()
    if sha256 != dropped.sha256:
        raise VerificationFailed(_STEP, f"{dropped.file} of SHA-256 {dropped.sha256}", sha256)
    return {one.day: one for one in read_raw(raw) if one.device == dropped.device}


def as_logged(
    archived: Iterable[RawDay], station: Station, revision: DayRevision
) -> tuple[bytes, list[bytes]] | None:
    """Return a day's summary and lines that give a revision's root, None where none do.

    The file has the day as it was logged last. Of an earlier revision, what had been received
    by then is tried: the day that gives the root is the right one.
    """
    for one in archived:
        if one.root == revision.root:
            return one.summary, list(one.texts)
        again = made_again(_Again(one, station).read, station, revision)
        if again is not None:
            return again[0], [line.text(station.device).encode() for line in again[1]]
    return None


class _Again:
    """Readings out of a file, as a store would give them; committed as soon as received."""

    def __init__(self, day: RawDay, station: Station) -> None:
        self._rows: dict[SeriesId, list[StoredReading]] = {}
        series = {stream.channel: stream.series for stream in station.streams}
        for text in day.texts:
            _, channel, time, value, quality, received, moved = text.decode().split(",")
            one, moment = series[Channel(channel)], parse_instant(received)
            row = StoredReading(
                one, parse_instant(time), float(value), int(quality), moment, moment,
                conflict=False, skew_ms=int(moved),
            )  # fmt: skip
            self._rows.setdefault(one, []).append(row)

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        """Yield the readings of a series; the file is of one day."""
        return (row for row in self._rows.get(series, ()) if window.holds(row.time_ms))
