"""What the parts of values must be, by the names that the table of identifiers uses.

GS1 General Specifications, section 3 (each identifier) and 7.9 (check digits and check
pairs). A company prefix is held to its shortest length, four digits: which prefixes GS1
has given out is its members' data, and not ours to ship.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from itertools import count, islice
from tomllib import loads

from domain.gs1 import check_digit
from traceability.digital_link import dates

CHARSETS = {
    "N": re.compile(r"[0-9]*"),
    "X": re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*"),
    "Y": re.compile(r"[#\-/0-9A-Z]*"),
    "Z": re.compile(r"[\-0-9A-Z_a-z]*={0,2}"),
}
_CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PREFIX = re.compile(r"[0-9]{4}")
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_POSITION = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
_IBAN = re.compile(r"[0-9A-Z]{11,34}")
_MAX_TENTHS_OF_MICRODEGREES = {"latitude": 1_800_000_000, "longitude": 3_600_000_000}


@cache
def _codes(name: str) -> frozenset[str]:
    text = resources.files(__package__).joinpath("code_lists.toml").read_text("utf-8")
    return frozenset(loads(text)[name].split())


def _ends_in_check_digit(text: str) -> bool:
    return check_digit(text[:-1]) == int(text[-1])


def _ends_in_check_pair(text: str) -> bool:
    """General Specifications 7.9.5: primes from the right, modulo 1021, in 32 characters."""
    body = text[:-2]
    weighted = zip(reversed(body), _primes(len(body)), strict=True)
    total = sum(_CSET82.index(sign) * prime for sign, prime in weighted) % 1021
    return text[-2:] == _CSET32[total >> 5] + _CSET32[total & 31]


def _primes(number: int) -> list[int]:
    every = (n for n in count(2) if all(n % d for d in range(2, n)))
    return list(islice(every, number))


def _iban(text: str) -> bool:
    """ISO 13616: country, two check digits, modulo 97."""
    if not _IBAN.fullmatch(text) or text[:2] not in _codes("country_letters"):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def _piece_of_total(text: str) -> bool:
    half = len(text) // 2
    return 1 <= int(text[:half]) <= int(text[half:])


def _position(text: str) -> bool:
    found = _POSITION.fullmatch(text)
    return found is not None and int(found[1]) <= int(found[2])


def _among(name: str) -> Callable[[str], bool]:
    return lambda text: text in _codes(name)


def _at_most(name: str) -> Callable[[str], bool]:
    return lambda text: int(text) <= _MAX_TENTHS_OF_MICRODEGREES[name]


# What is told of a value that does not pass stands beside the check.
CHECKS: dict[str, tuple[Callable[[str], bool], str]] = {
    "check-digit": (_ends_in_check_digit, "its check digit is wrong"),
    "check-pair": (_ends_in_check_pair, "its check characters are wrong"),
    "prefix": (lambda t: bool(_PREFIX.match(t)), "it begins with no GS1 company prefix"),
    "prefix-second": (lambda t: bool(_PREFIX.match(t, 1)), "it holds no GS1 company prefix"),
    "date": (dates.is_date, "there is no such day"),
    "date-or-month": (dates.is_date_or_month, "there is no such day"),
    "long-date": (dates.is_long_date, "there is no such day"),
    "hour": (dates.is_hour, "there is no such hour"),
    "sixtieth": (dates.is_sixtieth, "minutes and seconds end at 59"),
    "hour-minute": (dates.is_hour_minute, "there is no such time"),
    "country": (_among("countries"), "no country has this number in ISO 3166"),
    "country-or-999": (
        lambda t: t == "999" or t in _codes("countries"), "no country has this number in ISO 3166",
    ),
    "country-letters": (_among("country_letters"), "no country has these letters in ISO 3166"),
    "currency": (_among("currencies"), "no currency has this number in ISO 4217"),
    "package": (_among("packages"), "this is no type of package"),
    "medium": (_among("media"), "this is no type of medium"),
    "percent-encoded": (lambda t: not _LOOSE_PERCENT.search(t), "a % is followed by two digits"),
    "latitude": (_at_most("latitude"), "latitudes end at 1800000000"),
    "longitude": (_at_most("longitude"), "longitudes end at 3600000000"),
    "yes-no": (lambda t: t in ("0", "1"), "it is 0 or 1"),
    "minus": (lambda t: t == "-", "it is a hyphen"),
    "importer-index": (lambda t: t.isalnum() or t in "-_", "it is a letter, a digit, - or _"),
    "sex": (lambda t: t in ("0", "1", "2", "9"), "it is 0, 1, 2 or 9"),
    "winding": (lambda t: t in ("0", "1", "9"), "it is 0, 1 or 9"),
    "position": (_position, "it is like 1/2, and not beyond its end"),
    "piece-of-total": (_piece_of_total, "it is a piece of no greater a number of pieces"),
    "zero": (lambda t: t == "0", "it begins with 0"),
    "not-zero": (lambda t: t.strip("0") != "", "it is not 0"),
    "no-leading-zero": (lambda t: not t.startswith("0"), "it begins with no 0"),
    "not-only-digits": (lambda t: not t.isdigit(), "it has a letter or a sign"),
    # The inside of North American coupons is not looked into: nothing here sells for one.
    "digits": (str.isdigit, "it is digits"),
    "iban": (_iban, "it is no IBAN"),
}  # fmt: skip
