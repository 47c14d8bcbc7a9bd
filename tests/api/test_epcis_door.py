"""What the EPCIS door says to those who ask wrongly: never an empty list, always a sentence."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import Site
from tests.api.test_epcis import EPCIS, V2, capture, document, event, events_in


@pytest.fixture(scope="module")
def office(site: Site) -> TestClient:
    return site.client("office")


@pytest.fixture(scope="module")
def anyone(site: Site) -> TestClient:
    return site.client()


def test_a_wrong_check_digit_refuses_all_or_only_its_event(
    office: TestClient, anyone: TestClient
) -> None:
    good = event()
    bad = event(epcList=["https://id.gs1.org/01/10614141073465/21/1"])
    crate = event(
        type="AggregationEvent", parentID="https://id.gs1.org/00/095200010000000018",
        childEPCs=good["epcList"], epcList=None, action="ADD",
    )  # fmt: skip
    refused = office.post(f"{V2}/capture", json=document(good, bad, crate))
    assert (refused.status_code, refused.json()["field"]) == (400, "eventList[1].epcList[0]")
    assert "its check digit is 4" in refused.json()["detail"]
    assert refused.json()["section"].startswith("EPCIS 2.0")
    asked = {"MATCH_epc": good["epcList"][0]}
    assert events_in(anyone.get(f"{V2}/events", params=asked)) == []
    job = capture(office, document(good, bad, crate), "proceed")
    told = [(error["field"], error["detail"].rpartition(" ")[2]) for error in job["errors"]]
    assert told == [("eventList[1].epcList[0]", "4"), ("eventList[2].parentID", "0")]
    assert len(events_in(anyone.get(f"{V2}/events", params=asked))) == 1
    alone = office.post(f"{V2}/events", json={"@context": EPCIS, **bad})
    assert (alone.status_code, alone.json()["type"]) == (400, "epcisException:ValidationException")


def test_a_pattern_of_links_finds_what_was_captured(office: TestClient, anyone: TestClient) -> None:
    gtin = "09506000134352"
    made = [
        event(epcList=[f"https://id.gs1.org/01/{gtin}/21/a%2Fb"]),
        event(epcList=["urn:epc:id:sgtin:9506000.013435.7"]),
        event(epcList=None, quantityList=[{"epcClass": f"https://id.gs1.org/01/{gtin}/10/L7"}]),
        event(epcList=["urn:epc:id:sgtin:9506000.013436.7"]),
    ]
    assert capture(office, document(*made))["success"]

    def found(**asked: str) -> list[dict[str, Any]]:
        told = events_in(anyone.get(f"{V2}/events", params=asked))
        return [one for one in made for each in told if one.items() <= each.items()]

    assert found(MATCH_epc=f"https://id.gs1.org/01/{gtin}/21/*") == made[:2]
    assert found(MATCH_anyEPC="urn:epc:idpat:sgtin:9506000.013435.*") == made[:2]
    assert found(MATCH_epcClass=f"https://id.gs1.org/01/{gtin}/10/*") == made[2:3]
    assert found(MATCH_epcClass=f"https://id.gs1.org/01/{gtin}/21/*") == []
    several = f"https://id.gs1.org/01/{gtin}/21/*|urn:epc:id:sgtin:9506000.013436.7"
    assert found(MATCH_epc=several) == [*made[:2], made[3]]
    refused = anyone.get(f"{V2}/events", params={"MATCH_epc": f"https://id.gs1.org/01/{gtin}/*"})
    assert refused.status_code == 400
    assert refused.json()["section"].startswith("EPCIS 2.0 section 8.2.7.1.1")


def test_the_index_tells_how_to_ask(anyone: TestClient) -> None:
    slash, plain = anyone.get(f"{V2}/"), anyone.get(V2)
    assert slash.status_code == plain.status_code == 200
    told = slash.json()
    assert told == plain.json()
    assert (told["type"], told["member"][:3]) == ("Collection", ["queries", "capture", "events"])
    rows = {row["path"]: row["methods"] for row in told["resources"]}
    assert rows[f"{V2}/events"] == ["GET", "POST"]
    for path, methods in rows.items():
        if "{" not in path:
            allowed = anyone.options(path).headers["allow"].split(", ")
            assert allowed == ["OPTIONS", "HEAD", *methods], path
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert anyone.get(f"{V2}/", headers=browser).headers["content-type"] == "application/json"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("GET", "/nothing/", 404), ("GET", "/events/none", 404), ("GET", "/epcs/none", 404), ("GET", "/epcs/none/events", 404), ("GET", "/capture", 401),
    ("PUT", "/events", 405), ("DELETE", "/capture", 405), ("GET", "/queries/none", 404), ("GET", "/queries/x/subscriptions", 501), ("GET", "/bizSteps/packaging/events", 404),
    ("GET", "/?all=1", 400), ("GET", "/epcs?MATCH_epc=urn:x:1", 400), ("GET", "/queries?name=x", 400), ("GET", "/bizSteps/packing?perPage=1", 400), ("GET", "/events/urn:x:1?perPage=1", 400),
    ("GET", "/events?MATCH_epc=*", 400), ("GET", "/events?maxEventCount=0", 400),
])  # fmt: skip
def test_every_error_is_a_problem_that_names_its_section(
    method: str, path: str, status: int, anyone: TestClient
) -> None:
    answer = anyone.request(method, V2 + path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["type"].startswith("epcisException:")
    assert (told["status"], told["help"]) == (status, V2)
    assert told["section"].startswith("EPCIS 2.0 section")
    assert told["detail"]


def test_a_slash_at_the_end_leads_on(anyone: TestClient) -> None:
    for path in ("events", "bizSteps", "queries"):
        answer = anyone.get(f"{V2}/{path}/", params={"perPage": 1}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, f"{V2}/{path}?perPage=1")


def test_a_question_with_a_name_takes_no_conditions(office: TestClient, anyone: TestClient) -> None:
    office.post(f"{V2}/queries", json={"name": "all", "query": {}})
    refused = anyone.get(f"{V2}/queries/all/events", params={"EQ_action": "ADD"})
    assert (refused.status_code, refused.json()["field"]) == (400, "EQ_action")
    office.delete(f"{V2}/queries/all")


@pytest.mark.parametrize("asked", [
    "nonsense=1", "EQ_bizstep=shipping", "EQ_bizStep=", "GE_eventTime=now", "perPage=0", "perPage=-1", "perPage=x", "perPage=" + "9" * 30,
    "GE_value_CEL=warm", "orderBy=x", "EQ_eventID=%00", "MATCH_epc=" + "|".join("x" * 201), "EQ_ex:a=1&EQ_ex:a=", "%FF=%FF",
])  # fmt: skip
def test_questions_that_mean_nothing_are_refused(asked: str, anyone: TestClient) -> None:
    answer = anyone.get(f"{V2}/events?{asked}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == "epcisException:QueryParameterException"
    assert answer.json()["field"]
