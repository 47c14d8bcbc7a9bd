"""The page for programmers: every line of it, typed into a real shell at a live application."""

import base64
import json
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
import uvicorn

from api.app import create_app
from tests.api.conftest import Site, standing_site
from tests.conftest import absent
from tests.services.server import free_ports
from traceability.trust import parse_trust

PAGE = Path(__file__).parent.parent.parent / "docs" / "integrators.md"


def commands(page: str) -> list[str]:
    (block,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(block).splitlines()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    site = standing_site(tmp_path_factory.mktemp("live"), page_life_ms=0)
    (port,) = free_ports(1)
    where = f"http://127.0.0.1:{port}"
    app = create_app(replace(site.app.state.deps, address=where))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield site, where
    server.should_exit = True
    thread.join()
    site.world.close()


def fetched(address: str) -> str:
    with urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return str(answer.read().decode())


def test_every_line_runs_and_gives_what_the_page_says(
    live: tuple[Site, str], tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        absent("no curl")
    site, where = live
    site.world.proof(site.passport)
    lines = commands(fetched(f"{where}/docs"))
    assert len(lines) == 12
    # `python3` is the one that runs this.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "bin" / "python3").chmod(0o755)
    said = []
    for line in lines[2:]:
        script = "\n".join(["PATH=./bin:$PATH", *lines[:2], line])
        ran = subprocess.run(
            ["sh", "-ec", script],
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), line
        said.append(ran.stdout)
    lot, *files, verdict, events, lineage, links, recalls = said
    assert json.loads(lot)["state"] == "valid"
    assert (files, events) == ([""] * 4, "")
    envelope = json.loads((tmp_path / "passport.json").read_bytes())
    assert json.loads(base64.b64decode(envelope["payload"]))["lot"]["number"] == "LO-1"
    with zipfile.ZipFile(tmp_path / "proof.zip") as archive:
        assert archive.read("passport.json") == (tmp_path / "passport.json").read_bytes()
    assert parse_trust((tmp_path / "keys.json").read_text()).log is not None
    assert verdict.endswith("This proves unchanged, not true.\n")
    assert json.loads((tmp_path / "events.json").read_bytes())["type"] == "EPCISDocument"
    assert json.loads(lineage)
    linkset = json.loads(links)["linkset"]
    assert any("https://ref.gs1.org/voc/dpp" in one for one in linkset)
    assert json.loads(recalls)["version"] == "https://jsonfeed.org/version/1.1"


def test_what_else_it_names_answers(live: tuple[Site, str]) -> None:
    site, where = live
    site.world.proof(site.passport)
    page = fetched(f"{where}/v1/")
    assert fetched(f"{where}/v1") == page
    client = site.client()
    for path in (
        "/kiem-chung",
        "/kiem-chung/nguon-vectors.zip",
        "/v1/openapi.json",
        "/log/checkpoint",
    ):
        assert path.replace("checkpoint", "") in page
        assert client.get(path).status_code == 200
    assert client.get("/v1/lots/09520001000010/LO-1/credential").status_code == 200
    link = client.get("/01/09520001000010/10/LO-1?linkType=gs1:epcis", follow_redirects=False)
    assert link.status_code == 307
    assert client.get("/v1/nothing").json().keys() == {"error", "message"}


def test_the_same_page_lies_in_docs(live: tuple[Site, str]) -> None:
    site, where = live
    site.world.proof(site.passport)
    assert fetched(f"{where}/v1/").replace(where, "https://nguon.example") == PAGE.read_text(
        "utf-8"
    )


def test_it_speaks_of_a_lot_that_has_a_proof(tmp_path: Path) -> None:
    site = standing_site(tmp_path, page_life_ms=0)
    with site.world.records.transaction() as transaction:
        site.world.open(transaction, 20.0, "LO-0")  # the first of the list, and without passport
    site.world.proof(site.passport)
    assert client_lots(site)[0] == "LO-0"
    assert "/v1/lots/09520001000010/LO-1\n" in site.client().get("/v1/").text
    site.world.close()


def client_lots(site: Site) -> list[str]:
    return [row["number"] for row in site.client("office").get("/v1/lots").json()]
