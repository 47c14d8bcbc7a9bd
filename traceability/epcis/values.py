"""One spelling for each value: times in UTC to the millisecond, numbers without padding.

CBV 2.0 section 8.9.2, rules 5 to 9. Decimal throughout: a float would lose the last
digits of a long number, and two different values would become one.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_MOST_DIGITS = 400  # a double has at most 309 before its point


def instant(text: str) -> datetime | None:
    """Return an ``xsd:dateTimeStamp`` in UTC, to the millisecond, half up; None for no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    whole, fraction, zone = found.groups()
    seconds = Decimal(f"0.{fraction[:9] if fraction else 0}")
    millis = int((seconds * 1000).quantize(Decimal(1), ROUND_HALF_UP))
    try:
        moment = datetime.fromisoformat(f"{whole}{zone.upper()}").astimezone(UTC)
        return moment + timedelta(milliseconds=millis)
    except (ValueError, OverflowError):
        return None


def print_time(text: str) -> str:
    """Return a time as ``YYYY-MM-DDTHH:MM:SS.mmmZ``; what is no time stays as it is."""
    moment = instant(text)
    if moment is None:
        return text
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def print_number(text: str) -> str:
    """Return a number without plus sign, padding or exponent; other texts stay as they are."""
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    if not number:
        return "0"
    if abs(number.adjusted()) > _MOST_DIGITS:
        return text
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def as_text(value: object) -> str:
    """Return a JSON scalar as the text that EPCIS XML would carry; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()
