"""Our rules against the published examples, the official schema, and TCR-53."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidInput
from tests.traceability.epcis.official import examples, refuses
from traceability.epcis.document import DEEPEST, canonical_bytes, parse
from traceability.epcis.validate import INLINE, fault_of, validate_document

EPCIS = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
URN = "urn:epc:id:sgtin:0614141.107346.2018"


def document(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"@context": [EPCIS], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-11-21T00:00:00Z", "epcisBody": {"eventList": list(events)}, **fields}  # fmt: skip


def event(kind: str = "ObjectEvent", **fields: Any) -> dict[str, Any]:
    made = {
        "type": kind,
        "eventTime": "2026-11-20T08:00:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def seen(**fields: Any) -> dict[str, Any]:
    return event(**{"epcList": [URN], "action": "OBSERVE", **fields})


def sensed(metadata: dict[str, Any], *reports: dict[str, Any]) -> dict[str, Any]:
    return seen(sensorElementList=[{"sensorMetadata": metadata, "sensorReport": list(reports)}])


def first_fault(made: dict[str, Any]) -> InvalidInput | None:
    try:
        found = validate_document(made)
    except InvalidInput as error:
        return error
    return next((fault for each in found if (fault := fault_of(each))), None)


def test_every_published_example_is_valid(shared: Path) -> None:
    for path in examples(shared):
        assert first_fault(parse(path.read_bytes())) is None, path.name


GOOD = [
    seen(),
    seen(epcList=None, quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 2.5, "uom": "KGM"}]),
    seen(action="ADD", ilmd={"cbvmda:lotNumber": "LO-1", "ex:deep": {"ex:er": [1, None]}}),
    seen(errorDeclaration={"declarationTime": "2026-11-21T00:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:1"]}),
    seen(persistentDisposition={"set": ["completeness_verified"]}, readPoint={"id": "geo:11.2,106.3", "ex:hang": "3"}),
    sensed({"time": "2026-11-20T00:00:00Z"}, {"type": "Temperature", "value": 26.1, "uom": "CEL", "component": "x"}),
    event("AggregationEvent", action="ADD", parentID="urn:epc:id:sscc:4012345.0000000333", childEPCs=[URN]),
    event("AggregationEvent", action="DELETE", parentID="urn:epc:id:sscc:4012345.0000000333"),
    event("AggregationEvent", action="OBSERVE", childQuantityList=[{"epcClass": URN}]),
    event("AssociationEvent", action="ADD", parentID=URN, childEPCs=[URN]),
    event("TransactionEvent", action="ADD", bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:1"}], epcList=[URN]),
    event("TransformationEvent", inputEPCList=[URN], outputQuantityList=[{"epcClass": URN}]),
    event("TransformationEvent", transformationID="urn:x:1", outputEPCList=[URN], certificationInfo=["urn:x:2"]),
    event("https://ns.example.com/epcis/GraftingEvent", anything=1),
]  # fmt: skip


def test_what_the_standard_allows_is_allowed(shared: Path) -> None:
    for made in GOOD:
        assert first_fault(document(made)) is None
        assert refuses(shared, document(made)) is None


BAD: list[tuple[dict[str, Any], str]] = [
    (event(action="OBSERVE"), ""),
    (seen(action="LOOK"), ".action"),
    (seen(eventTime="2026-11-20T08:00:00"), ".eventTime"),
    (seen(eventTime=1), ".eventTime"),
    (seen(eventTime=None), ".eventTime"),
    (seen(eventTimeZoneOffset="+15:00"), ".eventTimeZoneOffset"),
    (seen(epcList=["không phải URI"]), ".epcList[0]"),
    (seen(epcList=[URN, URN]), ".epcList"),
    (seen(epcList=URN), ".epcList"),
    (seen(ilmd={"ex:a": 1}), ".ilmd"),
    (seen(action="ADD", ilmd={"lotNumber": 1}), ".ilmd.lotNumber"),
    (seen(bizStep="harvesting"), ".bizStep"),
    (seen(bizStep="urn:epcglobal:cbv:bizstep:shipping"), ".bizStep"),
    (seen(disposition="fresh"), ".disposition"),
    (seen(persistentDisposition={"set": []}), ".persistentDisposition.set"),
    (seen(readPoint={"name": "x"}), ".readPoint.id"),
    (seen(quantityList=[{"epcClass": URN, "quantity": "2"}]), ".quantityList[0].quantity"),
    (seen(quantityList=[{"epcClass": URN, "uom": "kg"}]), ".quantityList[0].uom"),
    (seen(quantityList=[{"epcClass": URN, "ex:note": 1}]), ".quantityList[0].ex:note"),
    (seen(sourceList=[{"source": "urn:x:1"}]), ".sourceList[0].type"),
    (seen(bizTransactionList=[{"type": "po"}]), ".bizTransactionList[0].bizTransaction"),
    (seen(myField=1), ".myField"),
    (seen(parentID=URN), ".parentID"),
    (seen(errorDeclaration={}), ".errorDeclaration.declarationTime"),
    (seen(errorDeclaration={"declarationTime": "2026-11-21T00:00:00Z", "reason": "lie"}), ".errorDeclaration.reason"),
    (seen(eventID="no uri"), ".eventID"),
    (sensed({}), ".sensorElementList[0].sensorReport"),
    (sensed({}, {"value": 1}), ".sensorElementList[0].sensorReport[0].type"),
    (sensed({}, {"type": "Warmth"}), ".sensorElementList[0].sensorReport[0].type"),
    (sensed({}, {"type": "https://gs1.org/voc/Temperature"}), ".sensorElementList[0].sensorReport[0].type"),
    (sensed({}, {"type": "Temperature", "value": "26"}), ".sensorElementList[0].sensorReport[0].value"),
    (sensed({}, {"type": "Temperature", "value": True}), ".sensorElementList[0].sensorReport[0].value"),
    (sensed({}, {"type": "Temperature", "booleanValue": 1}), ".sensorElementList[0].sensorReport[0].booleanValue"),
    (sensed({}, {"type": "Temperature", "hexBinaryValue": "xyz"}), ".sensorElementList[0].sensorReport[0].hexBinaryValue"),
    (sensed({"temperature": 1}, {"type": "Temperature"}), ".sensorElementList[0].sensorMetadata.temperature"),
    (event("AggregationEvent", action="ADD", parentID=URN), ""),
    (event("TransactionEvent", action="ADD", epcList=[URN]), ".bizTransactionList"),
    (event("TransactionEvent", action="ADD", bizTransactionList=[{"bizTransaction": "urn:x:1"}]), ""),
    (event("TransformationEvent", inputEPCList=[URN]), ""),
    (event("TransformationEvent", transformationID="urn:x:1"), ""),
    (event("QuantityEvent"), ".type"),
    (event("ObjectEvent", type=7), ".type"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "field"), BAD)
def test_what_is_wrong_is_named(made: dict[str, Any], field: str) -> None:
    fault = first_fault(document(seen(), made))
    assert fault is not None
    assert fault.field == f"eventList[1]{field}"
    assert str(fault).startswith("eventList[1]")


def test_the_official_schema_finds_the_same_documents_wrong(shared: Path) -> None:
    for made, _ in BAD:
        assert refuses(shared, document(made)), made


def broken(value: Any) -> Iterator[Any]:
    """A document with one thing after another left out, emptied or turned into something else."""
    if isinstance(value, dict):
        for name in value:
            yield {n: v for n, v in value.items() if n != name}
            others: tuple[Any, ...] = (7, "x y", [], {}, None, "urn:ok:1")
            for other in others:
                yield {**value, name: other}
            for inner in broken(value[name]):
                yield {**value, name: inner}
    elif isinstance(value, list):
        for at, each in enumerate(value):
            for inner in broken(each):
                yield [*value[:at], inner, *value[at + 1 :]]


def test_broken_examples_are_refused_as_the_schema_refuses_them(shared: Path) -> None:
    """In hundreds of places we say no where the schema says no, and nowhere else."""
    refused = 0
    for path in examples(shared)[:4]:
        for made in broken(parse(path.read_bytes())):
            official, ours = refuses(shared, made), first_fault(made)
            refused += ours is not None
            assert (official is None) == (ours is None), (
                f"{official} {ours} {json.dumps(made)[:3000]}"
            )
    assert refused > 500


@pytest.mark.parametrize("name", INLINE)
def test_tcr_53_an_attribute_stands_in_one_place(name: str, shared: Path) -> None:
    value = "2026-11-20T00:00:00Z" if name == "time" else "https://id.gs1.org/8004/4000001111"
    report = {"type": "Temperature", "value": 26.1, "uom": "CEL"}
    twice = document(sensed({name: value}, report, {**report, name: value}))
    assert refuses(shared, twice) is None, "the schema cannot see it"
    fault = first_fault(twice)
    assert fault is not None
    assert fault.field == f"eventList[0].sensorElementList[0].sensorReport[1].{name}"
    assert first_fault(document(sensed({name: value}, report))) is None
    assert first_fault(document(sensed({}, {**report, name: value}, report))) is None


def test_rules_of_the_text_that_the_schema_lacks(shared: Path) -> None:
    orphan = document(event("AggregationEvent", action="ADD", childEPCs=[URN]))
    backwards = document(
        sensed(
            {"startTime": "2026-11-20T02:00:00Z", "endTime": "2026-11-20T08:00:00+07:00"},
            {"type": "Speed"},
        )
    )
    for made, field in (
        (orphan, "parentID"),
        (backwards, "sensorElementList[0].sensorMetadata.endTime"),
    ):
        assert refuses(shared, made) is None
        fault = first_fault(made)
        assert fault is not None
        assert fault.field == f"eventList[0].{field}"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        ({}, "document.@context"),
        ({"type": "EPCISDocument"}, "document.@context"),
        (document(), None),
        (document(epcisBody={}), "epcisBody.eventList"),
        (document(epcisBody=[]), "epcisBody"),
        (document(epcisBody={"eventList": [1]}), "eventList[0]"),
        (document(epcisBody={"queryResults": {}}), "epcisBody.queryResults.resultsBody"),
        (document(creationDate="today"), "document.creationDate"),
        (document(**{"@context": 7}), "document.@context"),
        (document(sneder="x"), "document.sneder"),
        (document(**{"ex:note": "x"}), None),
        (seen(**{"@context": EPCIS}), None),
        (seen(), "document.@context"),
    ],
)
def test_documents(made: dict[str, Any], field: str | None) -> None:
    fault = first_fault(made)
    assert (fault.field if fault else None) == field


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}',
        b'{"a":' * 100_000, b"[" * 200_000, b'{"a":' + b"[" * 50 + b"]" * 50 + b"}", b"9" * 5_000,
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
    ],
)  # fmt: skip
def test_hostile_bytes_are_refused_in_words(payload: bytes) -> None:
    with pytest.raises(InvalidInput) as told:
        parse(payload)
    assert told.value.field == "body"


@pytest.mark.parametrize("value", [10**400, 2**53, -(2**60), float("inf")])
def test_a_number_beyond_a_double_is_refused_in_words(value: Any) -> None:
    fault = first_fault(document(seen(quantityList=[{"epcClass": URN, "quantity": value}])))
    assert fault is not None
    assert fault.field == "eventList[0].quantityList[0].quantity"


@pytest.mark.parametrize("value", ["\ud800", float("inf"), 2**60])
def test_what_cannot_be_kept_unchanged_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="without change"):
        canonical_bytes({"ex:a": value}, "eventList[0]")
