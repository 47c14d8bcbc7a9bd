"""Credentials, status lists, the issuer and events over HTTP, as a stranger fetches them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.window import MINUTE_MS
from tests.api.conftest import ADDRESS, Site
from tests.traceability.epcis.official import refuses
from tests.traceability.world import NOON
from traceability.credential.verify import verify_credential
from traceability.log.publish import publish

LOT = "/v1/lots/09520001000010/LO-1"
LINK = "/01/09520001000010/10/LO-1"


@pytest.fixture(scope="module")
def shown(site: Site) -> Iterator[Site]:
    """The site, its log published over the passport."""
    publish(site.world.records, site.world.files, site.world.log_key)
    yield site
    site.clock.now_ms = NOON


def issuer(site: Site) -> dict[str, Any]:
    answer = site.client().get("/.well-known/did.json")
    assert answer.headers["content-type"] == "application/did+json"
    found: dict[str, Any] = answer.json()
    return found


def test_a_stranger_checks_a_credential_with_what_its_own_links_lead_to(shown: Site) -> None:
    client = shown.client()
    answer = client.get(f"{LOT}/credential")
    assert answer.headers["content-type"] == "application/vc+jwt"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    held = verify_credential(answer.text, issuer(shown), NOON)
    lists = [
        client.get(status["statusListCredential"].removeprefix(ADDRESS)).text
        for status in held.credential["credentialStatus"]
    ]
    (claim, *_) = held.credential["credentialSubject"]["conformityClaim"]
    proof = client.get(claim["conformityEvidence"]["linkURL"].removeprefix(ADDRESS)).content
    held = verify_credential(answer.text, issuer(shown), NOON, lists, proof)
    assert held.asked == {"revocation", "suspension"}
    for link in held.credential["credentialSubject"]["product"]["furtherInformation"]:
        path = link["linkURL"].removeprefix(ADDRESS)
        assert client.get(path, headers={"Accept": "text/html"}).status_code == 200, path


def test_events_are_an_epcis_document_and_the_same_each_time(shared: Path, shown: Site) -> None:
    answer = shown.client().get(f"{LOT}/events")
    assert answer.headers["content-type"] == "application/ld+json"
    document = json.loads(answer.content)
    assert refuses(shared, document) is None
    steps = [event["bizStep"] for event in document["epcisBody"]["eventList"]]
    assert steps == ["sensor_reporting", "commissioning"]
    assert document["creationDate"] == "2026-11-21T04:00:00.000Z"
    shown.clock.now_ms = NOON + MINUTE_MS
    assert shown.client().get(f"{LOT}/events").content == answer.content
    assert shown.client().get(f"{LOT}/credential").status_code == 200
    shown.clock.now_ms = NOON


def test_our_events_can_be_captured_as_they_are(shown: Site) -> None:
    office = shown.client("office")
    document = office.get(f"{LOT}/events").json()
    job = office.post("/epcis/v2/capture", json=document)
    assert job.status_code == 202
    told = office.get(job.headers["location"].removeprefix(ADDRESS)).json()
    assert (told["success"], told["errors"]) == (True, [])


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/lots/09520001000010/NONE/credential", 404), ("/v1/lots/09520001000010/NONE/events", 404), ("/v1/lots/1/x/credential", 400),
     ("/v1/lots/09520001000010/%00/events", 400), ("/v1/status/revocation-1", 404), ("/v1/status/suspension-9999999999", 404),
     ("/v1/status/x", 400), ("/v1/status/revocation-0%00", 400), (f"{LOT}/proof?checkpoint=999999", 404), (f"{LOT}/proof?checkpoint=0", 400),
     (f"{LOT}/proof?checkpoint=x", 400), (f"{LOT}/proof?checkpoint={'9' * 40}", 400)],
)  # fmt: skip
def test_what_is_not_there_is_said_in_the_one_shape(shown: Site, path: str, status: int) -> None:
    answer = shown.client().get(path)
    assert (answer.status_code, "message" in answer.json()) == (status, True)


@pytest.mark.parametrize("kind", ["application/vc+jwt", "application/zip", "application/json"])
def test_the_resolver_leads_to_each_form_of_the_passport(shown: Site, kind: str) -> None:
    client = shown.client()
    headers = {"Accept": kind}
    told = client.get(f"{LINK}?linkType=gs1:dpp", headers=headers, follow_redirects=False)
    assert told.status_code == 307
    target = told.headers["location"].removeprefix(ADDRESS)
    assert client.get(target).headers["content-type"] == kind


def test_the_resolver_leads_to_the_events(shown: Site) -> None:
    client = shown.client()
    told = client.get(f"{LINK}?linkType=gs1:epcis", follow_redirects=False)
    assert told.headers["location"].startswith(f"{ADDRESS}{LOT}/events")
    several = client.get(f"{LINK}?linkType=gs1:dpp", follow_redirects=False)
    assert several.status_code == 300


def test_a_recall_is_seen_in_every_answer(shown: Site) -> None:
    """The last, for it is not taken back."""
    client = shown.client("office")
    token = client.get(f"{LOT}/credential").text
    before = client.get("/v1/status/revocation-0").text
    verify_credential(token, issuer(shown), NOON, [before])
    assert client.post(f"{LOT}/recall", json={"reason": "dư lượng"}).status_code == 201
    after = client.get("/v1/status/revocation-0").text
    with pytest.raises(Exception, match="revoked"):
        verify_credential(token, issuer(shown), NOON, [after])
    events = client.get(f"{LOT}/events").json()["epcisBody"]["eventList"]
    assert events[-1]["persistentDisposition"] == {"set": ["recalled"]}
