"""The EPCIS event hash id: one name for an event, whoever computes it and however it is written.

CBV 2.0 section 8.9 and its reference implementation. The event becomes one *pre-hash
string*, fields in canonical order and every value in one spelling; its SHA-256 is the id
(RFC 6920). eventID, recordTime and errorDeclaration stay out: they are said about an
event, later. The id says *same content*, never *true* or *by whom*: anyone can compute it.

The rules forked. The published vectors that call themselves CBV2.0 list the sensors
before transactions and parties; the draft of CBV 2.1 keeps the written order, leaves
certificationInfo out and moved the GS1 vocabulary. Which is meant is always said.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from traceability.epcis.identifiers import canonical
from traceability.epcis.values import as_text, print_number, print_time
from traceability.epcis.vocabulary import BARE, TYPES, expand, namespaces, vocabulary

Known = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between two versions of the algorithm."""

    version: str
    gs1_vocabulary: str
    ordered: tuple[str, ...]
    ignored: frozenset[str]


_HEAD = ("eventTime", "eventTimeZoneOffset")
_OBJECTS = (
    "parentID", "epcList", "inputEPCList", "childEPCs", "quantityList", "childQuantityList",
    "inputQuantityList", "outputEPCList", "outputQuantityList", "action", "transformationID",
    "bizStep", "disposition", "persistentDisposition", "readPoint", "bizLocation",
)  # fmt: skip
_PARTIES = ("bizTransactionList", "sourceList", "destinationList")
_SAID_LATER = frozenset({"type", "@context", "eventID", "recordTime", "errorDeclaration"})

CBV_2_0 = Rules(
    "CBV2.0",
    "https://gs1.org/voc/",
    (*_HEAD, "certificationInfo", *_OBJECTS, "sensorElementList"),
    _SAID_LATER,
)
CBV_2_1 = Rules(
    "CBV2.1",
    "https://ref.gs1.org/voc/",
    (*_HEAD, *_OBJECTS, *_PARTIES, "sensorElementList"),
    _SAID_LATER | {"certificationInfo"},
)

_METADATA = (
    "time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData",
    "dataProcessingMethod", "bizRules",
)  # fmt: skip
_REPORT = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
    "microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue",
    "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank",
    "percValue", "uom", "coordinateReferenceSystem",
)  # fmt: skip
_FIELDS = {
    "quantityElement": ("epcClass", "quantity", "uom"),
    "persistentDisposition": ("set", "unset"),
    "readPoint": ("id",),
    "bizLocation": ("id",),
    "sensorElement": ("sensorMetadata", "sensorReport"),
    "sensorMetadata": _METADATA,
    "sensorReport": _REPORT,
}
_MEMBER = {
    "epcList": "epc", "inputEPCList": "epc", "outputEPCList": "epc", "childEPCs": "epc",
    "quantityList": "quantityElement", "childQuantityList": "quantityElement",
    "inputQuantityList": "quantityElement", "outputQuantityList": "quantityElement",
    "sensorElementList": "sensorElement",
}  # fmt: skip
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
_COMMENTS = frozenset({"rdfs:comment", "comment"})


def event_hash_id(event: Mapping[str, Any], rules: Rules, context: Any = None) -> str:
    """Return ``ni:///sha-256;…?ver=CBV2.x`` of an event.

    ``context`` is the ``@context`` of the document that the event stands in; the event's
    own is added to it. The event is one that :mod:`traceability.epcis.validate` accepts.
    """
    digest = hashlib.sha256(pre_hash(event, rules, context).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver={rules.version}"


def pre_hash(event: Mapping[str, Any], rules: Rules, context: Any = None) -> str:
    """Return the string that is hashed: every field that counts, in canonical order."""
    standard = vocabulary().prefixes
    known = {**standard, **namespaces(context, event.get("@context"))}
    # The EPCIS context protects its own prefixes: a document cannot move them.
    known |= {"cbv": standard["cbv"], "epcis": standard["epcis"], "gs1": rules.gs1_vocabulary}
    writer = _Writer(known)
    parts = [f"eventType={event.get('type', '')}"]
    parts += [writer.field(name, event[name]) for name in rules.ordered if name in event]
    rest = [name for name in event if name not in rules.ignored and name not in rules.ordered]
    parts += sorted(writer.remainder(name, event[name]) for name in rest if name not in _COMMENTS)
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes fields of one event; ``known`` are the prefixes that it may use."""

    known: Known

    def field(self, name: str, value: Any) -> str:
        """Return a standard field, empty when it holds nothing."""
        if name in _PARTIES:
            return self.remainder(name, value)
        if name in _MEMBER:
            inside = "".join(sorted(self.part(_MEMBER[name], each) for each in _each(value)))
            return name + inside if inside else ""
        return "".join(sorted(self.part(name, each) for each in _each(value)))

    def part(self, name: str, value: Any) -> str:
        """Return one member of a field: its own fields in order, then what users added."""
        if not isinstance(value, Mapping):
            text = self.scalar(name, value, BARE.get(name))
            return f"{name}={text}" if text else ""
        order = _FIELDS.get(name, ())
        inside = "".join(
            self._typed(name, value[key]) if key == "type" else self.field(key, value[key])
            for key in order
            if key in value
        )
        added = [key for key in value if key not in order and key not in _COMMENTS]
        inside += "".join(sorted(self.extension(key, value[key]) for key in added))
        return name + inside if inside else ""

    def remainder(self, name: str, value: Any) -> str:
        """Return transactions and parties (type before value), ilmd, and users' own fields."""
        if name not in _PARTIES:
            return self.extension(name, value)
        member = name.removesuffix("List")
        inside = sorted(self._party(name, member, each) for each in _each(value))
        return name + "".join(inside) if inside else ""

    def extension(self, name: str, value: Any) -> str:
        """Return a field of the user's own: ``{namespace}local``, its text, what is in it."""
        key = self._key(name)
        if isinstance(value, list):
            return "".join(sorted(self.extension(name, each) for each in value))
        if isinstance(value, Mapping):
            inside = [self.extension(k, v) for k, v in value.items() if k not in _COMMENTS]
            return key + "".join(sorted(inside))
        text = self.scalar(name, value, None, time=False)
        return f"{key}={text}" if text else key

    def scalar(self, name: str, value: Any, table: str | None, *, time: bool = True) -> str:
        """Return a value in its one spelling."""
        text = expand(as_text(value), table, self.known)
        if time and name in _TIMES:
            return print_time(text)
        return canonical(text) or print_number(text)

    def _party(self, name: str, member: str, value: Any) -> str:
        kind = self._typed(name, value["type"]) if "type" in value else ""
        return kind + self.part(member, value.get(member))

    def _typed(self, parent: str, value: Any) -> str:
        return f"type={self.scalar('type', value, TYPES.get(parent))}"

    def _key(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        return f"{{{self.known[prefix]}}}{local}" if colon and prefix in self.known else name


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
