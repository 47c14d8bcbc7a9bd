"""Two languages: Vietnamese first, English on request (``?lang=en``).

English texts are the keys; ``locale/vi.po`` holds the Vietnamese, and a test fails
when one is missing: a grower must never meet English. Numbers and dates are CLDR's.
"""

from datetime import date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit
from fastapi import Request

from domain.window import from_ms

LANGUAGES = ("vi", "en")


def language_of(request: Request) -> str:
    """Return the language asked for; anything unknown is Vietnamese."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else "vi"


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language, read from the .po file itself."""
    if language == "en":
        return NullTranslations()
    with resources.files("api").joinpath("locale/vi.po").open("rb") as file:
        catalogue = read_po(file, "vi")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def number(value: float, decimals: int = 0, *, language: str) -> str:
    """Return a number as a reader of the language writes it."""
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return str(format_decimal(value, pattern, locale=language))


def day(value: date, language: str) -> str:
    """Return a day, 21/11/2026 in Vietnamese."""
    pattern = "dd/MM/yyyy" if language == "vi" else "d MMM yyyy"
    return str(format_date(value, pattern, locale=language))


def moment(instant_ms: int, zone: ZoneInfo, language: str) -> str:
    """Return a moment as read off a clock on the plot's wall."""
    there: datetime = from_ms(instant_ms).astimezone(zone)
    pattern = "HH:mm dd/MM/yyyy" if language == "vi" else "HH:mm, d MMM yyyy"
    return str(format_datetime(there, pattern, tzinfo=zone, locale=language))


def span(seconds: float, language: str) -> str:
    """Return a length of time, in minutes below an hour and in hours above."""
    if seconds < 3600:
        return str(_unit(round(seconds / 60), "duration-minute", language))
    return str(_unit(round(seconds / 3600, 1), "duration-hour", language))


def _unit(value: float, unit: str, language: str) -> str:
    # CLDR has no long form of these in Vietnamese; the short one is the word itself.
    length: Literal["short", "long"] = "short" if language == "vi" else "long"
    return format_unit(value, unit, length, locale=language)


def amount(value: float, language: str) -> str:
    """Return a weight or an amount to the thousandth, without idle decimals."""
    return str(format_decimal(value, "#,##0.###", locale=language))


def ago(age_ms: int, language: str) -> str:
    """Return an age in the largest unit that fits."""
    return str(format_timedelta(timedelta(milliseconds=age_ms), locale=language, threshold=1.2))
