"""What every test may ask for: real services, published data, and a say in skipping.

``REQUIRE_SERVICES=1`` (set in CI) turns the skip of an absent service into a failure.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import apsw
import pytest

from tests.services.brokers import Embedded, Mosquitto, Rabbit
from tests.services.influx import Influx
from tests.services.postgres import Given, Postgres, carried
from tests.services.server import Server, ServiceAbsent

S = TypeVar("S", bound=Server)
SHARED = Path(__file__).parent.parent.parent / "shared"
USERS = {"ingest": "ingest-word", "dat-01": "word-1", "dat-02": "word-2", "tram-01": "word-3"}
USERS |= {"kings-creek": "word-4"}
CLIENT_ID = "nguon-ingest"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--timescale-dsn",
        metavar="DSN",
        help="a TimescaleDB to run the store's tests against: a role that may create databases,"
        " postgresql://postgres@127.0.0.1:5432/postgres for example",
    )
    parser.addoption(
        "--influx-url",
        metavar="URL",
        help="an InfluxDB 2 to run the contract of the readings' store on, as"
        " influx://TOKEN@HOST:PORT/ORG/BUCKET; points stay in the bucket, so give an empty one",
    )


def pytest_report_header() -> list[str]:
    required = "required" if os.environ.get("REQUIRE_SERVICES") == "1" else "skipped when absent"
    return [f"SQLite {apsw.sqlitelibversion()} (apsw); services {required}"]


def absent(reason: str) -> None:
    """Skip, or fail where services are required."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1: {reason}")
    pytest.skip(reason)


def started(make: Callable[[], S], start: Callable[[S], object]) -> Iterator[S]:
    server: S | None = None
    try:
        server = make()
        start(server)
    except ServiceAbsent as error:
        if server is not None:
            server.close()
        absent(str(error))
    assert server is not None
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    yield from started(Postgres, lambda server: server.start())


@pytest.fixture(scope="session")
def postgres18() -> Iterator[Postgres]:
    """The newest PostgreSQL that a package index carries."""
    programs = carried("pginstall18")
    yield from started(lambda: Postgres(programs=programs), lambda server: server.start())


@pytest.fixture(scope="session")
def timescale(request: pytest.FixtureRequest) -> Iterator[Given]:
    """A TimescaleDB that somebody else has started: no package index has it."""
    dsn = request.config.getoption("--timescale-dsn")
    if dsn is None:
        pytest.skip("no TimescaleDB: --timescale-dsn names none")
    given = Given(dsn)
    yield given
    given.close()


@pytest.fixture(scope="session")
def influx() -> Iterator[Influx]:
    """A stand-in; ``--influx-url`` asks a real one."""
    server = Influx().start()
    yield server
    server.close()


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    yield from started(lambda: Mosquitto(USERS), lambda server: server.start())


@pytest.fixture
def rabbit() -> Iterator[Rabbit]:
    yield from started(lambda: Rabbit(USERS), lambda server: server.start())


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    yield from started(lambda: Embedded(USERS), lambda server: server.start())


@pytest.fixture(scope="session")
def shared() -> Path:
    """Published vectors and real data; data only, and never part of this repository."""
    if not SHARED.is_dir():
        pytest.skip("published vectors and data are not beside this checkout")
    return SHARED
