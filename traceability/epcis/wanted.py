"""The values that a question may ask for: a standard word, a URI, a pattern of identifiers.

What could match nothing whatever is captured is refused with a sentence, never answered with
an empty list: a word that CBV does not have, a prefix that nobody declared, a GS1 key that is
none, an asterisk where no pattern is.

EPCIS 2.0 section 8.2.7.1.1 takes EPC pattern URIs (``urn:epc:idpat:``, Tag Data Standard) in
``MATCH_`` parameters and compares every other URI whole. It has no patterns of Digital Links;
ours end in ``/*`` and leave one qualifier open (``/01/…/21/*``), which no link can mean: an
asterisk of a serial is written ``%2A`` there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from traceability.epcis.facts import plain_word
from traceability.epcis.identifiers import STEM, canonical
from traceability.epcis.keys import problem_of
from traceability.epcis.shapes import fault, is_uri
from traceability.epcis.vocabulary import expand, split_curie, vocabulary

Values = Sequence[Any]
"""Alternatives that one parameter gives, at least one."""

_URI_SCHEMES = frozenset({"did", "geo", "http", "https", "info", "ni", "tag", "urn"})
_STANDARD = ("https://ref.gs1.org/cbv/", "https://gs1.org/voc/", "urn:epcglobal:cbv:")
_QUALIFIED = tuple(f"{STEM}/{ai}/" for ai in ("01", "8006", "8010"))
_OPEN = "/*"


@dataclass(frozen=True)
class Prefixes:
    """Prefixes that a questioner may use in names of fields and in values."""

    known: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add those of the standard, which nobody can move."""
        standard = {**vocabulary().prefixes, "cbvmda": "urn:epcglobal:cbv:mda:"}
        object.__setattr__(self, "known", {**self.known, **standard})

    def id(self, text: str) -> str:
        """Return an identifier in its one spelling."""
        whole = expand(text, None, self.known)
        return canonical(whole) or whole

    def name(self, text: str, where: str) -> str:
        """Return the whole URI of a field's name; ``namespace#local`` is one as well."""
        split = split_curie(text, self.known)
        if split is None:
            self.require_declared(text, where)
        return split[0] + split[1] if split else text.replace("#", "", 1)

    def require_declared(self, text: str, where: str) -> None:
        """Raise `InvalidInput` on a CURIE whose prefix nobody declared."""
        prefix = text.partition(":")[0]
        if prefix not in self.known and prefix not in _URI_SCHEMES:
            fault(f"the prefix {prefix[:40]!r} is not declared; send the header"
                  f" GS1-Extensions: {prefix[:40]}=https://…", where)  # fmt: skip


def words(name: str, values: Values, table: str, prefixes: Prefixes) -> frozenset[str]:
    """Return words of a table of CBV, bare, and URIs of others; raises `InvalidInput`."""
    return frozenset(_word(name, str(each), table, prefixes) for each in values)


def _word(name: str, text: str, table: str, prefixes: Prefixes) -> str:
    known = vocabulary().words[table]
    found = plain_word(text, table, prefixes.known)
    if found in known:
        return found
    if not is_uri(found) or found.startswith(_STANDARD):
        kind = table.replace("_", " ")
        fault(f"{text[:60]!r} is no {kind} of CBV 2.0, and no URI of one's own;"
              f" allowed are {', '.join(sorted(known))}", name)  # fmt: skip
    prefixes.require_declared(found, name)
    return found


def types(name: str, values: Values, allowed: Sequence[str], prefixes: Prefixes) -> frozenset[str]:
    """Return event types: those allowed, and URIs of others' own; raises `InvalidInput`."""
    found = set()
    for each in map(str, values):
        whole = expand(each, None, prefixes.known)
        if each not in allowed:
            if not is_uri(whole):
                fault(f"{each[:60]!r} is no event type, and no URI of one's own;"
                      f" allowed are {', '.join(allowed)}", name)  # fmt: skip
            prefixes.require_declared(whole, name)
        found.add(whole)
    return frozenset(found)


def ids(name: str, values: Values, prefixes: Prefixes) -> frozenset[str]:
    """Return identifiers in their one spelling; raises `InvalidInput` on what can be none."""
    return frozenset(_id(name, str(each), prefixes) for each in values)


def _id(name: str, text: str, prefixes: Prefixes) -> str:
    whole = expand(text, None, prefixes.known)
    if not is_uri(whole):
        fault(f"a URI is needed, not {text[:60]!r}", name)
    problem = problem_of(whole)
    if problem is not None:
        fault(problem, name)
    return canonical(whole) or whole


def patterns(
    name: str, values: Values, prefixes: Prefixes
) -> tuple[frozenset[str], frozenset[str]]:
    """Return whole identifiers, and beginnings of which any end will do."""
    wholes, stems = set(), set()
    for each in map(str, values):
        if each.startswith("urn:epc:idpat:"):
            found = canonical(each)
            if found is None:
                fault("only a pattern that leaves the serial open is understood:"
                      " urn:epc:idpat:sgtin:0614141.107346.*", name)  # fmt: skip
            # Where a qualifier follows, the key ends here; elsewhere the serial is appended.
            stems.add(found + "/" * found.startswith(_QUALIFIED))
            wholes.add(found)
        elif "*" in each:
            stems.add(_opened(name, expand(each, None, prefixes.known)))
        else:
            wholes.add(_id(name, each, prefixes))
    return frozenset(wholes), frozenset(stems)


def _opened(name: str, text: str) -> str:
    """Return how the Digital Links begin that a link with ``/*`` at its end leaves open."""
    head, _, _ = text.removesuffix(_OPEN).rpartition("/")
    key, any_one = canonical(head), canonical(text.removesuffix(_OPEN) + "/1")
    # A lot or variant before the serial is no part of its identity: it would narrow nothing.
    last = head.rpartition("/")[2]
    ai = (key or "").removeprefix(f"{STEM}/").partition("/")[0]
    alone = key is not None and key in (f"{STEM}/{ai}/{last}", f"{STEM}/{ai}/{last.zfill(14)}")
    if not (text.endswith(_OPEN) and text.count("*") == 1 and alone and any_one):
        fault("an asterisk stands at the end of an EPC pattern, urn:epc:idpat:sgtin:P.I.*, or"
              " for the one qualifier of a Digital Link, …/01/GTIN/21/* or …/01/GTIN/10/*;"
              " one that means itself is written %2A", name)  # fmt: skip
    problem = problem_of(text.removesuffix(_OPEN) + "/1")
    if problem is not None:
        fault(problem, name)
    return any_one.removesuffix("1")
