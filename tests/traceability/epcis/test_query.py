"""Questions and which events answer them; the steps of TCR-53 among them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from traceability.epcis.conditions import COMPARE, MATCHED, Match
from traceability.epcis.document import Found
from traceability.epcis.facts import Facts
from traceability.epcis.query import MOST_VALUES, parse_query
from traceability.epcis.validate import fault_of
from traceability.epcis.wanted import Prefixes

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"ex": "https://ns.example.com/epcis/"},
]
EPC, LINK = "urn:epc:id:sgtin:0614141.107346.2018", "https://id.gs1.org/01/10614141073464/21/2018"
LOT = "https://id.gs1.org/01/04012345123456/10/998877"
DEVICE = "https://id.gs1.org/8004/4000001111"

EVENT: dict[str, Any] = {
    "type": "ObjectEvent", "eventID": "urn:uuid:1", "eventTime": "2026-11-20T08:00:00+07:00", "eventTimeZoneOffset": "+07:00",
    "recordTime": "2026-11-21T00:00:00Z", "action": "ADD", "bizStep": "cbv:BizStep-shipping", "disposition": "in_transit",
    "epcList": [EPC], "quantityList": [{"epcClass": LOT, "quantity": 200, "uom": "KGM"}],
    "readPoint": {"id": "urn:epc:id:sgln:0012345.11111.400", "ex:gate": "g"}, "bizLocation": {"id": "geo:11.2,106.3"},
    "persistentDisposition": {"set": ["recalled"], "unset": ["available"]},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00225"}],
    "errorDeclaration": {"declarationTime": "2026-11-22T00:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:2"], "ex:who": "w"},
    "ilmd": {"cbvmda:lotNumber": "LO-1", "ex:grade": "2.50"}, "ex:note": ["a", "b"], "ex:box": {"ex:weight": 12, "ex:in": {"ex:deep": "x"}},
    "sensorElementList": [{
        "sensorMetadata": {"time": "2026-11-20T01:00:00Z", "deviceID": "urn:epc:id:giai:4000001.111", "bizRules": "https://r.example/1", "ex:meta": "m"},
        "sensorReport": [
            {"type": "gs1:Temperature", "value": 26, "uom": "CEL", "sDev": 0.5, "component": "x", "ex:rep": 7},
            {"type": "https://ns.example.com/epcis/Joy", "booleanValue": True, "stringValue": "vui", "exception": "ALARM_CONDITION"},
        ],
        "ex:element": "2026-11-20T00:00:00Z"}],
}  # fmt: skip
FACTS = Facts(Found("event", EVENT, CONTEXT))


def test_the_event_is_one_that_is_taken() -> None:
    assert fault_of(FACTS.found) is None


def holds(asked: dict[str, Any], facts: Facts = FACTS, known: dict[str, str] | None = None) -> bool:
    query = parse_query(asked, Prefixes(known or {"ex": "https://ns.example.com/epcis/"}))
    return all(condition.holds(facts) for condition in query.conditions)


YES: list[dict[str, Any]] = [
    {}, {"eventType": "ObjectEvent"}, {"eventType": ["AggregationEvent", "ObjectEvent"]}, {"EQ_action": "ADD"},
    {"EQ_bizStep": "shipping"}, {"EQ_bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, {"EQ_bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"},
    {"EQ_bizStep": ["receiving", "shipping"]}, {"EQ_disposition": "cbv:Disp-in_transit"},
    {"EQ_persistentDisposition_set": "recalled"}, {"EQ_persistentDisposition_unset": "available"},
    {"GE_eventTime": "2026-11-20T01:00:00Z"}, {"LT_eventTime": "2026-11-20T01:00:00.001Z"}, {"GE_recordTime": "2026-11-21T07:00:00+07:00"},
    {"GE_eventTime": "2026-11-20T08:00:00 07:00"},
    {"EQ_readPoint": "https://id.gs1.org/414/0012345111112/254/400"}, {"WD_readPoint": "urn:epc:id:sgln:0012345.11111.0"},
    {"EQ_bizLocation": "geo:11.2,106.3"}, {"WD_bizLocation": "geo:11.2,106.3"},
    {"EQ_eventID": "urn:uuid:1"}, {"MATCH_epc": EPC}, {"MATCH_epc": LINK}, {"MATCH_anyEPC": LINK}, {"MATCH_epc": "https://shop.example/01/10614141073464/21/2018?17=270101"},
    {"MATCH_epc": "urn:epc:idpat:sgtin:0614141.107346.*"}, {"MATCH_epc": "https://id.gs1.org/01/10614141073464/21/*"}, {"MATCH_anyEPC": "https://shop.example/x/01/10614141073464/21/*"},
    {"MATCH_epcClass": "https://id.gs1.org/01/04012345123456/10/*"}, {"MATCH_epc": ["urn:x:1", "https://id.gs1.org/gtin/10614141073464/ser/*"]},
    {"MATCH_epcClass": "urn:epc:class:lgtin:4012345.012345.998877"}, {"MATCH_anyEPCClass": LOT},
    {"EQ_quantity": "200"}, {"GT_quantity": 199.5}, {"LE_quantity": 200}, {"EQ_quantity_KGM": 200}, {"GE_quantity_TNE": 0.2}, {"LE_quantity_GRM": 200_000},
    {"EQ_readPoint_ex:gate": "g"}, {"EQ_ERROR_DECLARATION_ex:who": "w"}, {"EXISTS_ERROR_DECLARATION_ex:who": True}, {"GE_errorDeclaration_Time": "2026-11-22T00:00:00Z"},
    {"EQ_bizTransaction_po": "https://id.gs1.org/253/06141410000121618034"}, {"EQ_source_owning_party": "https://id.gs1.org/417/4012345002256"},
    {"EXISTS_errorDeclaration": "true"}, {"EQ_errorReason": "incorrect_data"}, {"EQ_correctiveEventID": "urn:uuid:2"},
    {"GE_errorDeclarationTime": "2026-11-22T00:00:00Z"}, {"EXISTS_errorDeclaration": False},
    {"EQ_ILMD_cbvmda:lotNumber": "LO-1"}, {"EQ_ILMD_urn:epcglobal:cbv:mda:lotNumber": "LO-1"}, {"EQ_ILMD_ex:grade": 2.5}, {"GE_ILMD_ex:grade": "2.5"}, {"EXISTS_ILMD_ex:grade": True},
    {"EQ_ex:note": "b"}, {"EQ_https://ns.example.com/epcis/#note": "b"}, {"EXISTS_ex:note": "true"},
    {"EQ_INNER_ex:weight": 12}, {"GT_INNER_ex:weight": 11}, {"EQ_INNER_ex:deep": "x"}, {"EXISTS_INNER_ex:deep": True},
    # TCR-53
    {"EXISTS_sensorElement": "true"},                                     # step 3
    {"GE_time": "2026-11-20T01:00:00Z", "LT_time": "2026-11-20T02:00:00Z"},  # step 4
    {"EQ_type": "Temperature"}, {"EQ_type": "gs1:Temperature"}, {"EQ_type": "https://gs1.org/voc/Temperature"}, {"EQ_type": "ex:Joy"},  # step 6
    {"EQ_deviceID": DEVICE}, {"EQ_deviceID": "urn:epc:id:giai:4000001.111"},  # step 7
    {"EQ_bizRules": "https://r.example/1"},                                # step 11
    {"EQ_value_CEL": 26}, {"GE_value_CEL": 26}, {"LT_value_CEL": 26.5},     # step 12
    {"EQ_stringValue": "vui"}, {"EQ_booleanValue": "true"},                # steps 16, 17
    {"EQ_SENSORELEMENT_ex:element": "2026-11-20T00:00:00Z"}, {"LE_SENSORELEMENT_ex:element": "2026-11-20T07:00:00+07:00"},  # step 20
    {"EQ_SENSORMETADATA_ex:meta": "m"}, {"GE_SENSORREPORT_ex:rep": 7},      # steps 21, 22
    {"GE_sDev": 0.5}, {"LT_sDev": 0.6}, {"GE_sDev_KEL": 0.5}, {"EQ_sDev_FAH": 0.9},  # step 23; a spread has no zero point
    {"EQ_type": "Temperature", "GE_value_KEL": 200},                       # step 26: more than 26, colder than 26 °C
    {"EQ_value_KEL": 299.15}, {"GE_value_FAH": 78.8}, {"LE_value_FAH": 78.8},
    {"EQ_time": "2026-11-20T01:00:00Z"},                                   # step 28
    {"EQ_component": "cbv:Comp-x"}, {"EQ_exception": "ALARM_CONDITION"}, {"GE_value": 26},
]  # fmt: skip

NO: list[dict[str, Any]] = [
    {"eventType": "AggregationEvent"}, {"EQ_action": ["OBSERVE", "DELETE"]}, {"EQ_bizStep": "receiving"}, {"EQ_disposition": "active"}, {"EQ_bizStep": "https://ns.example.com/pruning"},
    {"EQ_persistentDisposition_set": "available"}, {"GE_eventTime": "2026-11-20T01:00:00.001Z"}, {"LT_eventTime": "2026-11-20T01:00:00Z"},
    {"LT_recordTime": "2026-11-21T00:00:00Z"}, {"EQ_readPoint": "urn:epc:id:sgln:0012345.11111.0"}, {"WD_readPoint": "https://id.gs1.org/414/0012345111112/254/4"},
    {"EQ_eventID": "urn:uuid:2"}, {"EQ_transformationID": "urn:uuid:1"}, {"MATCH_parentID": LINK}, {"MATCH_inputEPC": LINK}, {"MATCH_epc": LOT}, {"MATCH_epcClass": LINK},
    {"MATCH_epc": "urn:epc:idpat:sgtin:0614141.107347.*"}, {"MATCH_epc": "https://id.gs1.org/01/10614141073464/10/*"}, {"MATCH_epc": "https://id.gs1.org/01/10614141073464/21/%2A"},
    {"MATCH_epcClass": "https://id.gs1.org/01/04012345123456/21/*"}, {"MATCH_epcClass": "https://id.gs1.org/01/04012345123456"}, {"EQ_quantity": 201}, {"LT_quantity": 200}, {"GT_quantity_TNE": 0.2}, {"EQ_quantity_LTR": 200}, {"EQ_bizLocation_ex:gate": "g"},
    {"EQ_bizTransaction_inv": "https://id.gs1.org/253/06141410000121618034"}, {"EQ_destination_owning_party": "https://id.gs1.org/417/4012345002256"},
    {"EQ_errorReason": "did_not_occur"}, {"EQ_correctiveEventID": "urn:uuid:1"}, {"LT_errorDeclarationTime": "2026-11-22T00:00:00Z"},
    {"EQ_ILMD_cbvmda:lotNumber": "LO-2"}, {"EQ_cbvmda:lotNumber": "LO-1"}, {"GT_ILMD_ex:grade": 2.5}, {"EXISTS_ILMD_ex:other": True},
    {"EQ_ex:weight": 12}, {"GT_INNER_ex:deep": 1}, {"GE_SENSORELEMENT_ex:element": 5},
    {"EQ_type": "Speed"}, {"EQ_deviceID": "https://id.gs1.org/8004/4000001112"}, {"GT_value_CEL": 26}, {"GE_value_KEL": 300}, {"GE_value_PAL": 1}, {"GE_value_XXX": 1},
    {"GE_maxValue_CEL": 1}, {"EQ_booleanValue": False}, {"EQ_sDev_KEL": 273.65}, {"GE_startTime": "2020-01-01T00:00:00Z"},
    {"EQ_bizStep": "shipping", "EQ_action": "DELETE"}, {"EQ_time": "2026-11-20T01:00:00.001Z"},
]  # fmt: skip


@pytest.mark.parametrize("asked", YES)
def test_it_is_among_the_answers(asked: dict[str, Any]) -> None:
    assert holds(asked)


@pytest.mark.parametrize("asked", NO)
def test_it_is_not_among_the_answers(asked: dict[str, Any]) -> None:
    assert not holds(asked)


def test_a_type_of_ones_own_is_found_in_any_spelling() -> None:
    facts = Facts(Found("event", {**EVENT, "type": "ex:GraftingEvent"}, CONTEXT))
    assert holds({"eventType": "https://ns.example.com/epcis/GraftingEvent"}, facts)
    assert holds({"eventType": "ex:GraftingEvent"}, facts)
    assert not holds({"eventType": "ObjectEvent"}, facts)


def test_an_attribute_counts_wherever_it_stands() -> None:
    """TCR-53, steps 27 and 28: two events, one with the attributes in each place."""
    inline = {
        "time": "2026-11-20T01:00:00Z",
        **{
            name: f"https://{name}.example/1"
            for name in ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod")
        },
    }
    report = {"type": "Temperature", "value": 1, "uom": "CEL"}
    places = (
        {"sensorMetadata": inline, "sensorReport": [report]},
        {"sensorReport": [{**report, **inline}]},
    )
    for element in places:
        facts = Facts(Found("event", {**EVENT, "sensorElementList": [element]}, CONTEXT))
        for name, value in inline.items():
            assert holds({f"EQ_{name}": value}, facts), name
            assert not holds(
                {f"EQ_{name}": "2020-01-01T00:00:00Z" if name == "time" else "urn:x:other"}, facts
            ), name


@pytest.mark.parametrize("name", [
    "EQ_", "", "EQ_bizstep", "bizStep", "GE_bizStep", "LT_readPoint", "EQ_eventTime", "GT_eventTime", "MATCH_", "MATCH_lot", "EQ_source", "EQ_source_",
    "GE_value_", "EQ_lotNumber", "EXISTS_", "EXISTS_lotNumber", "HASATTR_bizLocation", "NE_ex:note", "GE_", "EQ_ILMD_lotNumber", "x" * 10_000,
])  # fmt: skip
def test_an_unknown_parameter_is_an_error(name: str) -> None:
    if name == "GE_value_":  # a figure without its unit is compared as it is
        assert holds({name: "1"})
        return
    with pytest.raises(InvalidInput, match="no such query parameter"):
        parse_query({name: "1"}, Prefixes())


@pytest.mark.parametrize(("name", "value"), [
    ("EQ_action", "LOOK"), ("GE_eventTime", "yesterday"), ("GE_eventTime", ["2026-11-20T01:00:00Z"] * 2), ("GE_value_CEL", "warm"), ("GE_value_CEL", "nan"),
    ("GE_value_CEL", True), ("EXISTS_errorDeclaration", "perhaps"), ("EQ_bizStep", ""), ("EQ_bizStep", []), ("EQ_bizStep", {}), ("EQ_bizStep", None),
    ("EQ_bizStep", ["x"] * (MOST_VALUES + 1)), ("MATCH_epc", "urn:epc:idpat:sgtin:0614141.*.*"), ("orderBy", "colour"), ("orderDirection", "UP"),
    ("eventType", "ObservationEvent"), ("eventType", "ex:GraftingEvent"), ("EQ_bizStep", "packaging"), ("EQ_bizStep", "cbv:BizStep-packaging"), ("EQ_bizStep", ["packing", "Packing"]),
    ("EQ_bizStep", "https://ref.gs1.org/cbv/Disp-active"), ("EQ_bizStep", "urn:epcglobal:cbv:bizstep:packaging"), ("EQ_bizStep", "ex:pruning"), ("EQ_disposition", "shipping"),
    ("EQ_persistentDisposition_set", "gone"), ("EQ_errorReason", "typo"), ("EQ_type", "Warmth"), ("EQ_type", "gs1:Warmth"), ("EQ_component", "w"), ("EQ_exception", "ALARM"),
    ("EQ_source_owner", "urn:x:1"), ("EQ_bizTransaction_order", "urn:x:1"), ("EQ_readPoint", "gate 7"), ("WD_bizLocation", "https://id.gs1.org/414/95060001343"), ("EQ_eventID", "17"),
    ("EQ_action", ["ADD", "add"]), ("GE_quantity_kg", 1), ("GE_value_celsius", 1), ("EXISTS_https://ns.example.com/note", "false"), ("EQ_ex:note", "a"), ("EXISTS_ILMD_ex:note", True),
    ("GE_eventTime", "2026-11-20T08:00:00"), ("LT_recordTime", "2026-11-20"), ("EQ_time", "2026-11-20T08:00"), ("GE_errorDeclarationTime", "2026-11-20T08:00:00"),
    ("GE_ILMD_https://ns.example.com/day", "2026-11-20T08:00:00"),
    ("MATCH_epc", "*"), ("MATCH_epc", "09506000134352"), ("MATCH_epc", "https://id.gs1.org/01/*"), ("MATCH_epc", "https://id.gs1.org/01/10614141073464/*"), ("MATCH_epc", "https://id.gs1.org/*"),
    ("MATCH_epc", "https://id.gs1.org/01/1061414107346*/21/1"), ("MATCH_epc", "https://id.gs1.org/01/10614141073464/21/20*"), ("MATCH_epc", "https://id.gs1.org/01/10614141073464/10/L/21/*"),
    ("MATCH_epc", "https://id.gs1.org/01/10614141073464/22/V/21/*"), ("MATCH_epc", "https://id.gs1.org/01/10614141073465/21/*"), ("MATCH_epc", "https://id.gs1.org/00/*"), ("MATCH_epc", "urn:epc:id:sgtin:0614141.107346.*"),
    ("MATCH_epc", "https://id.gs1.org/01/10614141073464/21/*?x=1"), ("MATCH_epc", "urn:epc:idpat:sscc:0614141.*"), ("MATCH_epc", "urn:epc:id:sgtin:0614141.1.1"), ("MATCH_epc", "https://id.gs1.org/01/10614141073465/21/1"),
    ("MATCH_parentID", "https://id.gs1.org/00/095200010000000018"), ("MATCH_anyEPC", "https://id.gs1.org/sscc/95200010000000010"),
    ("eventCountLimit", 3), ("maxEventCount", 0), ("maxEventCount", -1), ("maxEventCount", "9" * 50), ("GT_ILMD_ex:grade", "big"),
])  # fmt: skip
def test_a_value_that_means_nothing_is_an_error(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as told:
        parse_query({name: value}, Prefixes())
    assert told.value.field == name


@pytest.mark.parametrize(("name", "value", "said"), [
    ("eventType", "ObservationEvent", "ObjectEvent, AggregationEvent"), ("EQ_bizStep", "packaging", "packing, picking"), ("EQ_action", "LOOK", "ADD, OBSERVE or DELETE"),
    ("EQ_disposition", "gone", "active, available"), ("EQ_errorReason", "typo", "did_not_occur, incorrect_data"), ("EQ_bizStep", "ex:pruning", "GS1-Extensions: ex="),
    ("GE_eventTime", "2026-11-20T08:00:00", "with a zone"), ("MATCH_epc", "https://id.gs1.org/01/*", "/21/\\*"), ("MATCH_epc", "https://id.gs1.org/01/10614141073465/21/1", "its check digit is 4"),
])  # fmt: skip
def test_the_sentence_says_what_is_allowed(name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_query({name: value}, Prefixes())


@given(st.text(max_size=30))
def test_an_asterisk_never_slips_through_as_an_identifier(text: str) -> None:
    for stem in ("", "https://id.gs1.org/01/10614141073464/", "urn:epc:idpat:sgtin:0614141."):
        try:
            (match,) = parse_query({"MATCH_epc": f"{stem}{text}*"}, Prefixes()).conditions
        except InvalidInput:
            continue
        assert isinstance(match, Match)
        assert match.stems


def test_order_and_limits() -> None:
    query = parse_query(
        {"orderBy": "eventTime", "orderDirection": "ASC", "eventCountLimit": "5"}, Prefixes()
    )
    assert (query.order, query.descending, query.first, query.most) == ("eventTime", False, 5, None)
    assert parse_query({"orderBy": "recordTime"}, Prefixes()).descending
    assert not parse_query({}, Prefixes()).descending
    with pytest.raises(InvalidInput):
        parse_query({"orderBy": "eventTime", "eventCountLimit": 5, "maxEventCount": 5}, Prefixes())


operators = st.sampled_from([*COMPARE, "MATCH", "WD", "EXISTS", "HAS"])
fields = st.sampled_from(
    [
        *MATCHED,
        "bizStep",
        "value",
        "value_CEL",
        "time",
        "quantity",
        "type",
        "ILMD_ex:a",
        "INNER_ex:a",
        "source_x",
        "eventTime",
        "booleanValue",
    ]
) | st.text(max_size=12)


@given(
    operators,
    fields,
    st.text(max_size=20) | st.floats() | st.booleans() | st.lists(st.text(max_size=5), max_size=3),
)
def test_any_question_is_answered_or_refused(operator: str, field: str, value: Any) -> None:
    try:
        query = parse_query({f"{operator}_{field}": value}, Prefixes())
    except InvalidInput:
        return
    assert all(isinstance(condition.holds(FACTS), bool) for condition in query.conditions)
