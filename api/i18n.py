"""Two languages: Vietnamese first, English for whoever asks for it.

``?lang=`` is asked for on purpose, and goes with every link, form and redirect from there on;
it stands in the address, since a cookie would make pages that caches share differ unseen.
Without it the browser's own word counts (Accept-Language). English texts are the keys;
``locale/vi.po`` holds the Vietnamese, and a test fails when one is missing: a grower must
never meet English. Numbers and dates are CLDR's.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from html import escape, unescape
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

from api.qualities import qualities
from domain.window import from_ms

LANGUAGES = ("vi", "en")
_FIRST, _LONGEST = "vi", 200
# Our own pages, from the root or beside this one; what programs are sent to speaks no language.
_LINKS = re.compile(
    r'\b(href|action)="(/(?!v1/|log/|epcis/|\.well-known/)[^"#]*|\?[^"#]*)(#[^"]*)?"'
)


def language_of(request: Request) -> str:
    """Return the language asked for, else what the browser prefers; Vietnamese before all else."""
    return asked_language(request) or _preferred(request.headers.get("accept-language", ""))


def asked_language(request: Request) -> str | None:
    """Return the language that an address asks for, None when it names none that we have."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else None


@lru_cache(256)
def _preferred(header: str) -> str:
    best, chosen = 0.0, _FIRST
    for tag, weight in qualities(header[:_LONGEST]).items():
        language = _FIRST if tag == "*" else tag.partition("-")[0]
        if language in LANGUAGES and weight > best:
            best, chosen = weight, language
    return chosen


def with_language(path: str, language: str) -> str:
    """Return an address of ours that asks for a language, unless it asks for one already."""
    page, mark, place = path.partition("#")
    _, _, query = page.partition("?")
    if any(part.startswith("lang=") for part in query.split("&")):
        return path
    joint = "" if page.endswith("?") else "&" if query else "?"
    return f"{page}{joint}lang={language}{mark}{place}"


def links_with_language(html: str, language: str) -> str:
    """Return a page whose links and forms keep a language: one place, where no page can forget."""

    def keeping(found: re.Match[str]) -> str:
        path = unescape(found[2] + (found[3] or ""))
        return f'{found[1]}="{escape(with_language(path, language))}"'

    return _LINKS.sub(keeping, html)


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


def percent(share: float, language: str) -> str:
    """Return a share in percent, rounded down: 99.96 % is not all of them."""
    return number(int(1000 * share) / 10, 1, language=language)


def day(value: date, language: str) -> str:
    """Return a day, 21/11/2026 in Vietnamese."""
    pattern = "dd/MM/yyyy" if language == "vi" else "d MMM yyyy"
    return str(format_date(value, pattern, locale=language))


def moment(instant_ms: int, zone: ZoneInfo, language: str) -> str:
    """Return a moment as read off a clock on the plot's wall, and which clock that is."""
    there: datetime = from_ms(instant_ms).astimezone(zone)
    pattern = "HH:mm dd/MM/yyyy" if language == "vi" else "HH:mm, d MMM yyyy"
    said = format_datetime(there, pattern, tzinfo=zone, locale=language)
    return f"{said} ({_offset(there.utcoffset() or timedelta())})"


def _offset(ahead: timedelta) -> str:
    """Return how far a clock is ahead of UTC; no wider than it must be, since phones are narrow."""
    minutes = round(ahead.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


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
