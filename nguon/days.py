"""The watcher's part in evidence: days that have changed are marked, then logged, then shown."""

import math
import time
from collections.abc import Sequence
from datetime import date

from domain.ids import DeviceId
from domain.window import local_day
from nguon.compose import Stores, now_ms
from store.series import Touched
from traceability.evidence.commit import Source, days_touched, log_due, log_silent, measuring
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey
from traceability.log.publish import publish
from traceability.log.witnessing import Witnesses, gather

_MARKED = 100_000
_SILENT_EVERY_S, _CHECKED_EVERY_S = 600.0, 3_600.0


class DayWatch:
    """Keeps the log of devices' days going, and what outsiders see of it."""

    def __init__(
        self, opened: Stores, files: LogFiles, key: NamedKey, witnesses: Witnesses
    ) -> None:
        self._opened, self._files, self._key = opened, files, key
        self._witnesses = witnesses
        self._marked: set[tuple[DeviceId, date]] = set()
        self._silent_s = self._shown_s = -math.inf

    def mark(self, touched: Sequence[Touched]) -> None:
        """Mark the days that touched hours lie in; before those are struck off their list.

        Days under way are marked once, and not with each message: nobody logs them yet.
        """
        now = now_ms()
        with self._opened.records.reading() as transaction:
            devices = transaction.devices.owners({one.series for one in touched})
            stations = measuring(transaction, now, devices)
        days = days_touched(stations, touched)
        current = {
            (device, day) for device, day in days if day >= local_day(now, stations[device].zone)
        }
        fresh = days - (current & self._marked)
        if fresh:
            with self._opened.records.transaction() as transaction:
                transaction.days.mark(fresh)
        self._marked = current if len(self._marked) > _MARKED else self._marked | current

    def log(self) -> int:
        """Log days that are over, and publish; return how many were looked at."""
        records, source = self._opened.records, Source.of(self._opened.series)
        done = log_due(records, source, now_ms())
        if time.monotonic() - self._silent_s >= _SILENT_EVERY_S:
            silent = log_silent(records, source, now_ms())
            done += silent
            if not silent:  # else there may be more
                self._silent_s = time.monotonic()
        self.show()
        return done

    def show(self) -> None:
        """Publish what was logged, with the signatures of witnesses that can be reached.

        Where nothing was logged since, the files are not made or checked again but rarely.
        """
        if not self._is_shown():
            publish(self._opened.records, self._files, self._key)
            self._shown_s = time.monotonic()
        gather(self._opened.records, self._files, self._witnesses)

    def _is_shown(self) -> bool:
        if time.monotonic() - self._shown_s >= _CHECKED_EVERY_S:
            return False
        with self._opened.records.reading() as transaction:
            size, head = transaction.log.size(), transaction.log.head()
        return head is not None and head.size == size and self._files.checkpoint() == head.note
