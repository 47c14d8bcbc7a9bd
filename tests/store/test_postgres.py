"""What only the PostgreSQL store has to show."""

import psycopg
import pytest

from domain.errors import StoreTooNew, StoreUnavailable
from domain.ids import SeriesId
from domain.window import Window
from store.timescale import PostgresSeries
from tests.builders import NOON, delivery, series_of
from tests.conftest import started
from tests.services.postgres import Postgres


def test_a_database_of_a_newer_program_is_refused(postgres: Postgres) -> None:
    url = postgres.fresh("newer")
    PostgresSeries(url).close()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO series.version VALUES (99)")
    with pytest.raises(StoreTooNew, match="99"):
        PostgresSeries(url)


def test_the_server_dies_and_comes_back_and_nothing_committed_is_gone() -> None:
    for server in started(Postgres, lambda server: server.start()):
        store = PostgresSeries(server.url("postgres"))
        store.append([delivery(series_of({0: 1.0}))], NOON)
        server.kill()
        with pytest.raises(StoreUnavailable):
            store.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
        server.start()
        store.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
        found = [r.value for r in store.read(SeriesId(1), Window(0, 2 * NOON))]
        store.close()
        assert found == [1.0, 2.0]


def test_it_says_what_it_is(postgres: Postgres) -> None:
    store = PostgresSeries(postgres.fresh("capable"))
    assert store.capabilities().backend == "postgresql"
    assert int(store.capabilities().version.split(".")[0]) >= 15
    store.close()
