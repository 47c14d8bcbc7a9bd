"""From a row to a value, alike on every backend."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from domain.bucket import Bucket
from domain.clock import Beat, ClockVerdict, moved_by
from domain.ids import DeviceId, SeriesId
from domain.quality import Flag, QcTest, also
from domain.ranges import Runs
from domain.reading import Delivery, Frame, StoredReading
from domain.window import HOUR_MS, LAST_MS, Window
from store.series import Touched

_DOUBTED = frozenset({int(ClockVerdict.BACKWARDS), int(ClockVerdict.OFFSET)})
NO_BOOT = -1
"""Stands for the one boot of a device that counts none, where a key needs a number."""


class Numbered(NamedTuple):
    """A cycle with its number, its delivery's place in the batch, and its move."""

    number: int
    place: int
    delivery: Delivery
    frame: Frame
    time_ms: int
    skew_ms: int


def stored_reading(row: tuple[Any, ...]) -> StoredReading:
    """Return a reading from a row in the order of ``COLUMNS`` of each backend.

    What was found out about its clock since it came is put into its verdict.
    """
    series, time_ms, value, quality, received, committed, conflict, skew, clock = row
    if clock in _DOUBTED:
        quality = also(quality, Flag.SUSPECT, QcTest.CLOCK)
    if skew:
        skew = moved_to(time_ms, skew) - time_ms
    return StoredReading(
        SeriesId(series), time_ms + skew, value, quality, received, committed, bool(conflict), skew
    )


def moved_to(time_ms: int, skew_ms: int) -> int:
    """Return when a claimed time is ordered: moved, but never out of the calendar."""
    return min(max(0, time_ms + skew_ms), LAST_MS)


def newest_moved(
    claimed_ms: int,
    until_ms: int,
    shift: tuple[int, int],
    read: Callable[[Window], Sequence[StoredReading]],
) -> StoredReading | None:
    """Return the newest reading before ``until_ms`` of a series whose cycles have moved.

    ``claimed_ms`` is the newest time claimed, ``shift`` the least and most that any moved.
    Of cycles that moved by different amounts, an earlier claim may be the later truth.
    """
    least, most = shift
    for start in (claimed_ms + least, claimed_ms + 2 * least - most, 0):
        found = read(Window(min(max(0, start), until_ms), until_ms))
        if found:
            return next(r for r in found if r.time_ms == found[-1].time_ms)
    return None


def hour_of(instant_ms: int) -> int:
    """Return the beginning of an instant's hour."""
    return instant_ms - instant_ms % HOUR_MS


def runs_by_boot(
    rows: Iterable[tuple[Any, ...]],
) -> dict[tuple[DeviceId, int], Runs]:
    """Return the runs of rows (device, boot, first, last), which are ordered."""
    found: defaultdict[tuple[DeviceId, int], list[tuple[int, int]]] = defaultdict(list)
    for device, boot, first, last in rows:
        found[DeviceId(device), boot].append((first, last))
    return {key: tuple(runs) for key, runs in found.items()}


def beat(row: tuple[Any, ...]) -> Beat:
    """Return a cycle from (id, boot, seq, time, received, skew, clock)."""
    frame, boot, seq, time_ms, received_ms, skew_ms, clock = row
    return Beat(frame, boot, seq, time_ms, received_ms, skew_ms, ClockVerdict(clock))


def newest_of(delivery: Delivery) -> int:
    """Return the newest time claimed in a message; its lag says what its clock is off by."""
    times = [time_of(frame, delivery.received_ms) for frame in delivery.frames]
    return max(times, default=delivery.received_ms)


def moved_frames(rows: Iterable[tuple[int, int, int]], skew_ms: int) -> list[int]:
    """Return the cycles, given as (id, time, received), whose whole message an offset moves."""
    messages: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for frame, time_ms, received_ms in rows:
        messages[received_ms].append((time_ms, frame))
    return [
        frame
        for received_ms, frames in messages.items()
        if moved_by(skew_ms, max(frames)[0], received_ms)
        for _, frame in frames
    ]


def time_of(frame: Frame, received_ms: int) -> int:
    """Return the newest time claimed in a cycle, its arrival when it claims none."""
    if frame.time_ms is not None:
        return frame.time_ms
    return max((r.time_ms for r in frame.readings), default=received_ms)


def still_ours(
    buckets: Sequence[Bucket], done: Sequence[Touched], there: Iterable[Touched]
) -> tuple[list[Bucket], list[Touched]]:
    """Return what may be settled: of series none of whose hours has left the list meanwhile."""
    left = {(t.series, t.hour_ms) for t in there}
    taken = {t.series for t in done if (t.series, t.hour_ms) not in left}
    return [b for b in buckets if b.series not in taken], [t for t in done if t.series not in taken]
