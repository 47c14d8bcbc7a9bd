"""Step 4: what may be believed of a reading. It is never changed, only flagged.

The tests of one reading by itself: sentinel, gross range (QARTOD test 4), clock. What
its neighbours say of it is judged when it is read (:mod:`store.judged`), because a
neighbour may still come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.clock import FUTURE_TOLERANCE_MS, ClockVerdict
from domain.device import Datastream, Device
from domain.limits import in_force, overlaid
from domain.properties import PropertyTable
from domain.qartod import gross_range
from domain.quality import GOOD, Flag, QcTest, Verdict
from domain.reading import Reading


@dataclass(frozen=True, slots=True)
class Moment:
    """What a device may claim in a message: from its installation to five minutes from now."""

    earliest_ms: int
    latest_ms: int

    @classmethod
    def of(cls, device: Device, received_ms: int) -> "Moment":
        """Return the bounds for a message of a device."""
        return cls(device.installed_ms, received_ms + FUTURE_TOLERANCE_MS)


_GOOD = GOOD.pack()


def judge(
    value: float, time_ms: int, stream: Datastream, table: PropertyTable, moment: Moment
) -> int:
    """Return the packed verdict on a value, in the property's unit, claimed for a time."""
    if value in table.sentinels:
        return Verdict(Flag.FAIL, QcTest.SENTINEL).pack()
    history = overlaid(table.get(stream.property).limits, stream.limits)
    limits = in_force(history, time_ms).gross_range
    flag = Flag.GOOD if limits is None else gross_range(value, limits)
    failed = QcTest.NONE if flag is Flag.GOOD else QcTest.GROSS_RANGE
    if not moment.earliest_ms <= time_ms <= moment.latest_ms:
        flag, failed = max(flag, Flag.SUSPECT), failed | QcTest.CLOCK
    return _GOOD if flag is Flag.GOOD else Verdict(flag, failed).pack()


def judge_clock(readings: Sequence[Reading], moment: Moment) -> ClockVerdict:
    """Return what a cycle says of its device's clock."""
    for reading in readings:
        if reading.time_ms > moment.latest_ms:
            return ClockVerdict.FUTURE
        if reading.time_ms < moment.earliest_ms:
            return ClockVerdict.BEFORE_INSTALLATION
    return ClockVerdict.UNSUSPECTED
