"""The shapes that values of an event have: a check each, which raises where it finds fault.

The official JSON schema is GS1's and is not part of this program; these checks say the
same things, and say them in sentences that name the field. A test holds both against the
published examples and against documents broken in one place.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from domain.errors import InvalidInput
from traceability.epcis.values import instant
from traceability.epcis.vocabulary import vocabulary

Check = Callable[[Any, str], None]
"""Takes a value and its path; raises `InvalidInput` whose ``field`` is the path."""

LONGEST = 2_000
"""Characters of a URI; what is indexed must fit a database page."""

_BIGGEST = 2**53 - 1  # RFC 8785 keeps no larger whole number
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_UOM = re.compile(r"[A-Z0-9]{2,3}")
_VERSION = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_CBV_ELSEWHERE = re.compile(r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/")
_GS1_VOCABULARY = re.compile(r"https?://(?:www\.)?gs1\.org/voc/")


def fault(message: str, where: str) -> NoReturn:
    """Raise `InvalidInput` about the value at ``where``."""
    told = f"{where}: {message}"
    raise InvalidInput(told, where)


def text(value: Any, where: str) -> None:
    """Any text."""
    if not isinstance(value, str):
        fault("a text is needed", where)


def version(value: Any, where: str) -> None:
    """A version: numbers with dots between."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        fault(f"a version like 2.0 is needed, not {str(value)[:20]!r}", where)


def is_uri(value: Any) -> bool:
    """Whether ``value`` is an absolute URI or a CURIE (RFC 3986), and not endless."""
    return isinstance(value, str) and len(value) <= LONGEST and bool(_URI.fullmatch(value))


def uri(value: Any, where: str) -> None:
    """A URI (RFC 3986), or a CURIE, which has the same form."""
    if not is_uri(value):
        fault(f"a URI is needed, not {str(value)[:60]!r}", where)


def time(value: Any, where: str) -> None:
    """A time with its zone, as xsd:dateTimeStamp."""
    if not isinstance(value, str) or instant(value) is None:
        fault(f"a time with a zone is needed, not {str(value)[:40]!r}", where)


def offset(value: Any, where: str) -> None:
    """An offset from UTC: ``+07:00``, at most 14 hours."""
    if not isinstance(value, str) or not _OFFSET.fullmatch(value):
        fault(f"an offset like +07:00 is needed, not {str(value)[:20]!r}", where)


def number(value: Any, where: str) -> None:
    """A JSON number that a double holds exactly enough; a number in quotes is a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        fault(f"a number is needed, not {str(value)[:40]!r}", where)
    if abs(value) > _BIGGEST if isinstance(value, int) else not math.isfinite(value):
        fault("the number is too large for a double", where)


def boolean(value: Any, where: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        fault("true or false is needed", where)


def hexadecimal(value: Any, where: str) -> None:
    """Digits 0 to 9 and A to F."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        fault("hexadecimal digits are needed", where)


def uom(value: Any, where: str) -> None:
    """A UN/CEFACT Recommendation 20 code: two or three capitals or digits."""
    if not isinstance(value, str) or not _UOM.fullmatch(value):
        fault(f"a UN/CEFACT unit code like KGM is needed, not {str(value)[:20]!r}", where)


def one_of(*words: str) -> Check:
    """One of a few words."""

    def check(value: Any, where: str) -> None:
        if value not in words:
            fault(f"one of {', '.join(words)} is needed, not {str(value)[:40]!r}", where)

    return check


def word(table: str) -> Check:
    """A bare word of the vocabulary, or a URI of somebody else's."""
    elsewhere = _GS1_VOCABULARY if table in ("measurement", "exception") else _CBV_ELSEWHERE

    def check(value: Any, where: str) -> None:
        if isinstance(value, str) and value in vocabulary().words[table]:
            return
        if not is_uri(value):
            kind = table.replace("_", " ")
            fault(f"{str(value)[:40]!r} is neither a standard {kind} nor a URI", where)
        if elsewhere.match(value):
            fault(f"a standard word is written bare, without {value[:60]!r} around it", where)

    return check


def several(check: Check, least: int = 0, *, unique: bool = False) -> Check:
    """A list of at least ``least`` values, each as ``check`` says."""

    def check_all(value: Any, where: str) -> None:
        if not isinstance(value, list):
            fault("a list is needed", where)
        if len(value) < least:
            fault(f"at least {least} is needed", where)
        for at, each in enumerate(value):
            check(each, f"{where}[{at}]")
        if unique and len(set(value)) != len(value):
            fault("the same value stands twice", where)

    return check_all


def either(one: Check, many: Check) -> Check:
    """A value alone, or a list of such values."""

    def check(value: Any, where: str) -> None:
        (many if isinstance(value, list) else one)(value, where)

    return check


def anything(value: Any, where: str) -> None:
    """What a user added; its name was looked at, its content is theirs."""


def record(
    fields: Mapping[str, Check],
    needed: tuple[str, ...] = (),
    *,
    added: str = "uri",
    least: int = 0,
) -> Check:
    """An object of ``fields``; ``added`` says what else it may hold: uri, any or none.

    Fields of the user's own have a URI or CURIE for a name, so that nobody mistakes them.
    """

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            fault("a JSON object is needed", where)
        if len(value) < least:
            fault(f"one of {', '.join(fields)} is needed", where)
        for name in needed:
            if name not in value:
                fault(f"{name} is missing", f"{where}.{name}")
        for name, each in value.items():
            if name in fields:
                fields[name](each, f"{where}.{name}")
            elif added == "none" or (added == "uri" and not is_uri(name)):
                fault("no such field here; one of your own needs a URI for a name",
                      f"{where}.{name[:60]}")  # fmt: skip

    return check
