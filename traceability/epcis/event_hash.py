"""The EPCIS event hash id: one name for an event, whoever computes it and however it is written.

CBV 2.0 section 8.9 and its reference implementation. The event becomes one *pre-hash
string*, fields in canonical order and every value in one spelling; its SHA-256 is the id
(RFC 6920). eventID, recordTime and errorDeclaration stay out: they are said about an
event, later. The id says *same content*, never *true* or *by whom*: anyone can compute it.

The rules forked. The published vectors that call themselves CBV2.0 list the sensors
before transactions and parties; the draft of CBV 2.1 keeps the written order, leaves
certificationInfo out and moved the GS1 vocabulary. In 2026 the reference implementation
also read 2.0 anew, under the same label. Which rules are meant is always said; ours are
those of the published vectors.
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
    names_sensor_list: bool = True
    extensions_in_place: bool = True


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
CBV_2_0_REREAD = Rules(
    "CBV2.0",
    CBV_2_1.gs1_vocabulary,
    CBV_2_1.ordered,
    CBV_2_1.ignored,
    names_sensor_list=False,
    extensions_in_place=False,
)
"""CBV 2.0 as the reference implementation reads it since July 2026 (its pull request 123)."""

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
    writer = _Writer(known, rules)
    parts = [f"eventType={event.get('type', '')}"]
    parts += [writer.field(name, event[name]) for name in rules.ordered if name in event]
    rest = {n: v for n, v in event.items() if n not in (*rules.ignored, *rules.ordered, *_COMMENTS)}
    if not rules.extensions_in_place:
        parts += [writer.remainder("ilmd", rest.pop("ilmd"))] if "ilmd" in rest else []
        parts += [writer.moved(name, event[name]) for name in rules.ordered if name in event]
    parts += sorted(writer.remainder(name, value) for name, value in rest.items())
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes fields of one event; ``known`` are the prefixes that it may use."""

    known: Known
    rules: Rules

    def field(self, name: str, value: Any) -> str:
        """Return a standard field, empty when it holds nothing."""
        if name in _PARTIES:
            return self.remainder(name, value)
        if name in _MEMBER:
            inside = "".join(sorted(self.part(_MEMBER[name], each) for each in _each(value)))
            shown = name if name != "sensorElementList" or self.rules.names_sensor_list else ""
            return shown + inside if inside else ""
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
        if self.rules.extensions_in_place:
            inside += self._added(name, value)
        return name + inside if inside else ""

    def moved(self, name: str, value: Any) -> str:
        """Return what users added inside a standard field, each under the name of its parent."""
        member = _MEMBER.get(name, name)
        inside = [self._moved(member, each) for each in _each(value) if isinstance(each, Mapping)]
        return "".join(sorted(inside)) if member in _FIELDS else ""

    def _moved(self, name: str, value: Mapping[str, Any]) -> str:
        nested = (self.moved(key, value[key]) for key in _FIELDS.get(name, ()) if key in value)
        inside = "".join(nested) + self._added(name, value)
        return name + inside if inside else ""

    def _added(self, name: str, value: Mapping[str, Any]) -> str:
        added = [k for k in value if k not in _FIELDS.get(name, ()) and k not in _COMMENTS]
        return "".join(sorted(self.extension(key, value[key]) for key in added))

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
