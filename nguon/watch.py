"""The watcher: what is decided from stored data on a timer, and by nobody else.

Roll-ups of the hours that appends have touched; clocks that are off by a constant or ran
backwards; sensors that fell silent or speak again; days of devices, which go into the log
once they are over, and the log's publication. Holds nothing that another watcher
could not take over.
"""

import functools
import logging
import time
from collections.abc import Callable, Sequence
from itertools import groupby

from domain.device import Datastream
from domain.errors import NguonError
from domain.ids import DeviceId
from domain.os_errors import told
from domain.window import print_instant
from field.silence import look
from nguon.clocks import ClockWatch
from nguon.compose import Stores, log_key, now_ms, rhythms_of, stores
from nguon.days import DayWatch
from nguon.run import stop_event
from nguon.settings import Settings
from nguon.witness import witnesses
from store.rollups import roll_up_hours
from store.series import Touched
from traceability.evidence.commit import measuring
from traceability.log.files import LogFiles

_log = logging.getLogger(__name__)
_IDLE_S = 1.0
_LOG_EVERY_S = 5.0
_MOST_HOURS = 2_000


def run_watch(settings: Settings) -> int:
    """Watch until told to stop."""
    stop = stop_event()
    looked_s = -settings.silence_look_s
    logged_s = -_LOG_EVERY_S
    with stores(settings) as opened:
        clocks = ClockWatch(opened.series)
        files = LogFiles(settings.log_folder())
        days = DayWatch(opened, files, log_key(settings), witnesses(settings))
        while not stop.is_set():
            busy = _guarded(lambda: roll_up_and_judge(opened, clocks, days.mark))
            if time.monotonic() - logged_s >= _LOG_EVERY_S:
                logged_s = time.monotonic()
                busy = _guarded(days.log) or busy
            if time.monotonic() - looked_s >= settings.silence_look_s:
                looked_s = time.monotonic()
                _guarded(lambda: _look(opened))
            if not busy:
                stop.wait(_IDLE_S)
    return 0


def roll_up_and_judge(
    opened: Stores, clocks: ClockWatch, note: Callable[[Sequence[Touched]], None] = lambda _: None
) -> int:
    """Bring roll-ups up to date and look at the clocks behind them; returns hours done.

    Of the register it reads the devices that something came from, and no others.
    """
    limit, done = _MOST_HOURS, 0
    while touched := opened.series.touched(limit):
        with opened.records.reading() as transaction:
            devices = transaction.devices.owners({one.series for one in touched})
            streams = transaction.devices.streams(devices)
            rhythms = rhythms_of(measuring(transaction, now_ms(), devices).values())
        done = roll_up_hours(opened.series, rhythms, touched, note)
        for device, own in groupby(sorted(streams, key=_device_of), key=_device_of):
            _guarded(functools.partial(clocks.judge, device, list(own)))
        if done or len(touched) < limit:
            break
        limit *= 2  # none of them can be rolled up, and they must not hold up the rest
    return done


def _device_of(stream: Datastream) -> DeviceId:
    return stream.device


def _look(opened: Stores) -> int:
    with opened.records.transaction() as transaction:
        change = look(transaction, opened.series, now_ms())
        names = {s.series: f"{s.device}:{s.channel}" for s in transaction.devices.streams()}
    for one in change.begun:
        _log.warning("%s is silent since %s", names[one.series], print_instant(one.since_ms))
    for one in change.ended:
        _log.info("%s speaks again", names[one.series])
    return len(change.begun)


def _guarded(work: Callable[[], int]) -> int:
    try:
        return work()
    except NguonError as error:
        _log.warning("the watcher waits: %s", error)
    except OSError as error:
        _log.warning("the watcher waits: %s", told(error))
    except Exception:  # noqa: BLE001 - one device that we cannot handle must not end all others
        _log.exception("a part of the watcher's work failed, the rest goes on")
    return 0
