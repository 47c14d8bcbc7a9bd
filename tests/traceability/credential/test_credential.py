"""A lot's credential: what it says, that it holds, and every way in which it does not."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import NotFound, NotYet, Refused, VerificationFailed
from domain.gs1 import LotNumber
from domain.lot import IssuedPassport, Lot
from domain.window import DAY_MS, HOUR_MS, MINUTE_MS
from tests.traceability.test_certificates import ONE as CERTIFICATE
from tests.traceability.world import GTIN, HARVESTED, NOON, World
from traceability.bundling import make_bundle
from traceability.canonical import to_bytes
from traceability.certificates import write
from traceability.countries import country_of
from traceability.credential.did import did_document, did_of
from traceability.credential.issuing import issue_credential, issue_status_list
from traceability.credential.jws import sign, take_apart
from traceability.credential.status_list import CONTEXT
from traceability.credential.verify import STEPS, verify_credential
from traceability.envelope import Envelope
from traceability.key_register import end, revoke, trusted
from traceability.log.publish import publish
from traceability.passport import issue
from traceability.signer import create
from traceability.standing import Ground, call_back

ADDRESS = "https://nguon.example"
DID = "did:web:nguon.example"
LISTS = ("revocation-0", "suspension-0")


class Shop:
    """A world whose lot has a passport in the published log, and what strangers get of it."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.passport = self.world.issued()
        publish(self.world.records, self.world.files, self.world.log_key)

    def lot(self) -> Lot:
        with self.world.records.reading() as transaction:
            found = transaction.lots.find(GTIN, "LO-1")
        assert found is not None
        return found

    def credential(self, now_ms: int = NOON) -> str:
        world = self.world
        with world.records.reading() as transaction:
            return issue_credential(
                transaction, world.files, world.signer, ADDRESS, self.lot(), now_ms
            )

    def status(self, name: str = "revocation-0", now_ms: int = NOON) -> str:
        with self.world.records.reading() as transaction:
            return issue_status_list(transaction, self.world.signer, ADDRESS, name, now_ms)

    def proof(self) -> bytes:
        """The proof that the claims lead to."""
        (claim, *_) = said(self.credential())["credentialSubject"]["conformityClaim"]
        size = int(claim["conformityEvidence"]["linkURL"].partition("/proof?checkpoint=")[2])
        with self.world.records.reading() as transaction:
            head = transaction.log.head_of(size)
            return make_bundle(transaction, self.world.files, self.passport, head, ADDRESS)

    def issuer(self, now_ms: int = NOON) -> dict[str, Any]:
        with self.world.records.reading() as transaction:
            return did_document(DID, trusted(transaction), now_ms)

    def signed(self, credential: dict[str, Any], **header: str) -> str:
        kid = f"{DID}#{self.world.signer.public().id}"
        head = {"typ": "vc+jwt", "cty": "vc", "kid": kid, **header}
        return sign(head, to_bytes(credential), self.world.signer.sign)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop"))
    yield made
    made.world.close()


def said(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(take_apart(token).payload)
    return found


def refused(
    token: str,
    issuer: dict[str, Any],
    now_ms: int,
    lists: Sequence[str] = (),
    proof: bytes | None = None,
) -> VerificationFailed:
    with pytest.raises(VerificationFailed) as caught:
        verify_credential(token, issuer, now_ms, lists, proof)
    assert caught.value.step in STEPS
    return caught.value


def passport_of(passport: IssuedPassport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Envelope.decode(passport.envelope).payload)
    return found


def test_it_holds_with_its_lists_and_its_proof(shop: Shop) -> None:
    token = shop.credential()
    lists = [shop.status(name) for name in LISTS]
    proof = shop.proof()
    held = verify_credential(token, shop.issuer(), NOON, lists, proof)
    assert held.asked == {"revocation", "suspension"}
    assert held.key == f"{DID}#{shop.world.signer.public().id}"
    assert verify_credential(token, shop.issuer(), NOON).asked == frozenset()


def test_the_same_passport_gives_the_same_credential_whatever_the_log_grows_to(shop: Shop) -> None:
    first = shop.credential()
    with shop.world.records.transaction() as transaction:
        world = shop.world
        world.open(transaction, 5.0, "LO-77")
        lot = transaction.lots.find(GTIN, "LO-77")
    assert lot is not None
    issue(world.issuer, lot, NOON)
    publish(world.records, world.files, world.log_key)
    assert shop.credential(NOON + HOUR_MS) == first


def test_the_header_is_that_of_an_enveloped_credential(shop: Shop) -> None:
    header = take_apart(shop.credential()).header
    kid = f"{DID}#{shop.world.signer.public().id}"
    assert dict(header) == {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": kid}


def test_it_says_what_the_passport_says_and_nothing_personal(shop: Shop) -> None:
    credential = said(shop.credential())
    subject = credential["credentialSubject"]
    product = subject["product"]
    assert credential["issuer"] == {"type": ["CredentialIssuer"], "id": DID, "name": "Kiểm thử"}
    assert (credential["validFrom"], credential["validUntil"]) == (
        passport_of(shop.passport)["issued"], "2026-11-30T17:00:00.000Z",
    )  # fmt: skip
    assert subject["granularityLevel"] == "batch"
    assert product["id"] == "https://id.gs1.org/01/09520001000010/10/LO-1"
    assert (product["batchNumber"], product["countryOfProduction"]) == ("LO-1", "VN")
    assert product["productionDate"] == HARVESTED.isoformat()
    assert product["producedAtFacility"]["registeredId"] == "9520001001017"
    for word in ("Hộ mẫu", "grower", "ho-1", "latitude"):
        assert word not in json.dumps(credential, ensure_ascii=False).replace("by the grower", "")


def test_each_claim_has_the_figures_and_the_proof_of_its_row(shop: Shop) -> None:
    credential = said(shop.credential())
    *measured, sprayings = credential["credentialSubject"]["conformityClaim"]
    rows = passport_of(shop.passport)["evidence"]
    assert len(measured) == len(rows) == 3
    for claim, row in zip(measured, rows, strict=True):
        told = {m["metricName"]: m["metricValue"] for m in claim["declaredValue"]}
        for figure in ("minimum", "mean", "maximum", "total"):
            found = told.get(f"{figure} of {row['property']}")
            assert (found and found["value"]) == row[figure]
        assert told["coverage"]["value"] == row["coverage"]
        assert told["received readings"]["value"] == row["received"]
        assert claim["conformityTopic"] == "governance.transparency"
        assert "no threshold was judged" in claim["description"]
    assert sprayings["declaredValue"][0]["metricValue"]["value"] == 0
    evidence = {json.dumps(c["conformityEvidence"]) for c in (*measured, sprayings)}
    assert len(evidence) == 1
    (link,) = map(json.loads, evidence)
    digest = hashlib.sha256(shop.proof()).hexdigest()
    assert (link["hashMethod"], link["hashDigest"]) == ("SHA-256", digest)


def everything(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from everything(each)
    if isinstance(value, list):
        for each in value:
            yield from everything(each)


def test_its_contexts_are_two_urls_and_no_term_hides_elsewhere(shop: Shop) -> None:
    """VC Data Model 2.0, section 4.3: the base context first; no object brings terms along."""
    for token in (shop.credential(), shop.status()):
        credential = said(token)
        assert credential["@context"][0] == CONTEXT
        assert all(isinstance(each, str) for each in credential["@context"])
        for each in everything(credential):
            assert "@vocab" not in each
            assert each is credential or not any(name.startswith("@") for name in each)
    assert said(shop.credential())["@context"][1:] == [
        "https://test.uncefact.org/vocabulary/untp/dpp/0.6.0/"
    ]


def test_a_recall_revokes_and_a_doubt_suspends_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    token, lot = shop.credential(), shop.lot()
    reissued_ms = NOON + HOUR_MS
    issue(shop.world.issuer, lot, reissued_ms)
    publish(shop.world.records, shop.world.files, shop.world.log_key)
    newer = shop.credential(reissued_ms)
    assert said(newer)["id"] != said(token)["id"]

    shop.world.spray(HARVESTED)
    for one in (token, newer):
        suspended = refused(one, shop.issuer(), reissued_ms, [shop.status("suspension-0", reissued_ms)])  # fmt: skip
        assert (suspended.step, suspended.found) == ("status", "suspended")
        verify_credential(one, shop.issuer(), reissued_ms, [shop.status(now_ms=reissued_ms)])
    with shop.world.records.transaction() as transaction:
        call_back(transaction, lot, "dư lượng", "office", reissued_ms, Ground(1))
    late_ms = reissued_ms + MINUTE_MS
    for one in (token, newer):
        revoked = refused(one, shop.issuer(), late_ms, [shop.status(now_ms=late_ms)])  # fmt: skip
        assert (revoked.step, revoked.found) == ("status", "revoked")
    verify_credential(newer, shop.issuer(), late_ms, [shop.status("suspension-0", late_ms)])
    # Long past its date it is revoked still.
    far_ms = NOON + 400 * DAY_MS
    assert (
        said(shop.status(now_ms=far_ms))["credentialSubject"]["encodedList"]
        == (said(shop.status(now_ms=late_ms))["credentialSubject"]["encodedList"])
    )
    shop.world.close()


def test_an_old_list_does_not_hide_a_recall(shop: Shop) -> None:
    kept = shop.status()
    later = NOON + 6 * MINUTE_MS
    failed = refused(shop.credential(), shop.issuer(), later, [kept])
    assert failed.step == "validity"


def test_every_flipped_character_is_noticed(shop: Shop) -> None:
    token, issuer = shop.credential(), shop.issuer()
    steps = set()
    for position in range(0, len(token), 7):
        other = "B" if token[position] == "A" else "A"
        flipped = token[:position] + other + token[position + 1 :]
        steps.add(refused(flipped, issuer, NOON).step)
    assert {"jws", "signature"} <= steps


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("fields", lambda c: c.pop("validFrom")),
        ("fields", lambda c: c.update({"@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://x/"}]})),
        ("fields", lambda c: c["@context"].append({"@vocab": "https://x/"})),
        ("fields", lambda c: c["@context"].reverse()),
        ("fields", lambda c: c.update({"@context": 7})),
        ("fields", lambda c: c.update(issuer={"id": 5, "name": "x"})),
        ("fields", lambda c: c.update(vc={})),
        ("fields", lambda c: c.update(credentialSubject=[])),
        ("type", lambda c: c.update(type=["VerifiableCredential"])),
        ("issuer", lambda c: c["issuer"].update(id="did:web:other.example")),
        ("validity", lambda c: c.update(validFrom="yesterday")),
        ("validity", lambda c: c.update(validUntil="2026-11-01T00:00:00.000Z")),
        ("status", lambda c: c.pop("credentialStatus")),
        ("status", lambda c: c.update(credentialStatus=[7])),
        ("status", lambda c: c["credentialStatus"][0].update(statusListIndex="999999999")),
        ("status", lambda c: c["credentialStatus"][0].update(statusListIndex="x")),
        ("status", lambda c: c["credentialStatus"][0].update(statusPurpose="message")),
        ("status", lambda c: c["credentialStatus"][0].update(statusListCredential="https://x/")),
        ("evidence", lambda c: c["credentialSubject"].pop("conformityClaim")),
        ("evidence", lambda c: c["credentialSubject"]["conformityClaim"][0]["conformityEvidence"].update(hashDigest="00")),
        ("evidence", lambda c: c["credentialSubject"]["conformityClaim"][0]["declaredValue"][0]["metricValue"].update(value=1)),
    ],
)  # fmt: skip
def test_a_signature_does_not_make_nonsense_hold(
    shop: Shop, step: str, change: Callable[[dict[str, Any]], object]
) -> None:
    credential = said(shop.credential())
    change(credential)
    forged, proof = shop.signed(credential), shop.proof()
    failed = refused(forged, shop.issuer(), NOON, [shop.status()], proof)
    assert failed.step == step


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
FIELDS = (
    "@context",
    "type",
    "id",
    "issuer",
    "validFrom",
    "validUntil",
    "credentialSubject",
    "credentialStatus",
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(st.sampled_from(FIELDS), JSON, st.booleans())
def test_whatever_is_signed_is_refused_by_a_step_or_holds(
    shop: Shop, name: str, value: Any, deep: bool
) -> None:
    """Nothing that an issuer may sign makes the verifier fall over."""
    credential = said(shop.credential())
    (credential["credentialSubject"] if deep else credential)[name] = value
    payload = json.dumps(credential).encode()
    kid = f"{DID}#{shop.world.signer.public().id}"
    token = sign({"typ": "vc+jwt", "kid": kid}, payload, shop.world.signer.sign)
    step = None
    try:
        verify_credential(token, shop.issuer(), NOON, [shop.status()], shop.proof())
    except VerificationFailed as failed:
        step = failed.step
    # What stands deeper, and means nothing there, changes nothing.
    assert step in STEPS or (step is None and (deep or said(token) == said(shop.credential())))


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b"{" * 50_000, b'{"id":1,"id":2}', b'{"id":NaN}'])  # fmt: skip
def test_a_payload_that_is_no_json_object_is_none(shop: Shop, payload: bytes) -> None:
    kid = f"{DID}#{shop.world.signer.public().id}"
    token = sign({"typ": "vc+jwt", "kid": kid}, payload, shop.world.signer.sign)
    assert refused(token, shop.issuer(), NOON).step == "fields"


@pytest.mark.parametrize("proof", [b"", b"PK", b"x" * 1000])
def test_claims_whose_proof_is_none_do_not_hold(shop: Shop, proof: bytes) -> None:
    credential = said(shop.credential())
    assert refused(shop.credential(), shop.issuer(), NOON, (), proof).step == "evidence"
    for claim in credential["credentialSubject"]["conformityClaim"]:
        claim["conformityEvidence"]["hashDigest"] = hashlib.sha256(proof).hexdigest()
    forged = shop.signed(credential)
    assert refused(forged, shop.issuer(), NOON, (), proof).step == "evidence"


def test_another_kind_of_token_is_none(shop: Shop) -> None:
    credential = said(shop.credential())
    for header, step in (
        ({"typ": "JWT"}, "type"), ({"kid": f"{DID}#other"}, "key"), ({"kid": ""}, "key"),
    ):  # fmt: skip
        token = shop.signed(credential, **header)
        assert refused(token, shop.issuer(), NOON).step == step
    swapped = refused(shop.status(), shop.issuer(), NOON)
    assert swapped.step in ("fields", "type")
    other = refused(shop.credential(), shop.issuer(), NOON, [shop.credential()])
    assert other.step in ("fields", "type")


@pytest.mark.parametrize(
    "issuer",
    [{}, {"verificationMethod": 5, "assertionMethod": []}, {"verificationMethod": [], "assertionMethod": []},
     {"verificationMethod": [{}], "assertionMethod": [7]}],
)  # fmt: skip
def test_without_the_issuers_key_nothing_holds(shop: Shop, issuer: dict[str, Any]) -> None:
    assert refused(shop.credential(), issuer, NOON).step == "key"


@pytest.mark.parametrize(
    "change",
    [{"x": ""}, {"x": "AAAA"}, {"x": 5}, {"crv": "X25519"}, {"kty": "EC"}],
)  # fmt: skip
def test_a_key_of_another_kind_is_none(shop: Shop, change: dict[str, Any]) -> None:
    issuer = shop.issuer()
    issuer["verificationMethod"][0]["publicKeyJwk"].update(change)
    assert refused(shop.credential(), issuer, NOON).step == "key"


def test_keys_have_their_windows(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    token, old = shop.credential(), shop.world.signer.public()
    with shop.world.records.transaction() as transaction:
        end(transaction, old.id, NOON + 1)
    ended = shop.issuer(NOON + 1)
    assert ended["assertionMethod"] == []
    assert ended["verificationMethod"][0]["expires"].endswith("00.001Z")
    assert refused(token, ended, NOON + 1).step == "key"
    verify_credential(token, shop.issuer(), NOON)
    still = shop.issuer() | {"assertionMethod": [f"{DID}#{old.id}"]}
    assert refused(token, still, NOON + 1).step == "key"
    with pytest.raises(Refused):
        shop.credential(NOON + 1)
    with pytest.raises(Refused):
        shop.status(now_ms=NOON + 1)
    with shop.world.records.transaction() as transaction:
        revoke(transaction, old.id, NOON, NOON + 2)
    assert "revoked" in shop.issuer(NOON + 2)["verificationMethod"][0]
    shop.world.close()


def test_the_issuer_is_where_we_answer() -> None:
    assert did_of("https://nguon.example") == DID
    assert did_of("https://nguon.example:8443") == "did:web:nguon.example%3A8443"
    assert did_of("http://127.0.0.1:8080") == "did:web:127.0.0.1%3A8080"


def test_a_key_is_published_as_rfc_8037_has_it(shop: Shop) -> None:
    (method,) = shop.issuer()["verificationMethod"]
    jwk = method["publicKeyJwk"]
    assert (method["type"], method["controller"]) == ("JsonWebKey", DID)
    assert (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519")
    assert base64.urlsafe_b64decode(jwk["x"] + "=") == shop.world.signer.public().public


def test_what_has_no_passport_or_no_checkpoint_has_no_credential(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.measure()
    world.harvest()
    with world.records.transaction() as transaction:
        lot = world.open(transaction)
    with world.records.reading() as transaction, pytest.raises(NotFound, match="no passport"):
        issue_credential(transaction, world.files, world.signer, ADDRESS, lot, NOON)
    issue(world.issuer, lot, NOON)
    with world.records.reading() as transaction, pytest.raises(NotYet):
        issue_credential(transaction, world.files, world.signer, ADDRESS, lot, NOON)
    publish(world.records, world.files, world.log_key)
    other = create(tmp_path / "other", NOON)
    gone = replace(lot, number=LotNumber("NONE"))
    with world.records.reading() as transaction:
        assert issue_credential(transaction, world.files, other, ADDRESS, lot, NOON)
        with pytest.raises(NotFound):
            issue_credential(transaction, world.files, world.signer, ADDRESS, gone, NOON)
        with pytest.raises(NotFound, match="entries"):
            issue_status_list(transaction, world.signer, ADDRESS, "revocation-1", NOON)
    world.close()


def test_a_zone_of_several_countries_is_told_none_for() -> None:
    vietnam = country_of("Asia/Ho_Chi_Minh")
    assert vietnam is not None
    assert vietnam.code == "VN"
    assert country_of("Asia/Bangkok") is None


def test_a_certificate_is_a_claim_that_says_what_was_looked_at(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.world.records.transaction() as transaction:
        write(transaction, replace(CERTIFICATE, number="VG 1/2 ộ"))
    shop.passport = issue(shop.world.issuer, shop.lot(), NOON + 1)
    publish(shop.world.records, shop.world.files, shop.world.log_key)
    verify_credential(shop.credential(), shop.issuer(), NOON + 1)
    claims = said(shop.credential())["credentialSubject"]["conformityClaim"]
    (claim,) = [one for one in claims if "certificate" in one["id"]]
    assert claim["id"].endswith("/certificate-vietgap-VG%201%2F2%20%E1%BB%99")
    assert "certificate VG 1/2 ộ, given by" in claim["description"]
    assert "the certifier was not asked" in claim["description"]
    (figure,) = claim["declaredValue"]
    assert (figure["metricValue"]["value"], figure["metricValue"]["unit"]) == (701, "DAY")
    shop.world.close()
