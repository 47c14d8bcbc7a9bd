"""Keeps scans: in memory for a moment, in a journal, then in the records.

A thread of its own writes and syncs the journal twenty times a second, so that what is lost
when the process is killed is younger than a fifth of one; another, which may have to wait for
the records, folds whole files into them every few seconds. Whoever opens pages without end
must not fill the disk: new rows have a budget, and what is beyond it is counted by lot and
minute only.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from domain.errors import Clash, NguonError
from domain.scan import Scan
from domain.window import DAY_MS, MINUTE_MS, SECOND_MS
from store.records import Records
from store.scan_journal import ScanJournal

_log = logging.getLogger(__name__)
_SYNC_S, _FOLD_S, _FORGET_MS = 0.05, 2.0, 10 * MINUTE_MS
# Rows that tell devices, places and units apart: so many at once, then so many a second.
_BURST, _A_SECOND = 20_000, 20

_Key = tuple[str, str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """How long scans are kept, in days; their counts are kept for ever."""

    days: int


class Recorder:
    """Takes scans from any thread and brings them to the records."""

    def __init__(
        self, journal: ScanJournal, records: Records, clock: Callable[[], int], kept: Kept
    ) -> None:
        self._journal, self._records, self._clock, self._kept = journal, records, clock, kept
        self._lock = threading.Lock()
        self._noted: dict[_Key, Scan] = {}
        self._room, self._room_ms = float(_BURST), clock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._journal_lock = threading.Lock()
        self._forgot_ms = 0
        self._threads = [
            threading.Thread(target=self._write, name="scans-journal", daemon=True),
            threading.Thread(target=self._count, name="scans-records", daemon=True),
        ]

    def note(self, scan: Scan) -> None:
        """Count a scan; returns at once and keeps the caller from nothing."""
        minute = scan.at_ms // MINUTE_MS
        key = (scan.gtin, scan.number, scan.serial, scan.place, scan.device, minute)
        with self._lock:
            there = self._noted.get(key)
            if there is None and not self._has_room(scan.at_ms):
                scan = replace(scan, serial="", place="", device="")
                key = (scan.gtin, scan.number, "", "", "", minute)
                there = self._noted.get(key)
            self._noted[key] = replace(there, times=there.times + scan.times) if there else scan
        self._wake.set()

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write what was noted, count it, and end."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(10)
        self.sync()
        self.fold()

    def sync(self) -> None:
        """Bring what was noted to the disk; on failure it is noted still."""
        with self._lock:
            noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            with self._journal_lock:
                self._journal.append(list(noted.values()))
        except OSError:
            _log.exception("scans cannot be written down; trying again")
            for scan in noted.values():
                self.note(scan)

    def fold(self) -> None:
        """Count whole files in the records; what fails is tried again later."""
        with self._journal_lock:
            self._journal.seal()
        for name, scans in self._journal.sealed():
            try:
                with self._records.transaction() as transaction:
                    transaction.scans.fold(name, scans, self._clock())
            except Clash:
                continue  # another process counts the same lots at this moment
            except NguonError as error:
                _log.warning("scans wait in the journal: %s", error)
                return
            self._journal.drop(name)

    def forget(self) -> None:
        """Let go of scans older than they are kept."""
        with self._records.transaction() as transaction:
            transaction.scans.forget(self._clock() - self._kept.days * DAY_MS)

    def _write(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            _guarded(self.sync)
            self._stop.wait(_SYNC_S)

    def _count(self) -> None:
        # Quiet, it still looks for what killed processes left, and for what is too old.
        while not self._stop.wait(_FOLD_S):
            _guarded(self.fold)
            now_ms = self._clock()
            if abs(now_ms - self._forgot_ms) >= _FORGET_MS:
                self._forgot_ms = now_ms
                _guarded(self.forget)

    def _has_room(self, now_ms: int) -> bool:
        gained = max(0, now_ms - self._room_ms) * _A_SECOND / SECOND_MS
        self._room, self._room_ms = min(_BURST, self._room + gained), now_ms
        if self._room < 1:
            return False
        self._room -= 1
        return True


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except (NguonError, OSError) as error:
        _log.warning("scans: %s", error)
    except Exception:  # noqa: BLE001 - one that we cannot handle must not end the counting
        _log.exception("a part of the counting failed, the rest goes on")
