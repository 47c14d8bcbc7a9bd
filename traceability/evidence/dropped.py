"""Days whose readings the operator let go, as the log says it (``nguon/drop/1``).

An entry a device stands in the log *before* its readings are deleted, so whoever finds them
gone finds the entry: a deletion without one is a fault. It covers the revisions that were
logged before it. A covered day is never logged anew: it could only become emptier.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.errors import VerificationFailed
from domain.ids import DeviceId
from domain.window import parse_instant, print_instant
from store.records import Transaction
from store.records.days import DayRevision
from store.records.log import LogEntry
from traceability.log.entry import DROP, decode


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped of a device at once: days ``first`` to ``last``, both in.

    ``until_ms`` bounds the times of the readings that went; ``days`` and ``readings`` are how
    many the archive file ``file`` holds, which has the digest ``sha256``, hex. ``number`` is
    the place in the log, ``at_ms`` when it was logged.
    """

    device: str
    channels: tuple[str, ...]
    first: date
    last: date
    until_ms: int
    days: int
    readings: int
    file: str
    sha256: str
    number: int = -1
    at_ms: int = 0

    def body(self) -> dict[str, Any]:
        """Return what the log's entry says."""
        return {
            "device": self.device,
            "channels": list(self.channels),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "until": print_instant(self.until_ms),
            "days": self.days,
            "readings": self.readings,
            "file": self.file,
            "sha256": self.sha256,
        }

    def covers(self, revision: DayRevision) -> bool:
        """Whether this is the end of what a revision was made from."""
        return revision.number < self.number and self.first <= revision.day <= self.last


def read_dropped(entry: LogEntry) -> Dropped:
    """Return what an entry says was dropped; raises `VerificationFailed`, step ``entry``."""
    body = decode(entry.entry).body
    try:
        return Dropped(
            str(body["device"]), tuple(map(str, body["channels"])),
            date.fromisoformat(body["first"]), date.fromisoformat(body["last"]),
            parse_instant(body["until"]), int(body["days"]), int(body["readings"]),
            str(body["file"]), str(body["sha256"]), entry.number, entry.at_ms,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed("entry", "what was dropped", repr(error)[:120]) from error


def dropped_of(transaction: Transaction, device: DeviceId) -> list[Dropped]:
    """Return what was dropped of a device, oldest first."""
    return [read_dropped(entry) for entry in transaction.log.about(DROP, device)]


def is_dropped(drops: Iterable[Dropped], revision: DayRevision) -> bool:
    """Whether what a revision was made from was let go."""
    return any(one.covers(revision) for one in drops)
