"""Which time zone the office's clock shows."""

from zoneinfo import ZoneInfo

from domain.window import local_day
from store.records import Transaction


def zone_of_office(transaction: Transaction, now_ms: int) -> ZoneInfo:
    """Return the zone of the areas the office looks after; theirs all have one."""
    areas = transaction.places.areas(local_day(now_ms, ZoneInfo("UTC")))
    return areas[0].zone if areas else ZoneInfo("UTC")
