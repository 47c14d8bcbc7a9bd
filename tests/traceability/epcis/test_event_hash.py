"""The event hash id, against the published vectors and against what it promises."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.document import events_of, parse
from traceability.epcis.event_hash import CBV_2_0, CBV_2_0_REREAD, CBV_2_1, event_hash_id, pre_hash

EPCIS = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CONTEXT = [EPCIS, {"example": "https://ns.example.com/epcis/"}]


def event(**fields: Any) -> dict[str, Any]:
    return {"type": "ObjectEvent", "eventTime": "2020-03-04T11:00:30+01:00", "eventTimeZoneOffset": "+01:00",
            "epcList": ["urn:epc:id:sgtin:0614141.011111.987"], "action": "OBSERVE", **fields}  # fmt: skip


def test_every_published_vector_is_met(shared: Path) -> None:
    folder = shared / "vectors" / "epcis" / "hash"
    met = 0
    for path in sorted(folder.glob("*.jsonld")):
        found = events_of(parse(path.read_bytes()))
        expected = path.with_suffix(".hashes").read_text("utf-8").split()
        assert [event_hash_id(f.hashed(), CBV_2_0, f.context) for f in found] == expected, path.name
        met += len(expected)
    assert met >= 25


def test_pre_hash_strings_are_those_published(shared: Path) -> None:
    folder = shared / "vectors" / "epcis" / "hash"
    for name in ("ReferenceEventHashAlgorithm", "ReferenceEventHashAlgorithm2", "epcisDocWithSensorComponent",
                 "epcisDocWithShippingAndTransportingEvent", "epcisDocWithVariousEventTypes"):  # fmt: skip
        found = events_of(parse((folder / f"{name}.jsonld").read_bytes()))
        expected = (folder / f"{name}.prehashes").read_text("utf-8").strip("\n").split("\n")
        assert [pre_hash(f.hashed(), CBV_2_0, f.context) for f in found] == expected, name


DRAFT = {
    "ReferenceEventHashAlgorithm2": "f6bf8e2fb50f26f5baba52f722211eefdb0f427a3903c61ab015db6d1f93c3da",
    "epcisDocWithAllGS1Keys": "40744f32beff53a4bf5bb5956d465cb52de5bbcc9f131409d8efb903b04d9351",
    "epclist_normalisation": "4689c31cebcad30d58b175246cd49cbd8d02fa15a4099602e8f638127b4fca79",
    "epcisDocWithVariousEventTypes": "253f0178f96349eedc207505b49044a602129605cf692e3d9f1f36c8bd1dfb0d",
}
"""What the reference implementation publishes since 2026 for the first event under CBV2.1."""


def test_the_draft_gives_what_is_published_for_it(shared: Path) -> None:
    for name, digest in DRAFT.items():
        first = events_of(
            parse((shared / "vectors" / "epcis" / "hash" / f"{name}.jsonld").read_bytes())
        )[0]
        assert (
            event_hash_id(first.hashed(), CBV_2_1, first.context)
            == f"ni:///sha-256;{digest}?ver=CBV2.1"
        )


RICH = event(
    bizStep="departing",
    disposition="in_transit",
    readPoint={"id": "urn:epc:id:sgln:4012345.00011.0", "example:myField1": "AB-12"},
    bizTransactionList=[{"type": "po", "bizTransaction": "urn:epc:id:gdti:4012345.11111.123"}],
    sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00000"}],
    destinationList=[{"type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00000"}],
    **{"example:userExt": "CD-34"},
)
HEAD = (
    "eventType=ObjectEventeventTime=2020-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00"
    "epcListepc=https://id.gs1.org/01/00614141111114/21/987action=OBSERVE"
    "bizStep=https://ref.gs1.org/cbv/BizStep-departingdisposition=https://ref.gs1.org/cbv/Disp-in_transit"
    "readPointid=https://id.gs1.org/414/4012345000115{https://ns.example.com/epcis/}myField1=AB-12"
    "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-pobizTransaction=https://id.gs1.org/253/4012345111118123"
)
SOURCE = "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/4012345000009"
DESTINATION = "destinationListtype=https://ref.gs1.org/cbv/SDT-owning_partydestination=https://id.gs1.org/417/0614141000005"
USERS = "{https://ns.example.com/epcis/}userExt=CD-34"


def test_the_versions_differ_where_they_are_known_to() -> None:
    """The third reference event as both versions publish it, in the order of each."""
    assert pre_hash(RICH, CBV_2_0, CONTEXT) == HEAD + DESTINATION + SOURCE + USERS
    assert pre_hash(RICH, CBV_2_1, CONTEXT) == HEAD + SOURCE + DESTINATION + USERS
    certified = event(certificationInfo="https://certificates.example.org/ABC")
    assert "certificationInfo=" in pre_hash(certified, CBV_2_0, CONTEXT)
    assert "certificationInfo" not in pre_hash(certified, CBV_2_1, CONTEXT)
    sensed = event(sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": 26.0}]}])
    assert "type=https://gs1.org/voc/Temperaturevalue=26" in pre_hash(sensed, CBV_2_0, EPCIS)
    assert "type=https://ref.gs1.org/voc/Temperaturevalue=26" in pre_hash(sensed, CBV_2_1, EPCIS)
    assert event_hash_id(RICH, CBV_2_0, CONTEXT).endswith("?ver=CBV2.0")
    assert event_hash_id(RICH, CBV_2_1, CONTEXT).endswith("?ver=CBV2.1")


def test_the_second_reading_of_2_0_moves_what_users_added_to_the_end() -> None:
    """As the reference implementation publishes its third event since 2026, and a sensor's of our own."""
    moved = HEAD.replace("{https://ns.example.com/epcis/}myField1=AB-12", "")
    added = "readPoint{https://ns.example.com/epcis/}myField1=AB-12"
    assert pre_hash(RICH, CBV_2_0_REREAD, CONTEXT) == moved + SOURCE + DESTINATION + added + USERS
    report = {"type": "Speed", "value": 1, "example:r": "1"}
    element = {
        "sensorMetadata": {"time": "2020-03-04T10:00:00Z", "example:m": "2"},
        "sensorReport": [report],
        "example:e": "3",
    }
    sensed = event(
        action="ADD", ilmd={"example:i": "4"}, sensorElementList=[element], **{"example:x": "5"}
    )
    written = pre_hash(sensed, CBV_2_0_REREAD, CONTEXT).replace("https://ns.example.com/epcis/", "")
    assert written.partition("action=ADD")[2] == (
        "sensorElementsensorMetadatatime=2020-03-04T10:00:00.000ZsensorReporttype=https://ref.gs1.org/voc/Speedvalue=1"
        "ilmd{}i=4sensorElementsensorMetadata{}m=2sensorReport{}r=1{}e=3{}x=5"
    )
    assert event_hash_id(RICH, CBV_2_0_REREAD, CONTEXT).endswith("?ver=CBV2.0")


def test_transactions_parties_and_sensors_of_the_draft_stand_in_the_written_order() -> None:
    sensed = {**RICH, "sensorElementList": [{"sensorReport": [{"type": "Speed", "value": 1}]}]}
    new, old = pre_hash(sensed, CBV_2_1, CONTEXT), pre_hash(sensed, CBV_2_0, CONTEXT)
    assert new.index("bizTransactionList") < new.index("sensorElementList")
    assert old.index("sensorElementList") < old.index("bizTransactionList")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (event(eventTime="2020-03-04T10:00:30Z"), event(eventTime="2020-03-04T17:00:30.0000+07:00")),
        (event(bizStep="shipping"), event(bizStep="cbv:BizStep-shipping")),
        (event(bizStep="shipping"), event(bizStep="urn:epcglobal:cbv:bizstep:shipping")),
        (event(bizStep="shipping"), event(bizStep="https://ref.gs1.org/cbv/BizStep-shipping")),
        (event(epcList=["urn:epc:id:sgtin:0614141.011111.987"]), event(epcList=["https://shop.example/x/01/00614141111114/10/L/21/987?17=270101"])),
        (event(quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 1.50}]), event(quantityList=[{"quantity": 1.5, "epcClass": "https://id.gs1.org/01/04012345123456/10/998877"}])),
        (event(), event(eventID="urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8", recordTime="2021-01-01T00:00:00Z")),
        (event(), event(errorDeclaration={"declarationTime": "2021-01-01T00:00:00Z"})),
        (event(), event(bizTransactionList=[])),
        (event(**{"example:a": ["2", "1"]}), event(**{"example:a": ["1", "2"]})),
        (event(**{"example:a": "2.50"}), event(**{"example:a": 2.5})),
        (event(**{"example:a": "x"}), event(**{"example:a": " x ", "rdfs:comment": "said aside"})),
    ],
)  # fmt: skip
def test_the_same_event_has_one_hash(one: dict[str, Any], other: dict[str, Any]) -> None:
    for rules in (CBV_2_0, CBV_2_1, CBV_2_0_REREAD):
        assert event_hash_id(one, rules, CONTEXT) == event_hash_id(other, rules, CONTEXT)


@pytest.mark.parametrize(
    "changed",
    [
        {"action": "ADD"}, {"eventTime": "2020-03-04T11:00:30.001+01:00"}, {"bizStep": "receiving"},
        {"example:userExt": "CD-35"}, {"example:other": ""}, {"disposition": "in_progress"},
        {"epcList": ["urn:epc:id:sgtin:0614141.011111.988"]}, {"type": "TransactionEvent"},
        {"sourceList": [{"type": "location", "source": "urn:epc:id:pgln:4012345.00000"}]},
    ],
)  # fmt: skip
def test_another_event_has_another_hash(changed: dict[str, Any]) -> None:
    for rules in (CBV_2_0, CBV_2_1):
        assert event_hash_id({**RICH, **changed}, rules, CONTEXT) != event_hash_id(
            RICH, rules, CONTEXT
        )


@given(st.permutations(sorted(RICH)))
def test_the_order_of_fields_is_nothing(order: list[str]) -> None:
    shuffled = {name: RICH[name] for name in order}
    assert event_hash_id(shuffled, CBV_2_0, CONTEXT) == event_hash_id(RICH, CBV_2_0, CONTEXT)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=12)


@given(
    st.dictionaries(
        st.sampled_from([*RICH, "ilmd", "sensorElementList", "example:x", "x"]),
        scalars | st.lists(scalars),
    ),
    values,
)
def test_users_fields_of_any_shape_are_hashed(fields: dict[str, Any], value: Any) -> None:
    """No event, however odd, breaks the computation: it may be asked of what is not yet validated."""
    made = {
        **RICH,
        "example:odd": value,
        **{k: v for k, v in fields.items() if k.startswith(("example", "ilmd", "x"))},
    }
    assert "ni:///sha-256;" in event_hash_id(made, CBV_2_0, CONTEXT)


def test_a_long_number_keeps_its_digits() -> None:
    assert "=12345678901234567890" in pre_hash(
        event(**{"example:n": "12345678901234567890"}), CBV_2_0, CONTEXT
    )
    assert "=0.00001" in pre_hash(event(**{"example:n": 1e-5}), CBV_2_0, CONTEXT)
    assert "=1e99999" in pre_hash(event(**{"example:n": "1e99999"}), CBV_2_0, CONTEXT)


@pytest.mark.parametrize(
    ("written", "hashed"),
    [
        ("2023-01-18T11:04:03.1415Z", "2023-01-18T11:04:03.142Z"),
        ("2023-01-18T11:04:03.1414Z", "2023-01-18T11:04:03.141Z"),
        ("2023-01-18T11:04:03.1425Z", "2023-01-18T11:04:03.143Z"),  # half up, not half to even
        ("2023-12-31T23:59:59.9995Z", "2024-01-01T00:00:00.000Z"),
        ("2023-01-18T11:04:03Z", "2023-01-18T11:04:03.000Z"),
        ("tomorrow", "tomorrow"),
        ("9999-12-31T23:59:59.9999-14:00", "9999-12-31T23:59:59.9999-14:00"),
    ],
)
def test_times_are_utc_to_the_millisecond(written: str, hashed: str) -> None:
    assert f"eventTime={hashed}eventTimeZone" in pre_hash(
        event(eventTime=written), CBV_2_1, CONTEXT
    )


def test_prefixes_of_the_standard_cannot_be_moved() -> None:
    moved = [EPCIS, {"cbv": "https://evil.example/", "gs1": "https://evil.example/"}]
    sensed = event(
        bizStep="shipping", sensorElementList=[{"sensorReport": [{"type": "gs1:Temperature"}]}]
    )
    assert event_hash_id(sensed, CBV_2_0, moved) == event_hash_id(sensed, CBV_2_0, EPCIS)


def test_fields_that_a_repository_ignores_stay_out() -> None:
    document = {"@context": [EPCIS, {"r": "https://repository-x.example.com/"}], "type": "EPCISDocument",
                "r:ignoreFields": ["r:hash"], "epcisBody": {"eventList": [event(**{"r:hash": "x"})]}}  # fmt: skip
    (found,) = events_of(json.loads(json.dumps(document)))
    assert event_hash_id(found.hashed(), CBV_2_0, found.context) == event_hash_id(
        event(), CBV_2_0, EPCIS
    )
