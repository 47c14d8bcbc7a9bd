"""GS1 keys: goods, places, parties, devices, logistic units, lots, serial numbers, days.

Check digits: GS1 General Specifications, section 7.9.1. Lot numbers AI (10)
and serial numbers AI (21): up to 20 characters of GS1 encodable character set 82.
"""

import re
from datetime import date
from typing import Self

from domain.errors import InvalidInput

_CSET82 = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"


def check_digit(digits: str) -> int:
    """Return the GS1 check digit for ``digits`` (without one)."""
    weighted = (int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -sum(weighted) % 10


class _Key(str):
    """A fixed number of digits of which the last is the check digit."""

    __slots__ = ()
    noun = field = "GS1 key"
    length = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as this key; raises `InvalidInput` on length or check digit."""
        if not (text.isascii() and text.isdigit() and len(text) == cls.length):
            message = f"{cls.noun} must be {cls.length} digits: {text[:40]!r}"
            raise InvalidInput(message, cls.field)
        if check_digit(text[:-1]) != int(text[-1]):
            message = (
                f"{cls.noun} {text} ends in {text[-1]}, its check digit is {check_digit(text[:-1])}"
            )
            raise InvalidInput(message, cls.field)
        return cls(text)


class Gtin(_Key):
    """AI (01), always 14 digits, as GS1 Digital Link URI syntax 1.4 asks."""

    __slots__ = ()
    noun, field = "GTIN", "gtin"
    length = 14


class Gln(_Key):
    """A global location number, 13 digits; AI (416) is where something grew, (417) a party."""

    __slots__ = ()
    noun, field = "GLN", "gln"
    length = 13


class Sscc(_Key):
    """AI (00): a logistic unit, 18 digits; GS1 General Specifications, section 3.2 and 2.2.

    An extension digit, the company prefix, a serial reference and the check digit: 16 digits
    of prefix and reference together. A number is not used again within a year of its shipping
    (section 4.3); here it never is.
    """

    __slots__ = ()
    noun, field = "SSCC", "sscc"
    length = 18

    @classmethod
    def mint(cls, prefix: str, reference: int) -> Self:
        """Return the SSCC of a reference under a company prefix, 4 to 12 digits.

        The reference fills the extension digit too, so that the digit is 0 until the rest of
        the numbers is spent. Raises `InvalidInput` when there is no number left.
        """
        if not (prefix.isascii() and prefix.isdigit() and 4 <= len(prefix) <= 12):
            message = f"a company prefix is 4 to 12 digits: {prefix[:20]!r}"
            raise InvalidInput(message, cls.field)
        digits = str(reference).zfill(17 - len(prefix))
        if reference < 0 or len(digits) > 17 - len(prefix):
            message = f"prefix {prefix} has no SSCC number {reference}"
            raise InvalidInput(message, cls.field)
        body = digits[0] + prefix + digits[1:]
        return cls.parse(f"{body}{check_digit(body)}")


class Giai(str):
    """AI (8004): one asset, here a device; a company prefix and a serial, at most 30 characters.

    How long its prefix is only GS1 knows: four digits at least, and something after them.
    """

    __slots__ = ()
    longest = 30
    _pattern = re.compile(r"[0-9]{4}" + _CSET82 + r"{1,26}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as a GIAI; raises `InvalidInput`."""
        if not cls._pattern.fullmatch(text):
            message = (
                "a GIAI is a GS1 company prefix and a serial, together at most"
                f" {cls.longest} signs: {text[:40]!r}"
            )
            raise InvalidInput(message, "giai")
        return cls(text)

    @classmethod
    def of(cls, company_prefix: str, serial: str) -> Self:
        """Return the asset that a company numbers so; raises `InvalidInput` when it is too long."""
        return cls.parse(company_prefix + serial)


class LotNumber(str):
    """AI (10): the batch or lot, 1 to 20 characters."""

    __slots__ = ()
    _pattern = re.compile(_CSET82 + r"{1,20}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as a lot number; raises `InvalidInput`."""
        if not cls._pattern.fullmatch(text):
            message = f"not a lot number: {text[:40]!r}"
            raise InvalidInput(message, "number")
        return cls(text)


class SerialNumber(str):
    """AI (21): one unit of a trade item, 1 to 20 characters, never twice under one GTIN."""

    __slots__ = ()
    _pattern = re.compile(_CSET82 + r"{1,20}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as a serial number; raises `InvalidInput`."""
        if not cls._pattern.fullmatch(text):
            message = f"not a serial number: {text[:40]!r}"
            raise InvalidInput(message, "serial")
        return cls(text)


def print_date(day: date) -> str:
    """Return ``day`` as YYMMDD, the form of AIs (11) to (17) and (7007)."""
    return day.strftime("%y%m%d")


def parse_date(text: str) -> date:
    """Return the day that YYMMDD names, in this century; raises `InvalidInput`."""
    if not (text.isascii() and text.isdigit() and len(text) == 6):
        message = f"a date is six digits, YYMMDD: {text[:20]!r}"
        raise InvalidInput(message, "date")
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError as error:
        message = f"no such day: {text}"
        raise InvalidInput(message, "date") from error
