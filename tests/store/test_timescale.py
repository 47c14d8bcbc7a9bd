"""What only TimescaleDB does: parts that are compressed, and batches that meet them.

The contract suite runs here a second time, with everything compressed after every batch.
"""

import itertools
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from domain.ids import SeriesId
from domain.reading import Delivery, Frame
from domain.window import DAY_MS, HOUR_MS, LAST_MS, Window
from nguon.compose import now_ms
from store.series import Appended, Fate, Series
from store.timescale import PostgresSeries
from tests.builders import NOON, delivery, reading, series_of
from tests.services.postgres import Given
from tests.store.moved_contract import *  # noqa: F403 - the suite itself
from tests.store.retention_contract import *  # noqa: F403 - the suite itself
from tests.store.series_contract import *  # noqa: F403 - the suite itself
from tests.store.touches_contract import *  # noqa: F403 - the suite itself

_numbers = itertools.count()
_COMPRESS = """SELECT count(compress_chunk(c, if_not_compressed => true))
    FROM show_chunks('series.reading') c"""


class Compressing(PostgresSeries):
    """Compresses every part after every batch, as time would."""

    slow = True

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        appended = super().append(deliveries, committed_ms)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(1)")  # two at once would deadlock
            connection.execute(_COMPRESS)
        return appended


@pytest.fixture
def series(timescale: Given) -> Iterator[Series]:
    store = Compressing(timescale.fresh(f"compressed{next(_numbers)}"))
    yield store
    store.close()


def test_it_compresses_what_is_older_than_what_may_come_late(timescale: Given) -> None:
    url = timescale.fresh("policy")
    store = PostgresSeries(url)
    assert "TimescaleDB" in store.capabilities().version
    assert store.capabilities().lacks == ()
    old = Frame(0, 0, (reading(1, now_ms() - 90 * DAY_MS, 1.0),))
    recent = Frame(0, 1, (reading(1, now_ms() - 10 * DAY_MS, 2.0),))
    store.append([delivery(old, recent)], NOON)
    with psycopg.connect(url, autocommit=True) as connection:
        job = connection.execute(
            "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name LIKE '%compression'"
        ).fetchone()
        assert job is not None
        connection.execute("CALL run_job(%s)", job)
        row = connection.execute(
            """SELECT count(*) FILTER (WHERE is_compressed), count(*)
               FROM timescaledb_information.chunks WHERE hypertable_schema = 'series'"""
        ).fetchone()
    assert row == (1, 2)
    assert [r.value for r in store.read(SeriesId(1), Window(0, LAST_MS))] == [1.0, 2.0]
    store.close()


def test_late_rows_do_not_meet_the_limit_on_what_may_be_unpacked(timescale: Given) -> None:
    """On 2.22.1 nothing is unpacked for them; where it is, a batch is split, see
    ``test_partitions.py``."""
    url = timescale.fresh("limit")
    store = Compressing(url)
    many = tuple(
        reading(of, NOON + i * 60_000, float(i)) for of in range(1, 9) for i in range(1_000)
    )
    store.append([delivery(Frame(0, 0, many))], NOON)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET"
            " timescaledb.max_tuples_decompressed_per_dml_transaction = 1',"
            " current_database()); END $$"
        )
    store.close()
    store = Compressing(url)
    late = [delivery(Frame(0, of, (reading(of, NOON + 30_000, 7.0),))) for of in range(1, 9)]
    later = NOON + 40 * DAY_MS  # when a policy would have compressed it
    assert store.append(late, later).fates == (Fate(1, 0, 0, 0),) * 8
    wide = delivery(Frame(0, 9, tuple(reading(of, NOON + 90_000, 8.0) for of in range(1, 9))))
    assert store.append([wide], later).fates == (Fate(8, 0, 0, 0),)
    assert store.append([*late, wide], later).fates == (*(Fate(0, 1, 0, 0),) * 8, Fate(0, 8, 0, 0))
    assert store.tally().readings == 8_016
    store.close()


def test_late_rows_into_compressed_parts_are_in_order_and_rolled_up(series: Series) -> None:
    series.append([delivery(series_of({m: float(m) for m in range(0, 600, 15)}))], NOON)
    series.append([delivery(series_of({7: -1.0, 607: -2.0}, seq=1))], NOON + DAY_MS)
    found = [r.value for r in series.read(SeriesId(1), Window(NOON, NOON + HOUR_MS // 2))]
    assert found == [0.0, -1.0, 15.0]
    newest = series.latest([SeriesId(1)], NOON + DAY_MS)[SeriesId(1)]
    assert newest.value == -2.0
