"""The log and proofs over HTTP, as a stranger fetches them."""

import base64
import html

import pytest
import sqlalchemy as sa

from domain.lot import Lot
from domain.window import DAY_MS
from tests.api.conftest import Site
from tests.traceability.world import NOON
from traceability.dossier import require_lot
from traceability.envelope import digest_of
from traceability.key_register import revoke
from traceability.log.checkpoint import open_checkpoint
from traceability.log.entry import decode
from traceability.log.merkle import check_inclusion, leaf_hash
from traceability.log.proof import LogProof
from traceability.log.tiles import Tree, tile_path, unbundle
from traceability.trust import parse_trust
from traceability.units import draw, spend
from traceability.verify_bundle import verify_bundle

LOT = "/v1/lots/09520001000010/LO-1"


def test_a_stranger_checks_a_lot_with_what_is_published(site: Site) -> None:
    site.world.proof(site.passport)
    client = site.client()
    trust = parse_trust(client.get("/.well-known/nguon-keys.json").text)
    answer = client.get(f"{LOT}/proof")
    assert answer.headers["Content-Type"] == "application/zip"
    assert 'filename="09520001000010-LO-1.zip"' in answer.headers["Content-Disposition"]
    proven = verify_bundle(answer.content, trust)
    assert proven.logged_ms == NOON
    # And by the tiles alone, as any monitor of such logs would.
    assert trust.log is not None
    shown = client.get("/log/checkpoint")
    assert shown.headers["Cache-Control"] == "no-cache"
    head = open_checkpoint(shown.text, trust.log).checkpoint

    def read(level: int, number: int, width: int) -> bytes:
        answer = client.get("/log/" + tile_path(level, number, width))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        return answer.content

    tree = Tree(head.size, read)
    assert tree.root() == head.root
    entries = unbundle(client.get("/log/" + tile_path("entries", 0, head.size)).content)
    proof = tree.inclusion(proven.number)
    leaf = leaf_hash(entries[proven.number])
    check_inclusion(proven.number, head.size, leaf, proof, head.root)


def test_a_passports_place_in_the_log_is_a_file_of_its_own(site: Site) -> None:
    site.world.proof(site.passport)
    client = site.client()
    trust = parse_trust(client.get("/.well-known/nguon-keys.json").text)
    text = client.get(f"{LOT}/passport.tlog-proof").text
    extra = text.split("\n")[1].removeprefix("extra ")
    entry = base64.b64decode(extra)
    assert decode(entry).body["envelope"] == digest_of(site.passport.envelope)
    assert trust.log is not None
    assert LogProof.decode(text).check(entry, trust.log).checkpoint.size > 0
    assert client.get("/v1/lots/09520001000010/NONE/passport.tlog-proof").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["tile/0/999", "tile/0/000.p/0", "tile/0/000.p/999", "tile/0/..%2f..%2fkey",
     "key", "tile", "", "tile/entries/x001/000", "tile/0/000/", "%2e%2e/log.key"],
)  # fmt: skip
def test_nothing_else_of_the_disk_is_served(site: Site, path: str) -> None:
    assert site.client().get(f"/log/{path}").status_code == 404


def test_a_lot_issued_over_http_is_in_the_log_at_once(site: Site) -> None:
    site.clock.now_ms = NOON + DAY_MS
    grower = site.client("grower")
    assert grower.post(f"{LOT}/passport").status_code == 201
    trust = parse_trust(grower.get("/.well-known/nguon-keys.json").text)
    proven = verify_bundle(grower.get(f"{LOT}/proof").content, trust)
    assert proven.logged_ms == NOON + DAY_MS
    site.clock.now_ms = NOON


def test_a_serial_that_was_never_issued_is_told(site: Site) -> None:
    """The counterfeiter's simplest trick: a real lot, an invented unit."""
    browser = site.browser()
    page = html.unescape(browser.get("/01/09520001000010/10/LO-1/21/ABC").text)
    assert 'data-state="unissued"' in page
    assert "chưa từng được cấp" in page
    assert "Mã này do hệ thống cấp" not in page
    lot = require(site)
    serials = draw(2)
    with site.world.records.transaction() as transaction:
        spend(transaction, lot, serials, 1.0, NOON)
    page = html.unescape(browser.get(f"/01/09520001000010/10/LO-1/21/{serials[0]}").text)
    assert "unissued" not in page
    assert "Mã này do hệ thống cấp" in page


def require(site: Site) -> Lot:
    with site.world.records.reading() as transaction:
        return require_lot(transaction, site.passport.gtin, site.passport.number)


def test_a_passport_of_a_revoked_key_is_not_shown_as_if_it_held(site: Site) -> None:
    address = "/01/09520001000010/10/LO-1"
    with site.world.records.transaction() as transaction:
        revoke(transaction, site.world.signer.public().id, NOON - 1, NOON + DAY_MS)
    page = html.unescape(site.browser().get(address, params={"x": "1"}).text)
    assert "đã bị thu hồi kể từ" in page
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(
            sa.text("UPDATE signing_key SET until_ms = NULL, revoked = 0")
        )


def test_the_page_offers_the_proof_and_the_explanation_names_the_log(site: Site) -> None:
    browser = site.browser()
    page = browser.get("/01/09520001000010/10/LO-1").text
    assert f'href="{LOT}/proof"' in page
    explained = browser.get("/kiem-chung").text
    assert "nguon.example/log" in explained
    assert "Chưa có ai theo dõi sổ" in explained
