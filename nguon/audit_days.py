"""The days' part of ``nguon fsck``: each is made again from its readings, or told as dropped.

A day that the operator let go, by an act that the log knows, cannot be made again from the
store; from its archive file it can. Readings that are gone without such an act are a fault.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from domain.errors import VerificationFailed
from domain.ids import DeviceId
from domain.window import Window, day_window, parse_instant, print_instant
from nguon.compose import Stores, now_ms
from store.judged import as_known
from store.records.days import DayRevision
from store.records.log import LogEntry
from traceability.evidence.archived import read_archive
from traceability.evidence.commit import (
    Source,
    Station,
    clock_was_off,
    day_lines,
    days_touched,
    made_again,
    measuring,
)
from traceability.evidence.dropped import Dropped, dropped_of
from traceability.evidence.raw_days import RawDay
from traceability.log.entry import DEVICE_DAY, decode
from traceability.log.merkle import leaf_hash

_TOUCHED = 1_000_000
_SHOWN = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """How days are looked at: archive files at hand, and whom to tell what is no finding."""

    archive: Path | None = None
    tell: Say = lambda _: None
    say: Say = lambda _: None


QUIET = Looked()


def days_in_log(opened: Stores, looked: Looked) -> Iterator[str]:
    """Yield what is wrong with the days of devices in the log."""
    with opened.records.reading() as transaction:
        stations = measuring(transaction, now_ms())
        revisions = transaction.days.every_newest()
        chained = {device: transaction.log.about(DEVICE_DAY, device) for device in stations}
        drops = {device: dropped_of(transaction, device) for device in stations}
    for device, chain in chained.items():
        yield from chain_of(device, chain)
    kept_ms = opened.series.kept_since()
    told = Counter[Dropped]()
    done = 0
    for device, some in groupby(revisions, key=lambda one: one.device):
        if device not in stations:
            continue
        days = _Days(opened, stations[device], drops[device], kept_ms)
        gone: list[_Gone] = []
        for one in some:
            looked.say(f"day {(done := done + 1)} of {len(revisions)} in the log")
            act = days.act_on(one)
            if act is None:
                yield from days.findings(one)
            else:
                gone.append(_Gone(one, act))
        told.update(one.act for one in gone)
        if looked.archive is not None:
            yield from days.archived(gone, looked.archive)
    _tell(told, looked)


class _Gone(NamedTuple):
    """A day that cannot be made again from the store, and by which act of the operator's."""

    revision: DayRevision
    act: Dropped


class _Days:
    """The days of one device against what the store has of them."""

    def __init__(
        self, opened: Stores, station: Station, drops: Sequence[Dropped], kept_ms: int
    ) -> None:
        self._opened, self._station, self._drops = opened, station, drops
        self._source, self._kept_ms = Source.of(opened.series), kept_ms

    def act_on(self, one: DayRevision) -> Dropped | None:
        """Return the act by which a day's readings went, None where they should be there."""
        if self._window(one).start_ms >= self._kept_ms:
            return None
        return next((act for act in self._drops if act.covers(one)), None)

    def findings(self, one: DayRevision) -> Iterator[str]:
        """Yield what is wrong with a day whose readings should be there."""
        if made_again(self._source.read, self._station, one) is not None:
            return
        # A clock found to be off moves what was logged; the watcher logs those days anew.
        if self._clock_was_off and one.day in self._waiting:
            return
        name = f"device {one.device}, day {one.day}"
        if self._window(one).start_ms < self._kept_ms:
            yield f"{name}: its readings are gone, dropped by no act that the log knows of"
            return
        yield (
            f"{name}: its readings are not those that were logged at"
            f" {print_instant(one.known_ms)}: some were deleted, changed or put in"
        )

    def archived(self, gone: Sequence[_Gone], folder: Path) -> Iterator[str]:
        """Yield what is wrong with the archive files of days that were dropped."""
        files: dict[Dropped, Mapping[date, RawDay]] = {}
        for act in self._drops:
            try:
                files[act] = read_archive(folder, act)
            except VerificationFailed as error:
                yield f"device {act.device}: {error}"
        for one in gone:
            if one.act in files:
                found = [f[one.revision.day] for f in files.values() if one.revision.day in f]
                yield from self._again(one, found)

    def _again(self, one: _Gone, found: Iterable[RawDay]) -> Iterator[str]:
        name = f"device {one.act.device}, day {one.revision.day}"
        again = next((day for day in found if day.root == one.revision.root), None)
        if again is None:
            yield f"{name}: {one.act.file} does not give what was logged"
        elif self._window(one.revision).end_ms > self._kept_ms:
            # The bound lies within this day; of what comes after it the store still answers.
            read = as_known(self._source.read, one.revision.known_ms)
            _, lines = day_lines(read, self._station, one.revision.day)
            texts = {line.text(one.act.device).encode(): line.time_ms for line in lines}
            there = {text for text, time_ms in texts.items() if time_ms >= self._kept_ms}
            if there != {text for text in again.texts if _time_of(text) >= self._kept_ms}:
                yield f"{name}: its readings after the bound are not those of {one.act.file}"

    def _window(self, one: DayRevision) -> Window:
        return day_window(one.day, self._station.zone)

    @cached_property
    def _clock_was_off(self) -> bool:
        return clock_was_off(self._source, self._station.device)

    @cached_property
    def _waiting(self) -> set[date]:
        """The days that are to be logged anew."""
        device = self._station.device
        # Before the records are asked: the watcher marks a day before it strikes its hours off.
        hours = self._opened.series.touched(_TOUCHED)
        with self._opened.records.reading() as transaction:
            due = {one.day for one in transaction.days.due_of(device)}
        return due | {day for _, day in days_touched({device: self._station}, hours)}


def _time_of(text: bytes) -> int:
    return parse_instant(text.split(b",")[2].decode())


def _tell(told: Mapping[Dropped, int], looked: Looked) -> None:
    if not told:
        return
    where = "--archive FOLDER makes them again"
    if looked.archive is not None:
        where = f"looked for in {looked.archive}"
    looked.tell(f"{sum(told.values())} days were dropped by acts in the log, no fault: {where}")
    for act, count in list(told.items())[:_SHOWN]:
        at = print_instant(act.at_ms)
        looked.tell(f"  {count} of {act.device}, {act.first} to {act.last}, at {at}: {act.file}")
    if len(told) > _SHOWN:
        looked.tell(f"  … and {len(told) - _SHOWN} files more")


def chain_of(device: DeviceId, chain: Sequence[LogEntry]) -> Iterator[str]:
    """Yield what is wrong with the chain of a device's days."""
    previous, days = "", set[tuple[str, int]]()
    for one in chain:
        body = body_of(one)
        if body.get("previous") != previous:
            yield f"device {device}: entry {one.number} does not follow the one before it"
        previous = leaf_hash(one.entry).hex()
        day = str(body.get("day")), int(body.get("revision", 0))
        if body.get("continues") is False and not body.get("clock"):
            yield (
                f"device {device}, day {day[0]}: revision {day[1]} lacks readings of the one"
                " before it, and no clock was off"
            )
        if day in days:
            yield f"device {device}: entry {one.number} says again what was logged of {day[0]}"
        days.add(day)


def body_of(one: LogEntry) -> Mapping[str, Any]:
    """Return what an entry says, nothing when it cannot be read: that is told elsewhere."""
    try:
        return decode(one.entry).body
    except VerificationFailed:
        return {}
