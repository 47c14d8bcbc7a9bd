"""The application over a small world, and clients of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import Sessions, hash_secret
from api.deps import Deps
from api.rates import REPORTS_FREE, REPORTS_WAIT_MS, Tries
from api.scans.recorder import Kept, Recorder
from domain.gs1 import Giai, Gln
from domain.ids import ProducerId
from domain.lot import IssuedPassport
from nguon.verifier import build
from store.rollups import Rhythm, roll_up
from store.scan_journal import ScanJournal
from tests.builders import DEVICE, ZONE
from tests.traceability.world import NOON, SERIES, World

ADDRESS = "https://nguon.example"
PIN = "246813"
PARTY, GIAI = Gln.parse("9520001002014"), Giai.parse("9520001dat-01")
ISSUER = Gln.parse("9520001009006")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ms = NOON

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Site:
    """The application, the world under it, and its clock."""

    app: FastAPI
    world: World
    clock: Clock
    passport: IssuedPassport
    scans: Recorder

    def client(self, login: str = "") -> TestClient:
        """A machine: bearer token, no cookies, errors as answers."""
        client = TestClient(self.app, ADDRESS, raise_server_exceptions=False)
        if login:
            answer = client.post("/v1/sessions", json={"login": login, "secret": PIN})
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return client

    def browser(self, login: str = "", language: str = "vi") -> TestClient:
        """A person: HTML, cookies, forms from the same site."""
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        client = TestClient(self.app, ADDRESS, headers=headers, raise_server_exceptions=False)
        if language != "vi":
            client.params = client.params.set("lang", language)
        if login:
            answer = client.post(
                "/dang-nhap", data={"login": login, "secret": PIN}, follow_redirects=False
            )
            assert answer.status_code == 303
        return client


def standing_site(folder: Path, page_life_ms: int, place_header: str = "") -> Site:
    world = World(folder, hash_secret(PIN))
    passport = world.issued()
    with world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-1"), PARTY, NOON + 1)
        transaction.gs1.give_giai(DEVICE, GIAI, NOON + 1)
    rhythms = {series: Rhythm(900_000, ZONE) for series in SERIES.values()}
    while roll_up(world.series, rhythms):
        pass
    clock = Clock()
    recorder = Recorder(ScanJournal(folder / "scans"), world.records, clock, Kept(30))
    deps = Deps(
        series=world.series,
        records=world.records,
        issuer=world.issuer,
        trust=world.trust,
        files=world.files,
        log_key=world.log_key,
        address=ADDRESS,
        clock=clock,
        reports=Tries(REPORTS_FREE, REPORTS_WAIT_MS, clock),
        scans=recorder,
        place_header=place_header,
        page_life_ms=page_life_ms,
        sessions=Sessions(world.records, "a key of the tests", clock),
        demo=False,
        issuer_gln=ISSUER,
        source_url="",
        verifier=build,
        company_prefix="9520001",
    )
    return Site(create_app(deps), world, clock, passport, recorder)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Nothing is shown from memory: tests change the records behind the application's back."""
    yield from made(tmp_path_factory.mktemp("site"))


def made(folder: Path) -> Iterator[Site]:
    """A site in a folder that shows nothing from memory, closed afterwards."""
    site = standing_site(folder, page_life_ms=0)
    yield site
    site.world.close()
