"""A Digital Link taken apart: the key, its qualifiers, and what more it says.

GS1 Digital Link URI syntax, section 4 (keys, qualifiers and their order, attributes) and
5 (the canonical form under https://id.gs1.org).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import InvalidInput
from traceability.digital_link.identifiers import Identifier, identifier
from traceability.digital_link.percent import encode
from traceability.digital_link.value import require_value

CANONICAL_STEM = "https://id.gs1.org"

Element = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link names: ``path`` is the key and its qualifiers, each (AI, value).

    ``attributes`` stay in the order given, which `mint` keeps and `canonical` does not.
    Construction raises `InvalidInput` when a value, the order, or a place is wrong, so a
    link that exists is a valid one.
    """

    path: tuple[Element, ...]
    attributes: tuple[Element, ...] = ()

    def __post_init__(self) -> None:
        _require_once(ai for ai, _ in (*self.path, *self.attributes))
        for ai, value in (*self.path, *self.attributes):
            require_value(ai, value)
        _require_path(self.path)
        for ai, _ in self.attributes:
            _require_attribute(ai, self.path)

    @property
    def key(self) -> Element:
        """The primary key."""
        return self.path[0]

    def value(self, ai: str) -> str | None:
        """Return what the link says for an identifier, None when it says nothing."""
        return dict((*self.path, *self.attributes)).get(ai)

    def path_text(self) -> str:
        """Return the path that names the thing, percent-encoded, from its first slash."""
        return "".join(f"/{ai}/{encode(value)}" for ai, value in self.path)

    def mint(self, stem: str) -> str:
        """Return the link under ``stem``, which is an address with or without a path."""
        query = "&".join(f"{ai}={encode(value)}" for ai, value in self.attributes)
        return stem.rstrip("/") + self.path_text() + (f"?{query}" if query else "")

    def canonical(self) -> str:
        """Return the form that never changes, whatever serves it: attributes in order of AI."""
        return Link(self.path, tuple(sorted(self.attributes))).mint(CANONICAL_STEM)

    def levels(self) -> tuple["Link", ...]:
        """Return the link without attributes, then with ever fewer qualifiers, to its key."""
        lengths = range(len(self.path), 0, -1)
        return tuple(Link(self.path[:length]) for length in lengths)


def key_of(ai: str) -> Identifier:
    """Return a primary key; raises `InvalidInput` when (``ai``) is none."""
    found = identifier(ai)
    if found.qualifiers is None:
        message = f"({ai}) is no key that a link can begin with"
        raise InvalidInput(message, "link")
    return found


def _require_once(ais: Iterable[str]) -> None:
    seen: set[str] = set()
    for ai in ais:
        if ai in seen:
            message = f"({ai}) is said twice"
            raise InvalidInput(message, "link")
        seen.add(ai)


def _require_path(path: tuple[Element, ...]) -> None:
    if not path:
        message = "a link needs a key"
        raise InvalidInput(message, "link")
    key, *qualifiers = (ai for ai, _ in path)
    alternatives = key_of(key).qualifiers or ()
    if qualifiers and not any(_in_order(qualifiers, whole) for whole in alternatives):
        told = ", ".join(f"({ai})" for ai in qualifiers)
        message = f"({key}) is not qualified by {told}, or not in this order"
        raise InvalidInput(message, "link")


def _in_order(some: list[str], whole: tuple[str, ...]) -> bool:
    """Whether ``some`` is ``whole`` with none or more left out."""
    return some == [ai for ai in whole if ai in some]


def _require_attribute(ai: str, path: tuple[Element, ...]) -> None:
    if not identifier(ai).attribute:
        message = f"({ai}) may not stand in the query"
        raise InvalidInput(message, "link")
    # What could still qualify the key belongs into the path, or one thing had two names.
    key, *qualifiers = (ai for ai, _ in path)
    for whole in key_of(key).qualifiers or ():
        if ai in whole and set(qualifiers) <= set(whole):
            message = f"({ai}) qualifies ({key}) and belongs into the path"
            raise InvalidInput(message, "link")
