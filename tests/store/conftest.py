"""A bucket of the stand-in for InfluxDB, and the store in it."""

import itertools
from collections.abc import Iterator

import pytest

from store.influx import Address, InfluxSeries
from tests.services.influx import Influx

_numbers = itertools.count()


@pytest.fixture
def url(influx: Influx) -> Iterator[str]:
    yield influx.fresh(f"own{next(_numbers)}")
    influx.mishaps.clear()
    influx.away = False


@pytest.fixture
def store(url: str) -> Iterator[InfluxSeries]:
    made = InfluxSeries(Address.parse(url))
    yield made
    made.close()
