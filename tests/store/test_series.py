"""The contract suite over every backend.

InfluxDB is there twice: as a stand-in, and as whatever server ``--influx-url`` names. A
token may not be allowed to make buckets, so each test there has measurements of its own.
"""

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from nguon.compose import open_series
from store.influx import Address, InfluxSeries
from store.series import Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from tests.store.moved_contract import *  # noqa: F403 - the suite itself
from tests.store.quarantine_contract import *  # noqa: F403 - the suite itself
from tests.store.retention_contract import *  # noqa: F403 - the suite itself
from tests.store.series_contract import *  # noqa: F403 - the suite itself
from tests.store.touches_contract import *  # noqa: F403 - the suite itself

_numbers = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "series" in metafunc.fixturenames:
        known = {"timescale": "--timescale-dsn", "influx-url": "--influx-url"}
        named = [name for name, option in known.items() if metafunc.config.getoption(option)]
        metafunc.parametrize(
            "series", ["sqlite", "postgres", "postgres18", "influx", *named], indirect=True
        )


def test_the_contract_is_put_to_a_real_influxdb(request: pytest.FixtureRequest) -> None:
    url = request.config.getoption("--influx-url")
    if url is None:
        pytest.skip("the contract is put to a real InfluxDB 2 only where --influx-url names one")
    store = open_series(url)
    assert "stand-in" not in store.capabilities().version
    store.close()


@pytest.fixture
def series(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Series]:
    if request.param == "sqlite":
        store: Series = SqliteSeries(tmp_path / "series.db")
    elif request.param == "influx-url":
        url = request.config.getoption("--influx-url")
        store = InfluxSeries(Address.parse(url), prefix=f"t{secrets.token_hex(4)}_")
    elif request.param == "influx":
        influx = request.getfixturevalue("influx")
        store = InfluxSeries(Address.parse(influx.fresh(f"series{next(_numbers)}")))
    else:
        server = request.getfixturevalue(request.param)
        store = PostgresSeries(server.fresh(f"series{next(_numbers)}"))
    yield store
    store.close()
