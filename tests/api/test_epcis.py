"""EPCIS over HTTP: what is captured comes back, questions are answered page by page, errors are told."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.epcis import MOST_BYTES
from api.epcis.paging import MOST_PER_PAGE, TOKEN_MS
from api.epcis.protocol import MOST_EVENTS
from domain.window import print_instant
from tests.api.conftest import Site
from tests.traceability.epcis.official import examples, refuses
from tests.traceability.world import NOON

EPCIS = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
V2 = "/epcis/v2"
_serials = itertools.count(1)


def event(**fields: Any) -> dict[str, Any]:
    made = {"type": "ObjectEvent", "eventTime": "2026-11-20T01:00:00Z", "eventTimeZoneOffset": "+07:00", "action": "OBSERVE",
            "epcList": [f"urn:epc:id:sgtin:0614141.107346.{next(_serials)}"], **fields}  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def document(*events: Any, context: Any = EPCIS, **fields: Any) -> dict[str, Any]:
    return {"@context": context, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-21T00:00:00Z",
            "epcisBody": {"eventList": list(events)}, **fields}  # fmt: skip


@pytest.fixture(scope="module")
def office(site: Site) -> TestClient:
    return site.client("office")


@pytest.fixture(scope="module")
def anyone(site: Site) -> TestClient:
    return site.client()


def capture(client: TestClient, made: Any, behaviour: str | None = None) -> dict[str, Any]:
    headers = {"GS1-Capture-Error-Behaviour": behaviour} if behaviour else {}
    answer = client.post(f"{V2}/capture", json=made, headers=headers)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = client.get(answer.headers["location"]).json()
    return job


def events_in(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"][
        "eventList"
    ]
    return found


def test_every_published_example_is_captured_and_comes_back_equal(
    shared: Path, office: TestClient, anyone: TestClient
) -> None:
    for path in examples(shared):
        sent = json.loads(path.read_text("utf-8"))
        assert capture(office, sent)["success"], path.name
        for one in sent["epcisBody"]["eventList"]:
            asked = (
                {"MATCH_anyEPC": one["epcList"][0]}
                if one.get("epcList")
                else {"GE_eventTime": one["eventTime"]}
            )
            address = (
                f"{V2}/events/{quote(one['eventID'], safe='')}"
                if "eventID" in one
                else f"{V2}/events"
            )
            answer = anyone.get(address, params={} if "eventID" in one else asked)
            assert refuses(shared, answer.json()) is None
            back = [{n: v for n, v in e.items() if n in one} for e in events_in(answer)]
            assert one in back, path.name


def test_a_job_tells_what_became_of_it(office: TestClient) -> None:
    job = capture(office, document(event(), event()))
    assert job == {"captureID": job["captureID"], "createdAt": print_instant(NOON), "finishedAt": print_instant(NOON),
                   "running": False, "success": True, "captureErrorBehaviour": "rollback", "errors": []}  # fmt: skip
    assert job in office.get(f"{V2}/capture").json()
    assert office.get(f"{V2}/capture/none").status_code == 404


def test_rollback_refuses_all_and_proceed_keeps_the_rest(
    office: TestClient, anyone: TestClient
) -> None:
    good, bad = event(), event(action="LOOK")
    refused = office.post(f"{V2}/capture", json=document(good, bad))
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert (told["type"], told["status"], told["field"]) == (
        "epcisException:ValidationException",
        400,
        "eventList[1].action",
    )
    assert events_in(anyone.get(f"{V2}/events", params={"MATCH_epc": good["epcList"][0]})) == []
    job = capture(office, document(good, bad), "proceed")
    assert not job["success"]
    assert [error["field"] for error in job["errors"]] == ["eventList[1].action"]
    assert len(events_in(anyone.get(f"{V2}/events", params={"MATCH_epc": good["epcList"][0]}))) == 1
    assert (
        office.post(
            f"{V2}/capture", json=document(good), headers={"GS1-Capture-Error-Behaviour": "shrug"}
        ).status_code
        == 400
    )


def test_tcr_53_step_29_an_attribute_in_both_places_is_not_accepted(office: TestClient) -> None:
    element = {
        "sensorMetadata": {"deviceID": "urn:epc:id:giai:4000001.111"},
        "sensorReport": [{"type": "Temperature", "deviceID": "urn:epc:id:giai:4000001.111"}],
    }
    refused = office.post(f"{V2}/capture", json=document(event(sensorElementList=[element])))
    assert refused.status_code == 400
    assert refused.json()["field"] == "eventList[0].sensorElementList[0].sensorReport[0].deviceID"


def test_a_single_event_twice(office: TestClient, anyone: TestClient) -> None:
    made = {"@context": EPCIS, **event(bizStep="shipping")}
    first, again = office.post(f"{V2}/events", json=made), office.post(f"{V2}/events", json=made)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    (found,) = events_in(anyone.get(first.headers["location"]))
    assert found == first.json()
    assert {n: v for n, v in found.items() if n in made} == made
    assert found["eventID"].startswith("ni:///sha-256;")
    # The id as it is written, its question mark not quoted, leads there as well.
    assert events_in(anyone.get(f"{V2}/events/{found['eventID']}")) == [found]


def test_an_error_is_declared_beside_the_event(office: TestClient, anyone: TestClient) -> None:
    made = event(eventID="urn:uuid:0b5b3b52-0000-4000-8000-000000000001")
    declared = made | {
        "errorDeclaration": {"declarationTime": "2026-11-22T00:00:00Z", "reason": "did_not_occur"}
    }
    capture(office, document(made))
    capture(office, document(declared))
    found = events_in(anyone.get(f"{V2}/events/{made['eventID']}"))
    assert ["errorDeclaration" in each for each in found] == [False, True]
    told = events_in(
        anyone.get(
            f"{V2}/events",
            params={"EXISTS_errorDeclaration": "true", "EQ_eventID": made["eventID"]},
        )
    )
    assert told == found[1:]


def test_whoever_is_not_the_office_reads_and_does_not_capture(
    site: Site, anyone: TestClient
) -> None:
    grower = site.client("grower")
    for method, path in (
        ("POST", "/capture"),
        ("POST", "/events"),
        ("POST", "/queries"),
        ("GET", "/capture"),
        ("DELETE", "/queries/x"),
        ("GET", "/capture/x"),
    ):
        for client, status in ((anyone, 401), (grower, 403)):
            answer = client.request(
                method, V2 + path, json=None if method != "POST" else document()
            )
            assert answer.status_code == status, path
            assert answer.json()["type"] == "epcisException:SecurityException"
    for path in (
        "",
        "/events",
        "/eventTypes",
        "/epcs",
        "/bizSteps",
        "/bizLocations",
        "/readPoints",
        "/dispositions",
        "/queries",
    ):
        assert anyone.get(V2 + path).status_code == 200, path


@pytest.fixture(scope="module")
def filled(office: TestClient) -> list[str]:
    """Twenty-five readings of one device, told as events an hour apart."""
    made = []
    for hour in range(25):
        report = {"type": "Temperature", "value": 20 + hour, "uom": "CEL"}
        made.append(event(epcList=None, eventTime=print_instant(NOON + hour * 3_600_000), bizStep="sensor_reporting", readPoint={"id": "urn:epc:id:sgln:9521321.00001.7"},
                          sensorElementList=[{"sensorMetadata": {"deviceID": "https://id.gs1.org/8004/9521321777"}, "sensorReport": [report]}]))  # fmt: skip
    assert capture(office, document(*made))["success"]
    return [each["eventTime"] for each in made]


def pages(client: TestClient, address: str) -> Iterator[list[dict[str, Any]]]:
    following: str | None = address
    while following:
        answer = client.get(following)
        yield events_in(answer)
        assert ("link" in answer.headers) == ("gs1-next-page-token-expires" in answer.headers)
        following = answer.links["next"]["url"] if answer.links else None


def test_pages_follow_their_links_to_the_end(filled: list[str], anyone: TestClient) -> None:
    base = f"{V2}/events?EQ_deviceID=https://id.gs1.org/8004/9521321777&orderBy=eventTime&orderDirection=ASC"
    found = list(pages(anyone, f"{base}&perPage=10"))
    assert [len(page) for page in found] == [10, 10, 5]
    assert [each["eventTime"] for page in found for each in page] == filled
    (whole,) = pages(anyone, f"{base}&perPage={MOST_PER_PAGE + 1}")
    assert len(whole) == 25
    newest = list(pages(anyone, f"{base.replace('ASC', 'DESC')}&perPage=2&eventCountLimit=5"))
    assert [each["eventTime"] for page in newest for each in page] == filled[:-6:-1]
    assert anyone.get(f"{base}&maxEventCount=24").status_code == 413
    assert (
        anyone.get(f"{base}&maxEventCount=24").json()["type"]
        == "epcisException:QueryTooLargeException"
    )


def test_sensor_questions_convert_units(filled: list[str], anyone: TestClient) -> None:
    """TCR-53 step 26: asked in kelvin, told in degrees Celsius."""
    asked = {
        "EQ_deviceID": "https://id.gs1.org/8004/9521321777",
        "EQ_type": "Temperature",
        "GE_value_KEL": "313.15",
        "perPage": "100",
    }
    assert len(events_in(anyone.get(f"{V2}/events", params=asked))) == 5
    warm = {**asked, "LT_value_CEL": "42"}
    assert {
        e["sensorElementList"][0]["sensorReport"][0]["value"]
        for e in events_in(anyone.get(f"{V2}/events", params=warm))
    } == {40, 41}


def test_a_token_belongs_to_its_question_and_ends(
    filled: list[str], site: Site, anyone: TestClient
) -> None:
    first = anyone.get(f"{V2}/events", params={"EQ_bizStep": "sensor_reporting", "perPage": 3})
    following = first.links["next"]["url"]
    other = following.replace("sensor_reporting", "shipping")
    assert anyone.get(other).json()["field"] == "nextPageToken"
    for token in ("", "x", "e30", "bnVsbA", "W10", quote(json.dumps({"of": 1})), "é", "A" * 5_000):
        answer = anyone.get(
            f"{V2}/events", params={"EQ_bizStep": "sensor_reporting", "nextPageToken": token}
        )
        assert (answer.status_code, answer.json()["field"]) == (400, "nextPageToken"), token
    site.clock.now_ms = NOON + TOKEN_MS
    assert "expired" in anyone.get(following).json()["message"]
    site.clock.now_ms = NOON


def test_collections_lead_to_events(filled: list[str], anyone: TestClient) -> None:
    assert anyone.get(V2).json()["member"][:3] == ["queries", "capture", "events"]
    assert {"ObjectEvent", "AssociationEvent"} <= set(
        anyone.get(f"{V2}/eventTypes").json()["member"]
    )
    place = "https://id.gs1.org/414/9521321000018/254/7"
    for name, member, wanted in (
        ("eventTypes", "ObjectEvent", 25),
        ("bizSteps", "sensor_reporting", 25),
        ("readPoints", place, 25),
    ):
        if name != "eventTypes":
            assert member in anyone.get(f"{V2}/{name}", params={"perPage": 500}).json()["member"]
        base = f"{V2}/{name}/{quote(member, safe='')}"
        assert anyone.get(base).json()["member"] == ["events"]
        asked = {"EQ_deviceID": "https://id.gs1.org/8004/9521321777", "perPage": "100"}
        assert len(events_in(anyone.get(f"{base}/events", params=asked))) == wanted
        assert anyone.get(f"{V2}/{name}/none").status_code == 404
    names = anyone.get(f"{V2}/bizSteps", params={"perPage": 1})
    again = anyone.get(names.links["next"]["url"])
    assert names.json()["member"] < again.json()["member"]
    assert anyone.get(f"{V2}/nothing").status_code == 404
    assert anyone.get(f"{V2}/nothing/x/events").status_code == 404


def test_an_epc_is_found_in_any_spelling(office: TestClient, anyone: TestClient) -> None:
    made = event()
    capture(office, document(made))
    serial = made["epcList"][0].rpartition(".")[2]
    link = f"https://id.gs1.org/01/10614141073464/21/{serial}"
    assert link in {
        e
        for page in range(1)
        for e in anyone.get(f"{V2}/epcs", params={"perPage": 500}).json()["member"]
    }
    for spelling in (made["epcList"][0], link):
        (found,) = events_in(anyone.get(f"{V2}/epcs/{quote(spelling, safe='')}/events"))
        assert found["epcList"] == made["epcList"]


def test_contexts_that_contradict_one_another_stay_with_their_events(
    office: TestClient, anyone: TestClient, shared: Path
) -> None:
    one, other = event(**{"ex:a": 1}), event(**{"ex:a": 2})
    capture(office, document(one, context=[EPCIS, {"ex": "https://one.example/"}]))
    capture(office, document(other, context=[EPCIS, {"ex": "https://other.example/"}]))
    asked = {"MATCH_epc": f"{one['epcList'][0]}|{other['epcList'][0]}"}
    answer = anyone.get(f"{V2}/events", params=asked)
    assert [each["@context"][1] for each in events_in(answer)] == [
        {"ex": "https://one.example/"},
        {"ex": "https://other.example/"},
    ]
    assert refuses(shared, answer.json()) is None
    headers = {"GS1-Extensions": "ex=https://other.example/"}
    (found,) = events_in(
        anyone.get(f"{V2}/events", params={**asked, "EQ_ex:a": "2"}, headers=headers)
    )
    assert found["ex:a"] == 2
    assert (
        events_in(anyone.get(f"{V2}/events", params={**asked, "EQ_ex:a": "1"}, headers=headers))
        == []
    )


def test_named_queries(filled: list[str], office: TestClient, anyone: TestClient) -> None:
    query = {
        "EQ_type": ["Temperature"],
        "GE_value_CEL": 40,
        "EQ_deviceID": ["https://id.gs1.org/8004/9521321777"],
        "orderBy": "eventTime",
    }
    made = office.post(f"{V2}/queries", json={"name": "hot", "query": query})
    assert (made.status_code, made.headers["location"]) == (201, f"{V2}/queries/hot")
    assert office.post(f"{V2}/queries", json={"name": "hot", "query": {}}).status_code == 409
    assert anyone.get(f"{V2}/queries/hot").json() == {"name": "hot", "query": query}
    assert anyone.get(f"{V2}/queries").json() == [{"name": "hot", "query": query}]
    found = [each for page in pages(anyone, f"{V2}/queries/hot/events?perPage=2") for each in page]
    assert [each["eventTime"] for each in found] == filled[:-6:-1]
    assert anyone.get(f"{V2}/queries/hot/subscriptions").status_code == 501
    assert (
        office.post(
            f"{V2}/queries/hot/subscriptions", json={"dest": "https://x.example"}
        ).status_code
        == 501
    )
    assert office.delete(f"{V2}/queries/hot").status_code == 204
    assert anyone.get(f"{V2}/queries/hot").status_code == 404


@pytest.mark.parametrize("body", [
    {}, {"name": "x"}, {"name": "", "query": {}}, {"name": "a/b", "query": {}}, {"name": "x", "query": []}, {"name": "x", "query": {"EQ_": 1}},
    {"name": "x", "query": {"EQ_bizStep": "x" * 30_000}}, {"name": "x", "query": {}, "other": 1}, {"name": "x" * 65, "query": {}}, {"name": 1, "query": {}},
])  # fmt: skip
def test_a_query_that_means_nothing_is_not_written_down(body: Any, office: TestClient) -> None:
    answer = office.post(f"{V2}/queries", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:QueryParameterException"


def test_options_tell_what_is_spoken(anyone: TestClient) -> None:
    for path in (
        "",
        "/capture",
        "/capture/1",
        "/events",
        "/events/ni:///sha-256;0",
        "/eventTypes",
        "/epcs",
        "/epcs/urn:epc:id:x/events",
        "/queries",
        "/queries/x",
        "/queries/x/events",
    ):
        answer = anyone.options(V2 + path)
        assert answer.status_code == 204, path
        assert (answer.headers["gs1-epcis-version"], answer.headers["gs1-cbv-max"]) == (
            "2.0.0",
            "2.0.0",
        )
        assert "GET" in answer.headers["allow"]
    told = anyone.options(f"{V2}/capture").headers
    assert told["gs1-capture-error-behaviour"] == "all"
    assert (told["gs1-epcis-capture-limit"], told["gs1-epcis-capture-file-size-limit"]) == (
        str(MOST_EVENTS),
        str(MOST_BYTES),
    )
    assert anyone.get(f"{V2}/events").headers["gs1-epcis-version"] == "2.0.0"


@pytest.mark.parametrize(("headers", "status"), [
    ({"Accept": "application/json"}, 200), ({"Accept": "application/ld+json, */*;q=0.1"}, 200), ({"Accept": "application/xml"}, 406), ({"Accept": "text/html"}, 406),
    ({"GS1-EPC-Format": "Never_Translates"}, 200), ({"GS1-EPC-Format": "Always_EPC_URN"}, 406), ({"GS1-EPCIS-Min": "2.0", "GS1-EPCIS-Max": "2.0.0"}, 200),
    ({"GS1-EPCIS-Min": "2.1"}, 406), ({"GS1-EPCIS-Max": "1.2"}, 406), ({"GS1-CBV-Min": "x"}, 406), ({"GS1-EPCIS-Version": "1.2"}, 406),
])  # fmt: skip
def test_another_tongue_is_not_acceptable(
    headers: dict[str, str], status: int, anyone: TestClient
) -> None:
    answer = anyone.get(f"{V2}/eventTypes", headers=headers)
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["type"] == "epcisException:NotAcceptableException"


def test_hostile_bodies_are_told_what_is_wrong(office: TestClient) -> None:
    def post(body: bytes, kind: str = "application/json") -> tuple[int, str]:
        answer = office.post(f"{V2}/capture", content=body, headers={"Content-Type": kind})
        return answer.status_code, answer.json()["type"]

    wrong = (400, "epcisException:ValidationException")
    for body in (
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a":' * 50_000,
        b'{"type": "EPCISDocument", "type": "x"}',
        b'{"a": "\\ud800"}',
    ):
        assert post(body) == wrong, body[:20]
    surrogate = json.dumps(document(event(**{"ex:a": "\ud800"}))).encode()
    assert post(surrogate) == wrong
    assert post(json.dumps(document(event(**{"ex:a": 10**400}))).encode()) == wrong
    assert post(b" " * (MOST_BYTES + 1)) == (413, "epcisException:CaptureLimitExceededException")
    assert post(json.dumps(document(*[{}] * (MOST_EVENTS + 1))).encode())[0] == 413
    assert post(b"<xml/>", "application/xml") == (
        415,
        "epcisException:UnsupportedMediaTypeException",
    )
    assert office.post(f"{V2}/events", json=document(event())).status_code == 400


def test_odd_ids_are_not_found(anyone: TestClient) -> None:
    for id_ in ("x", "%00", "%ED%A0%80", "a" * 5_000, "ni:///sha-256;0?ver=CBV2.0", "{}"):
        assert anyone.get(f"{V2}/events/{id_}").status_code in (400, 404), id_
        assert anyone.get(f"{V2}/epcs/{id_}").status_code in (400, 404), id_
