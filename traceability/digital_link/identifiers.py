"""The table of GS1 Application Identifiers: formats, checks, and places in a link.

A table and not code, since it changes every year and what it says can then be compared
with GS1's own, line by line.
"""

import re
from collections.abc import Iterator
from csv import DictReader
from dataclasses import dataclass
from functools import cache
from importlib import resources

from domain.errors import InvalidInput

_COMPONENT = re.compile(r"(\[?)([NXYZ])(\.\.)?(\d+)\]?((?::[a-z0-9-]+)*)")


@dataclass(frozen=True, slots=True)
class Component:
    """A stretch of a value: character set, lengths, and the checks it must pass.

    Only the last component of a value varies in length; nothing needed follows an optional one.
    """

    charset: str
    shortest: int
    longest: int
    optional: bool
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    """One Application Identifier.

    ``fixed`` needs no FNC1 behind it, ``attribute`` may stand in a query. ``qualifiers`` is
    None when it is no key, else the alternative orders of what may follow it in a path.
    """

    ai: str
    title: str
    components: tuple[Component, ...]
    fixed: bool
    attribute: bool
    qualifiers: tuple[tuple[str, ...], ...] | None


@cache
def identifiers() -> dict[str, Identifier]:
    """Return every Application Identifier that GS1 has assigned, by its digits."""
    text = resources.files(__package__).joinpath("application_identifiers.csv").read_text("utf-8")
    rows = DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {one.ai: one for row in rows for one in _identifiers(row)}


def identifier(ai: str) -> Identifier:
    """Return an Application Identifier; raises `InvalidInput` when GS1 has assigned none."""
    found = identifiers().get(ai)
    if found is None:
        message = f"({ai[:20]}) is no GS1 Application Identifier"
        raise InvalidInput(message, "link")
    return found


def _identifiers(row: dict[str, str]) -> Iterator[Identifier]:
    first, _, last = row["ai"].partition("-")
    components = tuple(_components(row["format"]))
    for number in range(int(first), int(last or first) + 1):
        yield Identifier(
            ai=str(number).zfill(len(first)),
            title=row["title"],
            components=components,
            fixed=row["length"] == "fixed",
            attribute=row["attribute"] == "attribute",
            qualifiers=_qualifiers(row["key"]) if row["key"] else None,
        )


def _components(text: str) -> Iterator[Component]:
    for optional, charset, variable, length, checks in _COMPONENT.findall(text):
        yield Component(
            charset=charset,
            shortest=1 if variable else int(length),
            longest=int(length),
            optional=bool(optional),
            checks=tuple(checks.split(":")[1:]),
        )


def _qualifiers(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split()) for part in text.removeprefix("key").split("|"))
