"""The events that we tell of lots and of sensors: valid, named by content, never edited."""

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, SerialNumber, Sscc
from domain.ids import DeviceId
from domain.properties import observed_properties
from domain.units import convert
from domain.window import HOUR_MS, Window
from tests.traceability.epcis.official import refuses
from traceability.epcis import lots, sensing
from traceability.epcis.document import CONTEXT, canonical_bytes, events_of, parse, write_document
from traceability.epcis.event_hash import CBV_2_0, CBV_2_1, event_hash_id
from traceability.epcis.identifiers import canonical
from traceability.epcis.lots import HandOver, Held, Origin, Process, Sent
from traceability.epcis.measures import in_base, measures, units
from traceability.epcis.sensing import Namespace, Sensed, Statistics
from traceability.epcis.telling import Amount, Event, Item, When, Where, named
from traceability.epcis.validate import fault_of, validate_document
from traceability.epcis.vocabulary import vocabulary

VN = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = 1_795_237_200_000  # 2026-11-21T12:00+07:00
WHEN = When(NOON, VN)
FIELD, STORE = Gln.parse("9520001000010"), Gln.parse("9520001000027")
WHERE = Where(FIELD, STORE)
RICE = Amount(Gtin.parse("09520001000010"), LotNumber.parse("LO-1/A"), 400.0)
LATEX = Amount(Gtin.parse("09520001000027"), LotNumber.parse("MU-7"), 1000.0)
BETWEEN = HandOver(FIELD, STORE, "https://nguon.example/giao/17")
CRATE = Sscc.parse("095200010000000010")
BAG = Item(RICE.gtin, SerialNumber.parse("B-1/A"))
OURS = Namespace("https://nguon.example")
DAY = Window(NOON - 24 * HOUR_MS, NOON)


def told() -> dict[str, Event]:
    air = Statistics("air_temperature", 22.1, 27.35, 34.0, None, 140, 144, 1800.0)
    rain = Statistics("rainfall", None, None, None, 12.5, 144, 144, 600.0)
    wetness = Statistics("leaf_wetness", 0.0, 31.0, 100.0, None, 144, 144, 600.0)
    device = OURS.device(DeviceId.parse("tram-01"))
    sensed = Sensed(
        device,
        "https://nguon.example/proofs/1",
        OURS.method("nguon-evidence/2"),
        [air, rain, wetness],
    )
    return {
        "commissioned": lots.commissioned(RICE, Origin(date(2026, 11, 20), date(2026, 12, 20), "VN"), WHEN, WHERE),
        "observed": lots.observed([RICE], "storing", "in_progress", WHEN, WHERE),
        "shipped": lots.shipped(Sent((RICE, LATEX)), BETWEEN, WHEN, Where(FIELD)),
        "shipped in units": lots.shipped(Sent((RICE,), (CRATE,)), BETWEEN, WHEN, Where(FIELD)),
        "received": lots.received(Sent((RICE,)), BETWEEN, WHEN, Where(STORE, STORE)),
        "recalled": lots.recalled([RICE], WHEN, WHERE),
        "destroyed": lots.destroyed([RICE], WHEN, Where(STORE)),
        "decommissioned": lots.decommissioned([BAG, Item(RICE.gtin, SerialNumber("2"))], WHEN, Where(STORE)),
        "packed": lots.packed(CRATE, Held((RICE, LATEX)), WHEN, WHERE),
        "packed, units named": lots.packed(CRATE, Held((RICE,), (BAG,)), WHEN, WHERE),
        "unpacked": lots.unpacked(CRATE, Held((RICE,)), WHEN, WHERE),
        "transformed": lots.transformed([LATEX], [RICE], Process("urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8", "commissioning"), WHEN, WHERE),
        "measured": sensing.measured([sensed], DAY, WHEN, FIELD, OURS, [RICE]),
        "measured on a plot": sensing.measured([sensed], DAY, WHEN, FIELD, OURS),
    }  # fmt: skip


TOLD = told()


def test_every_event_of_ours_is_valid_and_has_its_hash_for_a_name(shared: Path) -> None:
    document = write_document(TOLD.values(), OURS.context(), NOON)
    assert refuses(shared, document) is None
    found = validate_document(parse(canonical_bytes(document, "document")))
    assert [fault_of(each) for each in found] == [None] * len(TOLD)
    for name, each in zip(TOLD, found, strict=True):
        assert each.event["eventID"] == event_hash_id(each.event, CBV_2_0, each.context), name
    assert len({each.event["eventID"] for each in found}) == len(TOLD)


def test_a_harvest_says_what_where_when_and_why() -> None:
    assert TOLD["commissioned"] == {
        "type": "ObjectEvent",
        "eventID": TOLD["commissioned"]["eventID"],
        "eventTime": "2026-11-21T12:00:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "active",
        "readPoint": {"id": "https://id.gs1.org/414/9520001000010"},
        "bizLocation": {"id": "https://id.gs1.org/414/9520001000027"},
        "quantityList": [{"epcClass": "https://id.gs1.org/01/09520001000010/10/LO-1%2FA", "quantity": 400.0, "uom": "KGM"}],
        "ilmd": {"cbvmda:lotNumber": "LO-1/A", "cbvmda:harvestEndDate": "2026-11-20",
                 "cbvmda:itemExpirationDate": "2026-12-20", "cbvmda:countryOfOrigin": "VN"},
    }  # fmt: skip
    assert canonical(RICE.uri) == RICE.uri


def test_a_sensor_event_carries_statistics_and_where_the_rest_is() -> None:
    (element,) = TOLD["measured"]["sensorElementList"]
    assert element["sensorMetadata"] == {
        "startTime": "2026-11-20T12:00:00.000+07:00", "endTime": "2026-11-21T12:00:00.000+07:00",
        "deviceID": "https://nguon.example/devices/tram-01", "rawData": "https://nguon.example/proofs/1",
        "dataProcessingMethod": "https://nguon.example/methods/nguon-evidence/2",
    }  # fmt: skip
    air, rain, wetness = element["sensorReport"]
    assert air == {
        "type": "Temperature", "minValue": 22.1, "meanValue": 27.35, "maxValue": 34.0, "uom": "CEL",
        "nguon:observedProperty": "air_temperature", "nguon:used": 140, "nguon:expected": 144, "nguon:longestSilence": 1800.0,
    }  # fmt: skip
    assert (rain["type"], rain["value"], rain["uom"]) == ("Length", 12.5, "MMT")
    assert wetness["type"] == "https://nguon.example/voc/leaf_wetness"
    assert "quantityList" in TOLD["measured"]
    assert "quantityList" not in TOLD["measured on a plot"]


def test_telling_an_event_twice_is_telling_it_once() -> None:
    assert told() == TOLD


def test_serials_are_taken_back_and_nothing_else_is_told() -> None:
    """CBV 2.0, 7.1: decommissioning is of instances; 7.2: they are inactive."""
    assert TOLD["decommissioned"] == {
        "type": "ObjectEvent",
        "eventID": TOLD["decommissioned"]["eventID"],
        "eventTime": "2026-11-21T12:00:00.000+07:00",
        "eventTimeZoneOffset": "+07:00",
        "action": "DELETE",
        "bizStep": "decommissioning",
        "disposition": "inactive",
        "readPoint": {"id": "https://id.gs1.org/414/9520001000027"},
        "epcList": ["https://id.gs1.org/01/09520001000010/21/B-1%2FA", "https://id.gs1.org/01/09520001000010/21/2"],
    }  # fmt: skip
    assert canonical(BAG.uri) == BAG.uri


def test_packing_tells_the_unit_and_what_is_in_it() -> None:
    told = TOLD["packed, units named"]
    assert (told["action"], told["bizStep"]) == ("ADD", "packing")
    assert told["parentID"] == "https://id.gs1.org/00/095200010000000010"
    assert told["childEPCs"] == [BAG.uri]
    assert told["childQuantityList"] == [RICE.told()]
    undone = TOLD["unpacked"]
    assert (undone["action"], undone["bizStep"]) == ("DELETE", "unpacking")


def test_an_error_is_declared_and_the_event_stays(shared: Path) -> None:
    wrong = TOLD["shipped"]
    before = dict(wrong)
    declared = lots.declare_wrong(
        wrong, NOON + HOUR_MS, "incorrect_data", [TOLD["received"]["eventID"]]
    )
    assert wrong == before
    assert {n: v for n, v in declared.items() if n != "errorDeclaration"} == wrong
    assert declared["errorDeclaration"] == {
        "declarationTime": "2026-11-21T06:00:00.000+00:00", "reason": "incorrect_data",
        "correctiveEventIDs": [TOLD["received"]["eventID"]],
    }  # fmt: skip
    assert refuses(shared, write_document([declared], CONTEXT, NOON)) is None
    # CBV 2.0: the declaration has the id of what it declares wrong.
    assert event_hash_id(declared, CBV_2_0, CONTEXT) == wrong["eventID"]


@pytest.mark.parametrize(("event", "reason"), [
    ({n: v for n, v in TOLD["shipped"].items() if n != "eventID"}, "incorrect_data"),
    (lots.declare_wrong(TOLD["shipped"], NOON, "did_not_occur"), "did_not_occur"),
    (TOLD["shipped"], "nonsense"),
])  # fmt: skip
def test_what_cannot_be_declared_wrong(event: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput):
        lots.declare_wrong(event, NOON, reason)


def test_what_makes_no_event_is_refused() -> None:
    with pytest.raises(InvalidInput, match="inputs and outputs"):
        lots.transformed([RICE], [], Process("urn:x:1"), WHEN, WHERE)
    with pytest.raises(InvalidInput, match="childEPCs or childQuantityList"):
        lots.packed(CRATE, Held(()), WHEN, WHERE)
    with pytest.raises(InvalidInput, match="which serials"):
        lots.decommissioned([], WHEN, WHERE)
    with pytest.raises(InvalidInput, match="twice"):
        lots.decommissioned([BAG, BAG], WHEN, WHERE)


def test_the_version_of_the_rules_can_be_chosen() -> None:
    event = named({n: v for n, v in TOLD["shipped"].items() if n != "eventID"}, CONTEXT, CBV_2_1)
    assert event["eventID"].endswith("?ver=CBV2.1")


@given(
    st.text("ABCxyz019!\"%&'()*+,-./:;<=>?_", min_size=1, max_size=20),
    st.floats(0, 1e9, allow_nan=False),
    st.integers(0, 4_102_444_800_000),
    st.sampled_from(
        ["Asia/Ho_Chi_Minh", "UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]
    ),
)
def test_any_lot_any_amount_any_time(
    number: str, kilograms: float, time_ms: int, zone: str
) -> None:
    amount = Amount(RICE.gtin, LotNumber.parse(number), kilograms)
    event = lots.destroyed([amount], When(time_ms, ZoneInfo(zone)), Where(STORE))
    (found,) = events_of(parse(canonical_bytes(write_document([event], CONTEXT, NOON), "document")))
    assert (
        found.event["eventID"] == event_hash_id(found.event, CBV_2_0, CONTEXT) == event["eventID"]
    )
    assert canonical(amount.uri) == amount.uri


def test_every_observed_property_can_be_told_in_its_own_unit() -> None:
    assert set(measures()) == set(observed_properties().rows)
    for name, row in measures().items():
        assert row.type is None or row.type in vocabulary().words["measurement"], name
        assert row.uom is None or row.uom in units(), name


BASES = {
    "Cel": "K",
    "hPa": "Pa",
    "kPa": "Pa",
    "mm": "m",
    "um": "m",
    "dS/m": "S/m",
    "%": "1",
    "mV": "V",
}
"""Units of ours that the tables of both worlds can carry to one base."""


def test_units_agree_with_the_ones_we_measure_in() -> None:
    compared = 0
    for name, row in measures().items():
        unit = observed_properties().rows[name].unit
        if row.uom is not None and unit in BASES:
            ours, theirs = convert(3.25, unit, BASES[unit]), float(in_base(3.25, row.uom)[1])
            assert ours == pytest.approx(theirs), name
            compared += 1
    assert compared >= 20


@pytest.mark.parametrize(
    "figures",
    [(2.0, 1.0, 3.0, None), (1.0, float("nan"), 3.0, None), (None, None, None, float("inf"))],
)
def test_figures_that_no_readings_have(
    figures: tuple[float | None, float | None, float | None, float | None],
) -> None:
    with pytest.raises(InvalidInput, match="out of order"):
        Statistics("air_temperature", *figures, used=1, expected=1, silence_s=0.0)


def test_a_property_without_a_measure_is_named() -> None:
    with pytest.raises(InvalidInput, match="no measurement type"):
        sensing.report(Statistics("joy", 1.0, 1.0, 1.0, None, 1, 1, 0.0), OURS)
