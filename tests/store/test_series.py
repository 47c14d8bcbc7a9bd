"""The contract suite over every backend."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.series import Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from tests.store.quarantine_contract import *  # noqa: F403 - the suite itself
from tests.store.retention_contract import *  # noqa: F403 - the suite itself
from tests.store.series_contract import *  # noqa: F403 - the suite itself
from tests.store.touches_contract import *  # noqa: F403 - the suite itself

_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgres", "timescale"])
def series(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Series]:
    if request.param == "sqlite":
        store: Series = SqliteSeries(tmp_path / "series.db")
    else:
        server = request.getfixturevalue(request.param)
        store = PostgresSeries(server.fresh(f"series{next(_numbers)}"))
    yield store
    store.close()
