"""A lot's own events: made from its record and its passport, the same each time, and valid."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.gs1 import Giai, Gln
from domain.ids import DeviceId
from domain.lot import IssuedPassport, Lot, Recall
from domain.window import HOUR_MS
from tests.builders import ZONE
from tests.traceability.epcis.official import refuses
from tests.traceability.world import DEVICE, GTIN, NOON, World
from traceability.canonical import to_bytes
from traceability.envelope import Envelope
from traceability.epcis.document import canonical_bytes, parse, write_document
from traceability.epcis.of_passport import Known, events_of_lot
from traceability.epcis.sensing import Namespace
from traceability.epcis.telling import Event
from traceability.epcis.validate import fault_of, validate_document

OURS = Namespace("https://nguon.example")
PROOF = "https://nguon.example/v1/lots/09520001000010/LO-1/proof"
PLACE = Gln("9520001001017")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def passport(world: World) -> IssuedPassport:
    return world.issued()


@pytest.fixture(scope="module")
def known(world: World, passport: IssuedPassport) -> Known:
    with world.records.reading() as transaction:
        lot = transaction.lots.find(GTIN, "LO-1")
    assert isinstance(lot, Lot)
    return Known(lot, PLACE, ZONE, None, passport.envelope, PROOF)


def recalled(known: Known) -> Known:
    recall = Recall(known.lot.gtin, known.lot.number, "dư lượng", "office", NOON + HOUR_MS)
    return replace(known, recall=recall)


def test_they_are_valid_by_our_rules_and_by_gs1s_schema(shared: Path, known: Known) -> None:
    events = events_of_lot(recalled(known), OURS)
    document = write_document(events, OURS.context(), NOON)
    assert refuses(shared, document) is None
    found = validate_document(parse(canonical_bytes(document, "document")))
    assert [fault_of(each) for each in found] == [None, None, None]
    assert len({each.event["eventID"] for each in found}) == 3
    assert [each.event["bizStep"] for each in found] == [
        "sensor_reporting", "commissioning", "holding",
    ]  # fmt: skip


def test_a_device_tells_its_figures_and_where_the_rest_is(
    known: Known, passport: IssuedPassport
) -> None:
    sensed, begun = events_of_lot(known, OURS)
    (element,) = sensed["sensorElementList"]
    assert element["sensorMetadata"] == {
        "startTime": "2026-11-16T00:00:00.000+07:00", "endTime": "2026-11-21T00:00:00.000+07:00",
        "deviceID": f"https://nguon.example/devices/{DEVICE}", "rawData": PROOF,
        "dataProcessingMethod": "https://nguon.example/methods/nguon-evidence/2",
    }  # fmt: skip
    rows = json.loads(Envelope.decode(passport.envelope).payload)["evidence"]
    told = {report["nguon:observedProperty"]: report for report in element["sensorReport"]}
    for row in rows:
        report = told[row["property"]]
        assert report.get("meanValue") == row["mean"]
        assert report.get("value") == row["total"]
        assert (report["nguon:used"], report["nguon:expected"]) == (row["used"], row["expected"])
        assert report.get("nguon:depth") == row["depth_m"]
    (amount,) = begun["quantityList"]
    assert sensed["quantityList"] == [amount]
    assert (amount["quantity"], begun["ilmd"]["cbvmda:countryOfOrigin"]) == (400.0, "VN")
    assert begun["ilmd"]["cbvmda:harvestEndDate"] == "2026-11-20"


def test_telling_them_again_is_telling_them_once(known: Known) -> None:
    assert events_of_lot(known, OURS) == events_of_lot(known, OURS)
    assert events_of_lot(recalled(known), OURS)[:2] == events_of_lot(known, OURS)


def test_without_a_passport_only_its_beginning_is_told(known: Known) -> None:
    (begun,) = events_of_lot(replace(known, envelope=None), OURS)
    assert begun["bizStep"] == "commissioning"
    (elsewhere,) = events_of_lot(replace(known, envelope=None, zone=ZoneInfo("Asia/Bangkok")), OURS)
    assert "cbvmda:countryOfOrigin" not in elsewhere["ilmd"]


def changed(known: Known, **fields: Any) -> list[Event]:
    assert known.envelope is not None
    envelope = Envelope.decode(known.envelope)
    document = json.loads(envelope.payload)
    for row in document["evidence"]:
        row.update(fields)
    altered = replace(envelope, payload=to_bytes(document))
    return events_of_lot(replace(known, envelope=altered.encode()), OURS)


def test_a_mean_beside_its_extremes_by_a_hair_is_told_as_one_of_them(known: Known) -> None:
    sensed, _ = changed(known, minimum=25.1, mean=25.099999999999998, maximum=25.1, total=None)
    for report in sensed["sensorElementList"][0]["sensorReport"]:
        assert report["meanValue"] == 25.1


def test_a_device_that_never_served_has_no_event(known: Known) -> None:
    assert [event["bizStep"] for event in changed(known, windows=[])] == ["commissioning"]


def test_a_device_is_named_by_its_giai_where_it_had_one(known: Known) -> None:
    numbered = replace(known, giais={DeviceId("dat-01"): Giai.parse("9520001dat/01")})
    (plain, _), (sensed, begun) = events_of_lot(known, OURS), events_of_lot(numbered, OURS)
    (element,) = sensed["sensorElementList"]
    uri = "https://id.gs1.org/8004/9520001dat%2F01"
    assert element["sensorMetadata"]["deviceID"] == uri
    assert sensed["eventID"] != plain["eventID"]
    assert begun == events_of_lot(known, OURS)[1]
