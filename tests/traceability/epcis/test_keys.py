"""GS1 keys with a wrong check digit: refused wherever they stand, with the right one named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gs1 import check_digit
from tests.traceability.epcis.test_validate import EPCIS, document, event, first_fault, seen
from traceability.epcis.keys import problem_of, wrong_digit

GOOD, BAD = "https://id.gs1.org/01/09506000134352", "https://id.gs1.org/01/09506000134353"
CRATE = "https://id.gs1.org/00/095200010000000018"
GATE = {"id": "https://id.gs1.org/414/9520001000011"}


def packed(**fields: Any) -> dict[str, Any]:
    children = {"childEPCs": [f"{GOOD}/21/1"], "parentID": f"{CRATE[:-1]}0"}
    return event("AggregationEvent", **{"action": "ADD", **children, **fields})


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (seen(epcList=[f"{GOOD}/21/1", f"{BAD}/21/2"]), "epcList[1]", "GTIN 09506000134353 ends in 3, its check digit is 2"),
    (seen(epcList=["https://shop.example/shelf/01/9506000134353/21/2?17=270101"]), "epcList[0]", "its check digit is 2"),
    (seen(quantityList=[{"epcClass": f"{BAD}/10/L", "quantity": 1}]), "quantityList[0].epcClass", "GTIN 09506000134353"),
    (packed(parentID=CRATE), "parentID", "SSCC 095200010000000018 ends in 8, its check digit is 0"),
    (packed(childEPCs=[f"{BAD}/21/1"]), "childEPCs[0]", "GTIN"),
    (packed(childQuantityList=[{"epcClass": f"{GOOD}/10/A"}, {"epcClass": f"{BAD}/10/A"}]), "childQuantityList[1].epcClass", "GTIN"),
    (seen(readPoint=GATE), "readPoint.id", "GLN 9520001000011 ends in 1, its check digit is 0"),
    (seen(bizLocation={"id": f"{GATE['id']}/254/7"}), "bizLocation.id", "GLN"),
    (seen(sourceList=[{"type": "possessing_party", "source": "https://id.gs1.org/417/9520001000011"}]), "sourceList[0].source", "GLN"),
    (seen(destinationList=[{"type": "location", "destination": GATE["id"]}]), "destinationList[0].destination", "GLN"),
    (seen(bizTransactionList=[{"bizTransaction": "https://id.gs1.org/253/9520001000011AB"}]), "bizTransactionList[0].bizTransaction", "GDTI"),
    (seen(sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": 1, "deviceID": "https://id.gs1.org/8003/0952000100001177"}]}]),
     "sensorElementList[0].sensorReport[0].deviceID", "GRAI 09520001000011"),
    (seen(sensorElementList=[{"sensorMetadata": {"deviceID": "https://id.gs1.org/8003/0952000100001177"}, "sensorReport": [{"type": "Temperature", "value": 1}]}]),
     "sensorElementList[0].sensorMetadata.deviceID", "GRAI"),
    (event("TransformationEvent", inputEPCList=[f"{GOOD}/21/1"], outputQuantityList=[{"epcClass": BAD}]), "outputQuantityList[0].epcClass", "GTIN"),
    (event("https://ns.example.com/Grafting", inputEPCList=[f"{BAD}/21/1"]), "inputEPCList[0]", "GTIN"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "where", "said"), WRONG)
def test_it_is_refused_where_it_stands(made: dict[str, Any], where: str, said: str) -> None:
    fault = first_fault(document(made))
    assert fault is not None
    assert fault.field == f"eventList[0].{where}"
    assert said in str(fault)


def test_a_prefix_hides_no_digit() -> None:
    context = [EPCIS, {"dl": "https://id.gs1.org/"}]
    fault = first_fault(
        document(seen(epcList=["dl:01/09506000134353/21/1"]), **{"@context": context})
    )
    assert fault is not None
    assert fault.field == "eventList[0].epcList[0]"
    assert not first_fault(
        document(seen(epcList=["dl:01/09506000134352/21/1"]), **{"@context": context})
    )


@pytest.mark.parametrize("uri", [
    "urn:epc:id:sgtin:0614141.107346.2018", "https://shop.example/crate/17", "urn:epc:id:gid:1.2.3", "urn:x:09506000134353", "https://example.org/01/123/x",
    "https://id.gs1.org/8004/9521321777", "https://id.gs1.org/401/95213217", "https://id.gs1.org/8010/9521321AB", "urn:epc:id:bic:CSQU3054383",
])  # fmt: skip
def test_what_has_no_check_digit_passes(uri: str) -> None:
    assert first_fault(document(seen(epcList=[uri]))) is None
    assert problem_of(uri) is None


@given(st.text("0123456789", min_size=17, max_size=17), st.integers(0, 9))
def test_of_ten_digits_one_is_right(digits: str, last: int) -> None:
    wrong = wrong_digit(f"https://id.gs1.org/00/{digits}{last}")
    assert (wrong is None) == (last == check_digit(digits))
    assert wrong is None or wrong.endswith(f"its check digit is {check_digit(digits)}")


def test_a_key_that_is_none_is_told() -> None:
    for uri in ("https://id.gs1.org/01/123", "https://id.gs1.org/", "urn:epc:id:sgtin:0614141.1.1"):
        assert problem_of(uri) is not None, uri
