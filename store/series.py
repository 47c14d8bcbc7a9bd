"""The port to the time-series store: the questions the product asks, and no others.

Every backend passes ``tests/store/series_contract.py``. There is no ``execute``.
All times are instants in milliseconds; windows are half open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.bucket import Bucket
from domain.clock import Beat, Offset
from domain.ids import DeviceId, SeriesId
from domain.ranges import Runs
from domain.reading import Delivery, StoredReading
from domain.window import Size, Window
from store.archive import Archive


class Fate(NamedTuple):
    """What became of one delivery: readings new, already there, in conflict; refusals."""

    new: int
    same: int
    conflicts: int
    refused: int


@dataclass(frozen=True, slots=True)
class Appended:
    """The result of one append.

    ``fates`` are in the order of the deliveries. ``kept`` gives, for every (device, boot)
    touched, all sequence numbers received: what a receipt may promise, and what is missing.
    """

    fates: tuple[Fate, ...]
    kept: Mapping[tuple[DeviceId, int], Runs]


def joined(parts: Sequence[Appended]) -> Appended:
    """Return the result of a batch that was kept in several parts, in their order."""
    kept = {key: runs for part in parts for key, runs in part.kept.items()}
    return Appended(tuple(fate for part in parts for fate in part.fates), kept)


@dataclass(frozen=True, slots=True)
class Touched:
    """An hour of a series whose roll-ups are out of date; ``mark`` tells repeats apart."""

    series: SeriesId
    hour_ms: int
    mark: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message, or part of one, that is kept aside with its reason.

    The same bytes refused again for the same reason raise ``seen`` instead of
    filling the disk. ``mended_ms`` says when a retry succeeded, None while none has.
    """

    id: int
    topic: str
    payload: bytes
    reason: str
    detail: str
    part: str | None
    first_ms: int
    last_ms: int
    seen: int
    mended_ms: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How much is stored; ``quarantined`` counts what no retry has mended.

    ``touched`` counts an hour for each batch that touched it since the list was asked for,
    and maybe for each shape of its cycles.
    """

    readings: int
    frames: int
    conflicts: int
    quarantined: int
    touched: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend is, and in a sentence what it lacks and what that costs."""

    backend: str
    version: str
    lacks: tuple[str, ...]


class Series(Protocol):
    """A time-series store. Methods may be called from any thread."""

    def capabilities(self) -> Capabilities:
        """Say what this backend is and what it cannot do."""

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Keep a batch in one transaction; durable on return, or nothing of it is kept.

        It bears the time ``committed_ms``, or one after the last `fence` if that is later.

        Idempotent: a reading that is there already changes nothing. Another value for
        the same series and time is kept beside the first and recorded as a conflict.
        Readings, sequence ledger, quarantine and the list of touched hours are written
        together. Raises `StoreUnavailable`; the caller may then try the same batch again.
        Raises `StoreRefused` where the batch holds something the store can never keep.
        """

    def fence(self, moment_ms: int) -> None:
        """Let nothing more be committed up to a moment; waits for batches that are under way.

        A batch is given its time before it is committed, maybe by another machine's clock: what
        is read as known at a moment (:func:`store.judged.as_known`) could grow afterwards. After
        this it cannot: all that bears a time up to the moment can be read, and a batch that comes
        with such a time bears the next millisecond instead. Raises `StoreUnavailable`.
        """

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        """Yield the readings of a window by (time, value), as judged on arrival.

        What their neighbours say of them: :func:`store.judged.judged`.
        """

    def latest(self, series: Sequence[SeriesId], until_ms: int) -> dict[SeriesId, StoredReading]:
        """Return for each series its newest reading before ``until_ms``; absent if none.

        ``until_ms`` keeps a device with its clock in the future from being "now".
        """

    def buckets(self, series: SeriesId, window: Window, size: Size) -> list[Bucket]:
        """Return the roll-ups that start inside the window, by start."""

    def touched(self, limit: int) -> list[Touched]:
        """Return up to ``limit`` hours whose roll-ups are out of date, by (series, hour)."""

    def settle(self, buckets: Sequence[Bucket], done: Sequence[Touched]) -> None:
        """Store recomputed buckets and strike out the touched hours, in one transaction.

        An hour touched again since ``done`` was read stays on the list. Where an hour of a
        series is gone from it, another watcher has settled it, maybe from more readings:
        nothing is stored or struck out for that series, and what is left comes up again.
        """

    def ledger(self, device: DeviceId) -> dict[int, Runs]:
        """Return, by boot, the sequence numbers received from a device."""

    def gaps(self, limit: int) -> dict[tuple[DeviceId, int], Runs]:
        """Return what is received of up to ``limit`` boots that miss a number in between."""

    def cycles(self, series: Sequence[SeriesId], window: Window) -> list[Beat]:
        """Return the cycles that gave any of these series a reading in the window, by number.

        Numbers are the store's own, in the order of commitment.
        """

    def beats(self, device: DeviceId, limit: int) -> list[Beat]:
        """Return the cycles of a device that were committed last, newest first."""

    def move(
        self, device: DeviceId, offset: Offset, series: Sequence[SeriesId], decided_ms: int
    ) -> int:
        """Order the cycles of a boot by a clock that is off by a constant.

        Those that are there and those that will come, as `domain.clock.moved_by` allows;
        claimed times stay. ``series`` are the device's. Returns how many cycles moved;
        decides once a boot: a second decision changes nothing.
        """

    def suspect(self, device: DeviceId, frames: Sequence[int], series: Sequence[SeriesId]) -> None:
        """Note that the clock ran backwards at these cycles of a device."""

    def touch(self, series: SeriesId, since_ms: int) -> None:
        """Put the hours of a series since a moment on the list of those to roll up anew.

        For when what readings are judged by has changed.
        """

    def drop(self, until_ms: int, logged: int) -> int:
        """Drop the readings claimed before ``until_ms``, for good; return how many.

        In whole parts of 30 days: those that end by then. What is known of them stays:
        cycles, ledger, conflicts, roll-ups, which are final from now on. Raises `Refused`,
        and drops nothing, where one of them came with a cycle numbered above ``logged``, the
        last that is committed to the log, or where an hour before the bound, or within a
        day after it, is to be rolled up. What a clock's offset has moved past the bound stays.
        """

    def kept_since(self) -> int:
        """Return the moment before which readings were dropped, 0 when none ever were."""

    def quarantined(
        self, limit: int, *, mended: bool = False, reason: str | None = None
    ) -> list[Quarantined]:
        """Return the newest entries of the quarantine, newest first, of one reason or of all.

        Without those that a retry has mended, unless ``mended``.
        """

    def quarantined_by_reason(self, *, mended: bool = False) -> dict[str, int]:
        """Return how many entries there are of each reason, the commonest first."""

    def quarantined_numbers(self, reason: str | None = None) -> list[int]:
        """Return the numbers of the entries no retry has mended, the oldest first."""

    def quarantined_entry(self, number: int) -> Quarantined | None:
        """Return one entry of the quarantine, None when there is none of that number."""

    def mend(self, number: int, mended_ms: int) -> None:
        """Note that a retry of this entry has succeeded; its bytes stay."""

    def tally(self) -> Tally:
        """Count what is stored."""

    def series_ids(self) -> list[SeriesId]:
        """Return every series that has a reading, ascending."""

    def check(self) -> list[str]:
        """Look for damage inside the store; return what is wrong, nothing when sound."""

    def archive(self) -> Archive:
        """Return this store as something that can be moved; raises `Refused` where it cannot."""

    def close(self) -> None:
        """Release every connection."""
