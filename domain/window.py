"""Time: instants in milliseconds, half-open windows, buckets.

An instant is an ``int``, milliseconds since 1970-01-01T00:00:00Z. Integers compare
exactly on every backend; floats and time zones do not.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = 253_402_128_000_000
"""The last believable instant, 2 days before year 10000: every zone can still print it."""


def to_ms(moment: datetime) -> int:
    """Return an aware datetime as an instant; raises `InvalidInput` on a naive one."""
    if moment.tzinfo is None:
        message = f"a time without a zone means nothing: {moment.isoformat()}"
        raise InvalidInput(message, "time")
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


def from_ms(instant_ms: int) -> datetime:
    """Return an instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(0, instant_ms // 1000, instant_ms % 1000 * 1000)


def print_instant(instant_ms: int) -> str:
    """Return an instant as RFC 3339 in UTC with milliseconds, our canonical form."""
    # Two thirds of what strftime takes, and a season has three hundred thousand of them.
    return from_ms(instant_ms).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_instant(text: str) -> int:
    """Return the instant of an RFC 3339 text with a zone; raises `InvalidInput`."""
    try:
        instant_ms = to_ms(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        message = f"not an RFC 3339 time: {text[:40]!r}"
        raise InvalidInput(message, "time") from error
    if not 0 <= instant_ms <= LAST_MS:
        message = f"a time between 1970 and 9999 is needed: {text[:40]!r}"
        raise InvalidInput(message, "time")
    return instant_ms


class Size(enum.StrEnum):
    """Width of a roll-up bucket."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start_ms`` (in) to ``end_ms`` (out)."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse a window that runs backwards."""
        if self.end_ms < self.start_ms:
            message = f"window ends before it starts: {self.start_ms} > {self.end_ms}"
            raise InvalidInput(message, "window")

    def holds(self, instant_ms: int) -> bool:
        """Whether the instant lies inside."""
        return self.start_ms <= instant_ms < self.end_ms

    @property
    def length_ms(self) -> int:
        """Width in milliseconds."""
        return self.end_ms - self.start_ms


def local_day(instant_ms: int, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant where the plot lies."""
    return from_ms(instant_ms).astimezone(zone).date()


def day_window(day: date, zone: ZoneInfo) -> Window:
    """Return the window of one local calendar day."""
    return days_window(day, day, zone)


def days_window(first: date, last: date, zone: ZoneInfo) -> Window:
    """Return the window from the start of ``first`` to the end of ``last``, local days."""
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return Window(to_ms(start), to_ms(end))


def hours_of(window: Window) -> Iterator[Window]:
    """Yield the UTC hours that touch ``window``, whole ones."""
    start = window.start_ms - window.start_ms % HOUR_MS
    while start < window.end_ms:
        yield Window(start, start + HOUR_MS)
        start += HOUR_MS
