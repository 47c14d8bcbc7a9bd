"""Devices' clocks, judged from the cycles that came: off by a constant, or run backwards.

What is remembered from look to look only saves reading: a watcher that starts anew looks
further back.
"""

import logging
from collections.abc import Sequence

from domain.clock import Beat, constant_offset, lacks_neighbours, ran_backwards
from domain.device import Datastream
from domain.ids import DeviceId
from nguon.compose import now_ms
from store.series import Series

_log = logging.getLogger(__name__)
# Twelve messages of a node that sends its cycles fifty at a time; two months of quarters.
_BEATS, _MANY_BEATS = 600, 6_000


class ClockWatch:
    """Looks at a device's clock whenever something has come from it."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._seen: dict[DeviceId, int] = {}

    def judge(self, device: DeviceId, streams: Sequence[Datastream]) -> int:
        """Decide whether the clock is off by a constant, and note where it ran backwards.

        Returns how many cycles were moved.
        """
        numbers = [stream.series for stream in streams]
        beats = self._beats(device)
        backwards = ran_backwards(beats)
        if backwards:
            self._series.suspect(device, backwards, numbers)
            _log.warning("%s: the clock ran backwards at %d cycles", device, len(backwards))
        interval_ms = min(stream.interval_s for stream in streams) * 1000
        offset = constant_offset(beats, interval_ms)
        if offset is None or any(beat.skew_ms for beat in beats):
            return 0
        moved = self._series.move(device, offset, numbers, now_ms())
        _log.warning(
            "%s: the clock is off by %.0f s (%d messages within %.1f s); %d cycles moved",
            device, -offset.skew_ms / 1000, offset.messages, offset.spread_ms / 1000, moved,
        )  # fmt: skip
        return moved

    def _beats(self, device: DeviceId) -> list[Beat]:
        """Return the newest cycles; many where more came since the last look, or out of order.

        The verdict must depend neither on how often one looks nor on the order of arrival.
        """
        beats = self._series.beats(device, _BEATS)
        unseen = len(beats) == _BEATS and beats[-1].frame > self._seen.get(device, -1)
        if unseen or lacks_neighbours(beats, self._series.ledger(device)):
            beats = self._series.beats(device, _MANY_BEATS)
        self._seen[device] = max((beat.frame for beat in beats), default=-1)
        return beats
