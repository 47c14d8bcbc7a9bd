"""What makes an event valid: EPCIS 2.0's JSON binding, and the rules that it cannot express.

EPCIS 2.0 section 7.4 (the five event types), 9.5 (JSON). Beyond the schema: an inline
attribute stands in ``sensorMetadata`` or in ``sensorReport``, never in both (conformance
test TCR-53, step 29); an interval does not end before it starts; a parent is named when
something is added to it or taken from it (7.4.3); a GS1 key ends in its check digit; a
document holds an event only in an event list. Every fault names the event and the field.
"""

from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidInput
from traceability.epcis import shapes as s
from traceability.epcis.document import Found, events_of
from traceability.epcis.facts import Facts
from traceability.epcis.keys import require_check_digits
from traceability.epcis.values import instant

_EPCS = s.several(s.uri, unique=True)
_QUANTITY = s.record(
    {"epcClass": s.uri, "quantity": s.number, "uom": s.uom}, ("epcClass",), added="none"
)
_QUANTITIES = s.several(_QUANTITY)
_PLACE = s.record({"id": s.uri}, ("id",), added="any")
_DISPOSITIONS = s.several(s.word("disposition"), 1, unique=True)
_PERSISTENT = s.record({"set": _DISPOSITIONS, "unset": _DISPOSITIONS}, added="none", least=1)

INLINE = ("dataProcessingMethod", "deviceID", "deviceMetadata", "rawData", "time")
"""Attributes that hold for a whole sensor element, or for one report, never for both."""

_DEVICE: dict[str, s.Check] = {
    "time": s.time,
    **dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"), s.uri),
    "bizRules": s.uri,
}
_METADATA = s.record({**_DEVICE, "startTime": s.time, "endTime": s.time})
_REPORT = s.record(
    {
        **_DEVICE,
        "type": s.word("measurement"),
        "exception": s.word("exception"),
        "component": s.word("component"),
        **dict.fromkeys(
            ("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), s.uri
        ),
        **dict.fromkeys(
            ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"),
            s.number,
        ),
        "stringValue": s.text,
        "booleanValue": s.boolean,
        "hexBinaryValue": s.hexadecimal,
        "uom": s.text,
    },
    ("type",),
)
_ELEMENT = s.record(
    {"sensorMetadata": _METADATA, "sensorReport": s.several(_REPORT, 1)}, ("sensorReport",)
)
_DECLARATION = s.record(
    {
        "declarationTime": s.time,
        "reason": s.word("error_reason"),
        "correctiveEventIDs": s.several(s.uri),
    },
    ("declarationTime",),
)


def _party(name: str, table: str, *needed: str, least: int = 0) -> s.Check:
    each = s.record({"type": s.word(table), name: s.uri}, (*needed, name), added="none")
    return s.several(each, least)


_COMMON: dict[str, s.Check] = {
    "@context": s.anything,
    "type": s.text,
    "eventTime": s.time,
    "recordTime": s.time,
    "eventTimeZoneOffset": s.offset,
    "eventID": s.uri,
    "certificationInfo": s.either(s.uri, s.several(s.uri)),
    "errorDeclaration": _DECLARATION,
}
_WHY_AND_WHERE: dict[str, s.Check] = {
    "bizStep": s.word("business_step"),
    "disposition": s.word("disposition"),
    "readPoint": _PLACE,
    "bizLocation": _PLACE,
    "bizTransactionList": _party("bizTransaction", "transaction_type"),
    "sourceList": _party("source", "party_type", "type"),
    "destinationList": _party("destination", "party_type", "type"),
    "sensorElementList": s.several(_ELEMENT),
}
_ACTION: dict[str, s.Check] = {"action": s.one_of("OBSERVE", "ADD", "DELETE")}
_MADE: dict[str, s.Check] = {"persistentDisposition": _PERSISTENT, "ilmd": s.record({})}
_CHILDREN: dict[str, s.Check] = {
    "parentID": s.uri,
    "childEPCs": s.several(s.uri),
    "childQuantityList": _QUANTITIES,
}

_NEEDED = ("eventTime", "eventTimeZoneOffset")
_TYPES: dict[str, s.Check] = {
    "ObjectEvent": s.record(
        {**_COMMON, **_WHY_AND_WHERE, **_ACTION, **_MADE, "epcList": _EPCS,
         "quantityList": _QUANTITIES},
        (*_NEEDED, "action"),
    ),
    "AggregationEvent": s.record(
        {**_COMMON, **_WHY_AND_WHERE, **_ACTION, **_CHILDREN}, (*_NEEDED, "action")
    ),
    "AssociationEvent": s.record(
        {**_COMMON, **_WHY_AND_WHERE, **_ACTION, **_CHILDREN}, (*_NEEDED, "action", "parentID")
    ),
    "TransactionEvent": s.record(
        {**_COMMON, **_WHY_AND_WHERE, **_ACTION, "parentID": s.uri,
         "epcList": s.several(s.uri), "quantityList": _QUANTITIES,
         "bizTransactionList": _party("bizTransaction", "transaction_type", least=1)},
        (*_NEEDED, "action", "bizTransactionList"),
    ),
    "TransformationEvent": s.record(
        {**_COMMON, **_WHY_AND_WHERE, **_MADE, "transformationID": s.uri,
         "inputEPCList": _EPCS, "inputQuantityList": _QUANTITIES,
         "outputEPCList": _EPCS, "outputQuantityList": _QUANTITIES},
        _NEEDED,
    ),
}  # fmt: skip
EVENT_TYPES = tuple(_TYPES)
_EXTENDED = s.record(
    {**_COMMON, **_WHY_AND_WHERE, **_ACTION, **_MADE, **_CHILDREN, "transformationID": s.uri,
     **dict.fromkeys(("epcList", "inputEPCList", "outputEPCList"), s.several(s.uri)),
     **dict.fromkeys(("quantityList", "inputQuantityList", "outputQuantityList"), _QUANTITIES)},
    _NEEDED,
    added="any",
)  # fmt: skip

_DOCUMENT = s.record(
    {
        "@context": s.anything,
        "id": s.uri,
        "type": s.one_of("EPCISDocument", "EPCISQueryDocument"),
        "schemaVersion": s.version,
        "creationDate": s.time,
        **dict.fromkeys(("instanceIdentifier", "sender", "receiver"), s.text),
        "epcisHeader": s.record({"epcisMasterData": s.anything}),
        "epcisBody": s.anything,
    },
    ("@context", "type", "epcisBody"),
)


def validate_document(document: Mapping[str, Any]) -> list[Found]:
    """Return the events of a document whose frame is valid; they are not yet looked at.

    Raises `InvalidInput` about the document itself.
    """
    if document.get("type") in ("EPCISDocument", "EPCISQueryDocument"):
        _DOCUMENT(document, "document")
        if document["type"] == "EPCISDocument":
            for name in ("schemaVersion", "creationDate"):
                if name not in document:
                    s.fault(f"{name} is missing", f"document.{name}")
    _context(document.get("@context"), "document.@context")
    return events_of(document)


def validate_event(found: Found) -> None:
    """Raise `InvalidInput` unless the event is valid; ``field`` names event and field."""
    event, where = found.event, found.where
    if found.context is None and "@context" not in event:
        s.fault("@context is missing", f"{where}.@context")
    if "@context" in event:
        _context(event["@context"], f"{where}.@context")
    kind = event.get("type")
    if not isinstance(kind, str) or not (kind in _TYPES or s.is_uri(kind)):
        s.fault(f"{str(kind)[:40]!r} is no event type, and no URI of one", f"{where}.type")
    _TYPES.get(kind, _EXTENDED)(event, where)
    if kind in _TYPES:
        _about(event, kind, where)
    require_check_digits(event, where, Facts(found).known)
    for at, element in enumerate(event.get("sensorElementList", ())):
        _sensor(element, f"{where}.sensorElementList[{at}]")


def fault_of(found: Found) -> InvalidInput | None:
    """Return the first thing that is wrong with an event, None when it is valid."""
    try:
        validate_event(found)
    except InvalidInput as error:
        return error
    return None


def _context(value: Any, where: str) -> None:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, dict) or s.is_uri(part) for part in parts):
        s.fault("@context is a URL, an object, or a list of them", where)


def _about(event: Mapping[str, Any], kind: str, where: str) -> None:
    """Refuse an event that is about nothing, or says what its type cannot say."""
    if kind == "TransformationEvent":
        _transforms(event, where)
        return
    action = event["action"]
    if kind == "ObjectEvent":
        sensed = event.get("sensorElementList") and "readPoint" in event
        if "epcList" not in event and not event.get("quantityList") and not sensed:
            s.fault("what was observed is missing: epcList, quantityList, or"
                    " sensorElementList with a readPoint", where)  # fmt: skip
        if "ilmd" in event and action != "ADD":
            s.fault("ilmd is told once, when the action is ADD", f"{where}.ilmd")
    elif kind == "TransactionEvent":
        if action != "DELETE" and "epcList" not in event and not event.get("quantityList"):
            s.fault("epcList or quantityList is missing", where)
    else:
        if action != "OBSERVE" and "parentID" not in event:
            s.fault(f"parentID is missing, and the action is {action}", f"{where}.parentID")
        if action != "DELETE" and not (event.get("childEPCs") or event.get("childQuantityList")):
            s.fault("childEPCs or childQuantityList is missing", where)


def _transforms(event: Mapping[str, Any], where: str) -> None:
    inputs = event.get("inputEPCList") or event.get("inputQuantityList")
    outputs = event.get("outputEPCList") or event.get("outputQuantityList")
    if not (inputs and outputs) and not ("transformationID" in event and (inputs or outputs)):
        s.fault("inputs and outputs are needed, or one of them with a transformationID", where)


def _sensor(element: Mapping[str, Any], where: str) -> None:
    metadata = element.get("sensorMetadata", {})
    for at, report in enumerate(element["sensorReport"]):
        for name in INLINE:
            if name in metadata and name in report:
                s.fault(f"{name} stands in sensorMetadata already (TCR-53)",
                        f"{where}.sensorReport[{at}].{name}")  # fmt: skip
    start, end = (instant(str(metadata.get(name))) for name in ("startTime", "endTime"))
    if start is not None and end is not None and end < start:
        s.fault("endTime is before startTime", f"{where}.sensorMetadata.endTime")
