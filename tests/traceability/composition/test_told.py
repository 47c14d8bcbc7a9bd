"""A lot made of several harvests as other systems read it: credential, events, law."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.lot import IssuedPassport
from tests.traceability.composition.mixture import found, mixed
from tests.traceability.lineage.orchard import EARLIER, PACKED
from tests.traceability.world import GTIN, NOON, TODAY, World
from traceability.bundling import make_bundle
from traceability.completeness.check import check
from traceability.completeness.gather import dossier_of
from traceability.completeness.regimes import DEFAULT, regime
from traceability.credential.did import did_document
from traceability.credential.issuing import issue_credential, issue_status_list
from traceability.credential.status_list import is_set
from traceability.credential.verify import verify_credential
from traceability.key_register import trusted
from traceability.log.publish import publish
from traceability.passport import entry_of, issue

ADDRESS = "https://nguon.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def passport(world: World) -> IssuedPassport:
    made = issue(world.issuer, mixed(world), NOON)
    publish(world.records, world.files, world.log_key)
    return made


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return told


def test_its_credential_claims_what_went_in_and_holds(
    world: World, passport: IssuedPassport
) -> None:
    with world.records.reading() as transaction:
        lot = found(transaction, "P", PACKED)
        token = issue_credential(transaction, world.files, world.signer, ADDRESS, lot, NOON)
        issuer = did_document("did:web:nguon.example", trusted(transaction), NOON)
        proof = make_bundle(transaction, world.files, passport, address=ADDRESS)
    credential = verify_credential(token, issuer, NOON, proof=proof).credential
    subject = credential["credentialSubject"]
    claims = subject["conformityClaim"]
    assert [claim["id"].rpartition("/made-of/")[2] for claim in claims] == [
        f"{GTIN}/B",
        f"{GTIN}/A",
    ]
    figures = {m["metricName"]: m["metricValue"]["value"] for m in claims[1]["declaredValue"]}
    assert figures == {
        "weight when opened": 100, "weight that went in": 10,
        "share of what went in": pytest.approx(1 / 3),
    }  # fmt: skip
    assert subject["product"]["productionDate"] == str(EARLIER)
    assert subject["product"]["producedAtFacility"]["registeredId"] == "9520001001017"
    assert subject["product"]["countryOfProduction"] == "VN"


def test_a_doubt_of_any_harvest_suspends_it(world: World, passport: IssuedPassport) -> None:
    def suspended() -> bool:
        with world.records.reading() as transaction:
            token = issue_status_list(transaction, world.signer, ADDRESS, "suspension-0", NOON)
            place = entry_of(transaction, passport).number
        return is_set(payload(token)["credentialSubject"], place)

    assert not suspended()
    # After the first harvest and before the second: what most of it came from is not concerned.
    world.spray(EARLIER + timedelta(days=1))
    assert suspended()


def test_the_linter_over_the_law_asks_of_all_harvests(
    world: World, passport: IssuedPassport
) -> None:
    with world.records.reading() as transaction:
        lot = found(transaction, passport.number, passport.gtin)
        known = dossier_of(transaction, lot, TODAY)
    rows = check(known, regime(DEFAULT, TODAY), TODAY).rows
    assert rows
    assert {stage.day for stage in known.stages} >= {EARLIER}
