"""A value against its Application Identifier: lengths, characters, checks."""

from domain.errors import InvalidInput
from traceability.digital_link.checks import CHARSETS, CHECKS
from traceability.digital_link.identifiers import Component, Identifier, identifier

_SHOWN = 40


def require_value(ai: str, value: str) -> None:
    """Raise `InvalidInput` unless ``value`` is one that (``ai``) can have."""
    known = identifier(ai)
    rest = value
    for component in known.components:
        if not rest and component.optional:
            break
        part, rest = rest[: component.longest], rest[component.longest :]
        _require_part(known, component, value, part)
    if rest:
        raise _wrong(known, value, "it is too long")


def _require_part(known: Identifier, component: Component, value: str, part: str) -> None:
    if len(part) < component.shortest:
        raise _wrong(known, value, "it is empty" if not value else "it is too short")
    if not CHARSETS[component.charset].fullmatch(part):
        told = "it is digits" if component.charset == "N" else "a sign in it may not stand there"
        raise _wrong(known, value, told)
    for name in component.checks:
        holds, told = CHECKS[name]
        if not holds(part):
            raise _wrong(known, value, told)


def _wrong(known: Identifier, value: str, told: str) -> InvalidInput:
    return InvalidInput(f"({known.ai}) {known.title} {value[:_SHOWN]!r}: {told}", "link")
