"""An event as questions see it: one spelling for every value, sensors laid flat.

A query for ``shipping`` must find ``cbv:BizStep-shipping``, one for a Digital Link the
EPC URI of the same thing, and one for a device the attribute in ``sensorMetadata`` as
well as in ``sensorReport`` (TCR-53 step 28). Standard words become bare words, GS1
keys canonical Digital Links, names of users' fields whole URIs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from traceability.epcis.document import Found
from traceability.epcis.identifiers import canonical
from traceability.epcis.values import as_text
from traceability.epcis.vocabulary import BARE, TYPES, expand, namespaces, split_curie, vocabulary

EPC_FIELDS = ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList")
CLASS_FIELDS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_STANDARD_ILMD = "urn:epcglobal:cbv:mda:"


def plain_word(text: str, table: str, known: Mapping[str, str]) -> str:
    """Return the bare word that ``text`` stands for, or its URI when it is no standard word."""
    whole = expand(text, table, known)
    words = vocabulary()
    stem = expand(words.prefix[table], None, words.prefixes)
    word = whole.removeprefix(stem)
    return word if whole.startswith(stem) and word in words.words[table] else whole


def plain_id(text: str, known: Mapping[str, str]) -> str:
    """Return the canonical Digital Link of a GS1 key, else the URI that ``text`` stands for."""
    whole = expand(text, None, known)
    return canonical(whole) or whole


@dataclass(frozen=True)
class Facts:
    """One event; everything is computed when first asked for."""

    found: Found

    @property
    def event(self) -> Mapping[str, Any]:
        """The event as received."""
        return self.found.event

    @cached_property
    def known(self) -> dict[str, str]:
        """Prefix → namespace, as the event's contexts and the standard's declare them."""
        standard = vocabulary().prefixes
        declared = namespaces(self.found.context, self.event.get("@context"))
        return {**standard, "cbvmda": _STANDARD_ILMD, **declared} | {
            name: standard[name] for name in ("cbv", "epcis", "gs1")
        }

    def text(self, name: str) -> str | None:
        """Return a field as it is written, None when it is absent."""
        value = self.event.get(name)
        return value if isinstance(value, str) else None

    @property
    def kind(self) -> str:
        """The type: a standard one bare, an extension's as a whole URI."""
        return self.id_of(str(self.event["type"]))

    def word(self, name: str) -> str | None:
        """Return bizStep or disposition, bare where it is a standard word."""
        value = self.text(name)
        return None if value is None else plain_word(value, BARE[name], self.known)

    def lasting(self, name: str) -> list[str]:
        """Return what ``persistentDisposition`` sets or unsets."""
        values = self.event.get("persistentDisposition", {}).get(name, ())
        return [plain_word(value, BARE[name], self.known) for value in values]

    def place(self, name: str) -> str | None:
        """Return the id of readPoint or bizLocation."""
        value = self.event.get(name)
        return self.id_of(value["id"]) if isinstance(value, dict) else None

    def id_of(self, text: str) -> str:
        """Return an identifier in its one spelling."""
        return plain_id(text, self.known)

    def epcs(self, field: str) -> list[str]:
        """Return what ``epcList``, ``parentID`` and their like name."""
        value = self.event.get(field, [])
        return [self.id_of(each) for each in (value if isinstance(value, list) else [value])]

    def classes(self, field: str) -> list[str]:
        """Return the EPC classes of a quantity list."""
        return [self.id_of(each["epcClass"]) for each in self.event.get(field, ())]

    def quantities(self) -> list[tuple[float, str | None]]:
        """Return (quantity, uom) of every quantity list; a uom of None counts things."""
        return [
            (each["quantity"], each.get("uom"))
            for field in CLASS_FIELDS
            for each in self.event.get(field, ())
            if "quantity" in each
        ]

    def parties(self, field: str) -> list[tuple[str | None, str]]:
        """Return (type, id) of bizTransactionList, sourceList or destinationList."""
        member = field.removesuffix("List")
        return [
            (
                plain_word(each["type"], TYPES[field], self.known) if "type" in each else None,
                self.id_of(each[member]),
            )
            for each in self.event.get(field, ())
        ]

    def declaration(self) -> Mapping[str, Any] | None:
        """Return the error declaration, None when there is none."""
        value = self.event.get("errorDeclaration")
        return value if isinstance(value, dict) else None

    @cached_property
    def reports(self) -> list[dict[str, Any]]:
        """Every sensor report together with the metadata that holds for it."""
        return [
            {**element.get("sensorMetadata", {}), **report}
            for element in self.event.get("sensorElementList", ())
            for report in element["sensorReport"]
        ]

    def sensed(self, name: str) -> list[Any]:
        """Return an attribute of every report that has it; words bare, ids in one spelling."""
        return [self._attribute(name, each[name]) for each in self.reports if name in each]

    def _attribute(self, name: str, value: Any) -> Any:
        if name == "type":
            return plain_word(value, TYPES["sensorReport"], self.known)
        if name in BARE:
            return plain_word(value, BARE[name], self.known)
        return self.id_of(value) if isinstance(value, str) and ":" in value else value

    def added(self, level: str) -> Iterator[tuple[str, Any]]:
        """Yield (whole URI of its name, value) of users' own fields, nested ones excepted.

        ``level`` is event, ilmd, readPoint, bizLocation, errorDeclaration, sensorElement,
        sensorMetadata or sensorReport.
        """
        for holder in self._holders(level):
            for name, value in holder.items():
                if ":" in name:
                    for each in value if isinstance(value, list) else [value]:
                        yield self.whole(name), each

    def inner(self, level: str) -> Iterator[tuple[str, Any]]:
        """Yield (whole URI of its name, value) of users' own fields, however deep."""
        waiting = list(self.added(level))
        while waiting:
            name, value = waiting.pop()
            if isinstance(value, dict):
                for key, inside in value.items():
                    several = inside if isinstance(inside, list) else [inside]
                    waiting += [(self.whole(key), each) for each in several]
            else:
                yield name, as_text(value)

    def whole(self, name: str) -> str:
        """Return the URI of a field's name."""
        split = split_curie(name, self.known)
        return split[0] + split[1] if split else name

    def _holders(self, level: str) -> list[Mapping[str, Any]]:
        if level == "event":
            return [self.event]
        if level in ("ilmd", "readPoint", "bizLocation", "errorDeclaration"):
            return [self.event.get(level, {})]
        elements = self.event.get("sensorElementList", [])
        if level == "sensorElement":
            return list(elements)
        if level == "sensorMetadata":
            return [each.get("sensorMetadata", {}) for each in elements]
        return [report for each in elements for report in each["sensorReport"]]
