"""EPCIS documents: read whatever JSON a stranger sends, write what ours say.

Reading refuses what two programs could understand differently (a key given twice, NaN, a
lone surrogate) and what would only tire us (deep nesting); it says nothing yet about
EPCIS, which is :mod:`traceability.epcis.validate`'s.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from domain.errors import InvalidInput
from domain.window import print_instant

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
VERSION = "2.0"
DEEPEST = 40
"""Levels of nesting taken; the deepest published example has 13."""

_REPOSITORY = "https://repository-x.example.com/"


@dataclass(frozen=True, slots=True)
class Found:
    """One event of a document; ``where`` is its place, ``context`` the document's."""

    where: str
    event: Mapping[str, Any]
    context: Any
    unhashed: frozenset[str] = frozenset()

    def hashed(self) -> dict[str, Any]:
        """Return the event without the fields that its document keeps out of hashes."""
        return {name: value for name, value in self.event.items() if name not in self.unhashed}


def parse(payload: bytes) -> dict[str, Any]:
    """Return the JSON object in ``payload``; raises `InvalidInput` saying what is wrong."""
    try:
        value = json.loads(payload.decode(), object_pairs_hook=_once, parse_constant=_constant)
    except UnicodeDecodeError as error:
        message = f"not UTF-8: {error.reason} at byte {error.start}"
        raise InvalidInput(message, "body") from error
    except RecursionError as error:
        raise InvalidInput(_TOO_DEEP, "body") from error
    except ValueError as error:
        message = f"not JSON: {error}"
        raise InvalidInput(message[:200], "body") from error
    if not isinstance(value, dict):
        message = "a JSON object is needed"
        raise InvalidInput(message, "body")
    _measure(value)
    return value


_TOO_DEEP = f"nested deeper than {DEEPEST} levels"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice[:60]!r} stands twice in one object"
        raise InvalidInput(message, "body")
    return found


def _constant(name: str) -> float:
    message = f"{name} is not JSON"
    raise InvalidInput(message, "body")


def _measure(value: Any, level: int = 1) -> None:
    if level > DEEPEST:
        raise InvalidInput(_TOO_DEEP, "body")
    if isinstance(value, dict):
        for each in value.values():
            _measure(each, level + 1)
    elif isinstance(value, list):
        for each in value:
            _measure(each, level + 1)


def canonical_bytes(value: Mapping[str, Any], where: str) -> bytes:
    """Return canonical JSON (RFC 8785); raises `InvalidInput` on what it cannot hold."""
    try:
        return rfc8785.dumps(dict(value))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        message = f"this cannot be kept without change: {error}"
        raise InvalidInput(message[:200], where) from error


def events_of(document: Mapping[str, Any]) -> list[Found]:
    """Return the events of an EPCISDocument, an EPCISQueryDocument, or a bare event.

    Raises `InvalidInput` when there is no event list where one must be.
    """
    if document.get("type") not in ("EPCISDocument", "EPCISQueryDocument"):
        return [Found("event", document, document.get("@context"))]
    body, path = _object(document, "epcisBody", ""), "epcisBody"
    holder: Mapping[str, Any] = document
    if "queryResults" in body:
        holder = _object(body, "queryResults", path)
        body, path = _object(holder, "resultsBody", f"{path}.queryResults"), f"{path}.resultsBody"
    events = [body["event"]] if "event" in body else body.get("eventList")
    if not isinstance(events, list):
        message = "an eventList is needed, a list of events"
        raise InvalidInput(message, f"{path}.eventList")
    context, unhashed = document.get("@context"), _unhashed(document, holder)
    for at, event in enumerate(events):
        if not isinstance(event, dict):
            message = "an event is a JSON object"
            raise InvalidInput(message, f"eventList[{at}]")
    return [Found(f"eventList[{at}]", each, context, unhashed) for at, each in enumerate(events)]


def _object(holder: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        message = f"{name} is needed, a JSON object"
        raise InvalidInput(message, f"{path}.{name}".lstrip("."))
    return value


def _unhashed(document: Mapping[str, Any], holder: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that a repository's own ``ignoreFields`` names.

    Known from the published vectors of the event hash, and from nowhere else.
    """
    contexts = document.get("@context")
    parts = contexts if isinstance(contexts, list) else [contexts]
    prefixes = [
        prefix
        for part in parts
        if isinstance(part, dict)
        for prefix, space in part.items()
        if space == _REPOSITORY
    ]
    named = [holder.get(f"{prefix}:ignoreFields") for prefix in prefixes]
    return frozenset(
        name
        for names in named
        if isinstance(names, list)
        for name in names
        if isinstance(name, str)
    )


def merge_contexts(contexts: Iterable[Any]) -> list[Any] | None:
    """Return one ``@context`` for events of several documents.

    None when two of them give one prefix two meanings: then each event carries its own.
    """
    urls: list[str] = [CONTEXT]
    prefixes: dict[str, Any] = {}
    for context in contexts:
        for part in context if isinstance(context, list) else [context]:
            if isinstance(part, str) and part not in urls:
                urls.append(part)
            for prefix, term in part.items() if isinstance(part, dict) else ():
                if prefixes.setdefault(prefix, term) != term:
                    return None
    return [*urls, prefixes] if prefixes else list(urls)


def write_document(
    events: Iterable[Mapping[str, Any]], context: Any, now_ms: int
) -> dict[str, Any]:
    """Return an EPCISDocument of ``events``, created at ``now_ms``."""
    return {
        "@context": context,
        "type": "EPCISDocument",
        "schemaVersion": VERSION,
        "creationDate": print_instant(now_ms),
        "epcisBody": {"eventList": list(events)},
    }


def write_results(
    events: Iterable[Mapping[str, Any]], context: Any, name: str, now_ms: int
) -> dict[str, Any]:
    """Return an EPCISQueryDocument with what a query found."""
    return {
        "@context": context,
        "type": "EPCISQueryDocument",
        "schemaVersion": VERSION,
        "creationDate": print_instant(now_ms),
        "epcisBody": {
            "queryResults": {"queryName": name, "resultsBody": {"eventList": list(events)}}
        },
    }
