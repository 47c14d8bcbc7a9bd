"""The words that EPCIS writes bare or short, and the URIs that they stand for.

A bizStep of ``shipping``, ``cbv:BizStep-shipping``, ``urn:epcglobal:cbv:bizstep:shipping``
and the whole URI are one; whoever compares, searches or hashes must see that. CBV 2.0
sections 7 and 8; JSON-LD 1.1 section 4.1.5 for compact IRIs (CURIEs).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

BARE = {
    "bizStep": "business_step",
    "disposition": "disposition",
    "set": "disposition",
    "unset": "disposition",
    "component": "component",
    "exception": "exception",
    "reason": "error_reason",
}
"""Field name → table of the words that may stand there; ``type`` depends on its parent."""

TYPES = {
    "bizTransactionList": "transaction_type",
    "sourceList": "party_type",
    "destinationList": "party_type",
    "sensorReport": "measurement",
}
"""Parent field → table of the words that its ``type`` may be."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The bare words by table, the prefix of each table, and older spellings."""

    words: Mapping[str, frozenset[str]]
    prefix: Mapping[str, str]
    prefixes: Mapping[str, str]
    urns: Mapping[str, str]

    def curie(self, table: str, word: str) -> str | None:
        """Return ``cbv:BizStep-shipping`` for ``shipping``, None for what is no such word."""
        return self.prefix[table] + word if word in self.words[table] else None


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the words of CBV 2.0 and of the GS1 Web Vocabulary that EPCIS uses."""
    text = resources.files("traceability.epcis").joinpath("vocabulary.toml").read_text("utf-8")
    data = tomllib.loads(text)
    tables = {name: row for name, row in data.items() if isinstance(row, dict) and "words" in row}
    return Vocabulary(
        {name: frozenset(row["words"]) for name, row in tables.items()},
        {name: str(row["prefix"]) for name, row in tables.items()},
        data["prefixes"],
        data["urns"],
    )


def namespaces(*contexts: Any) -> dict[str, str]:
    """Return prefix → namespace that ``@context`` values declare, later ones first.

    A context is a URL, an object, or a list of both. URLs are not fetched: the EPCIS
    context is known, any other one's terms stay as they are written.
    """
    found: dict[str, str] = {}
    for context in contexts:
        for part in context if isinstance(context, list) else [context]:
            if isinstance(part, dict):
                found |= {name: space for name, term in part.items() if (space := _space(term))}
    return found


def _space(term: Any) -> str | None:
    """Return the IRI of a term definition: a text, or an object with ``@id``."""
    iri = term.get("@id") if isinstance(term, dict) else term
    return iri if isinstance(iri, str) else None


def split_curie(text: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (namespace, local name) of a CURIE, None when ``text`` is not one.

    ``https://…`` is never a CURIE, whatever prefixes are declared (JSON-LD 1.1, 5.1.2).
    """
    prefix, colon, rest = text.partition(":")
    if not colon or rest.startswith("//") or prefix not in known:
        return None
    return known[prefix], rest


def expand(text: str, table: str | None, known: Mapping[str, str]) -> str:
    """Return the URI that a bare word, CURIE or CBV 1.x URN stands for, else ``text``.

    ``table`` names the words that may stand bare here, None where none may.
    """
    words = vocabulary()
    if table is not None:
        text = words.curie(table, text) or text
    split = split_curie(text, known)
    if split is not None:
        return split[0] + split[1]
    for urn, uri in words.urns.items():
        if text.startswith(urn):
            return uri + text.removeprefix(urn)
    return text
