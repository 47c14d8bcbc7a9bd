"""What a stranger downloads to check a label: the program, the examples, the list of keys."""

import hashlib
import html
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from nguon.verifier import build
from tests.api.conftest import Site, made
from traceability.trust import parse_trust
from traceability.verify_bundle import verify_bundle

PROGRAM, VECTORS = "/kiem-chung/nguon-verify.pyz", "/kiem-chung/nguon-vectors.zip"
FOLDER = Path(__file__).parent.parent.parent / "traceability" / "vectors"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    yield from made(tmp_path)


def test_the_program_that_is_served_is_the_one_that_is_built_from_the_source(site: Site) -> None:
    answer = site.client().get(PROGRAM, headers={"Accept-Encoding": "identity"})
    assert answer.content == build()
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nguon-verify.pyz"'
    packed = site.client().get(PROGRAM, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == build()
    assert int(packed.headers["Content-Length"]) < len(build()) // 2


@pytest.mark.parametrize("path", [PROGRAM, VECTORS])
def test_it_is_kept_and_asked_for_again(site: Site, path: str) -> None:
    first = site.client().get(path)
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = site.client().get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert site.client().get(path, headers={"If-None-Match": 'W/"x"'}).status_code == 200
    assert site.client().head(path).status_code == 200
    assert site.client().get(path + "x").status_code == 404


def test_the_examples_are_the_published_vectors_with_what_they_mean(site: Site) -> None:
    answer = site.client().get(VECTORS)
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    there = {f"vectors/{path.name}": path.read_bytes() for path in FOLDER.iterdir()}
    assert {name: raw for name, raw in files.items() if name != "README.md"} == there
    assert b". `entry`: " in files["README.md"]
    one = json.loads(files["vectors/vectors.json"])["vectors"][0]
    trust = parse_trust(files[f"vectors/{one['keys']}"].decode())
    assert verify_bundle(files[f"vectors/{one['bundle']}"], trust).number == one["number"]


def test_the_page_says_what_to_compare_and_where_the_source_is(own: Site) -> None:
    keys = own.client().get("/.well-known/nguon-keys.json").content
    for language, ask in (
        ("vi", "hãy hỏi cơ quan để lấy mã nguồn"),
        ("en", "ask the office for the source"),
    ):
        page = html.unescape(own.browser(language=language).get("/kiem-chung").text)
        for digest in (hashlib.sha256(build()), hashlib.sha256(keys)):
            assert f"<code>{digest.hexdigest()}</code>" in page
        assert f'href="{PROGRAM}' in page
        assert f'href="{VECTORS}' in page
        assert ask in page
    given = own.app.state.deps
    own.app.state.deps = replace(given, source_url='https://source.example/nguon?a=1&b="')
    page = own.browser().get("/kiem-chung").text
    assert 'href="https://source.example/nguon?a=1&amp;b=&#34;"' in page
    assert "hãy hỏi cơ quan" not in html.unescape(page)
    assert "nguon verifier --out nguon-verify.pyz" in page


def test_a_proof_says_where_its_verifier_is_to_be_had(own: Site) -> None:
    own.world.proof(own.passport)
    raw = own.client().get("/v1/lots/09520001000010/LO-1/proof").content
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        readme = archive.read("README.txt").decode()
    assert "python3 nguon-verify.pyz FILE.zip --keys KEYS.json" in readme
    assert readme.count("https://nguon.example/kiem-chung") == 2
