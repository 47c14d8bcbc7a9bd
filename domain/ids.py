"""Identifiers of our own making: strict parse, canonical print.

An id is a ``str`` that has passed :meth:`Identifier.parse`; whatever parses prints
back unchanged, so one thing never has two spellings. Lower-case ASCII only: ids
become MQTT topic levels, user names, URLs and file names.
"""

import re
from typing import ClassVar, NewType, Self

from domain.errors import InvalidInput

SeriesId = NewType("SeriesId", int)
"""Number of a datastream, given out by the register; the key of every reading."""


class Identifier(str):
    """A short name that is safe in topics, URLs and file names."""

    __slots__ = ()
    noun: ClassVar[str] = "id"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as this kind of id.

        Raises `InvalidInput` when it is not already in canonical form.
        """
        if not cls.pattern.fullmatch(text):
            message = f"not a {cls.noun}: {text[:60]!r}"
            raise InvalidInput(message, cls.noun)
        return cls(text)


class DeviceId(Identifier):
    """A field node or gateway; also its MQTT user name."""

    __slots__ = ()
    noun = "device id"


class PlotId(Identifier):
    """A piece of land (or a pond) that a season is grown on."""

    __slots__ = ()
    noun = "plot id"


class ProducerId(Identifier):
    """A household, cooperative or company that grows."""

    __slots__ = ()
    noun = "producer id"


class SeasonId(Identifier):
    """One crop on one plot from planting to last harvest."""

    __slots__ = ()
    noun = "season id"


class EntryId(Identifier):
    """A diary entry; made by the client, so that a repeated post changes nothing."""

    __slots__ = ()
    noun = "entry id"


class StepId(Identifier):
    """A step between lots; made by the client, so that a repeated post changes nothing."""

    __slots__ = ()
    noun = "step id"


class CertificateId(Identifier):
    """A certificate; made by the client, so that a repeated post changes nothing."""

    __slots__ = ()
    noun = "certificate id"


class AreaCode(Identifier):
    """An administrative area or place; opaque, dated, never taken apart."""

    __slots__ = ()
    noun = "area code"


class Channel(Identifier):
    """The name a device gives to one of its measured quantities."""

    __slots__ = ()
    noun = "channel"
    pattern = re.compile(r"[a-z][a-z0-9_]{0,47}")
