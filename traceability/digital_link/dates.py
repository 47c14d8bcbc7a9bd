"""Days and times as Application Identifiers write them: YYMMDD, HHMM, and their kin.

GS1 General Specifications, section 7.12 (which century two digits mean). Here only the
29th of February depends on it, and the year 00 is 2000 until 2051, a leap year.
"""

from datetime import date


def is_date(text: str) -> bool:
    """Whether YYMMDD names a day."""
    return len(text) == 6 and _is_day(2000 + int(text[:2]), text[2:])


def is_date_or_month(text: str) -> bool:
    """Whether YYMMDD names a day, or with 00 for the day a whole month."""
    return is_date(text[:4] + "01") if text.endswith("00") else is_date(text)


def is_long_date(text: str) -> bool:
    """Whether YYYYMMDD names a day."""
    return len(text) == 8 and int(text[:4]) > 0 and _is_day(int(text[:4]), text[4:])


def is_hour(text: str) -> bool:
    """Whether two digits are an hour of the day."""
    return int(text) < 24


def is_sixtieth(text: str) -> bool:
    """Whether two digits are a minute or a second."""
    return int(text) < 60


def is_hour_minute(text: str) -> bool:
    """Whether HHMM names a time of day."""
    return is_hour(text[:2]) and is_sixtieth(text[2:])


def _is_day(year: int, month_day: str) -> bool:
    try:
        date(year, int(month_day[:2]), int(month_day[2:]))
    except ValueError:
        return False
    return True
