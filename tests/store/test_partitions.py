"""Readings in parts of about a month: who makes them, for which times, and what stays beside."""

import random
import threading

import psycopg
import pytest

from domain.ids import SeriesId
from domain.reading import Frame
from domain.window import LAST_MS, Window
from store.retention import PART_MS
from store.series import Fate
from store.timescale import PostgresSeries
from store.timescale.partitions import END_MS, FIRST_MS
from tests.builders import NOON, delivery, reading, series_of
from tests.services.postgres import Postgres

_LIMIT = """CREATE FUNCTION series.limit_unpacked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM fresh) > 3 AND current_setting(
            'timescaledb.max_tuples_decompressed_per_dml_transaction', true) IS DISTINCT FROM '0'
        THEN
            RAISE EXCEPTION 'tuple decompression limit exceeded by operation'
                USING ERRCODE = 'configuration_limit_exceeded';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER limit_unpacked AFTER INSERT ON series.reading
        REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION series.limit_unpacked()"""


def test_a_batch_that_would_unpack_too_much_is_kept_in_parts(postgres: Postgres) -> None:
    """A trigger raises what TimescaleDB raises at its limit, above three rows a statement."""
    url = postgres.fresh("limited")
    store = PostgresSeries(url)
    with psycopg.connect(url) as connection:
        connection.execute(_LIMIT)
    small = [delivery(series_of({i: float(i)}, seq=i)) for i in range(10)]
    wide = delivery(series_of({100 + i: float(i) for i in range(9)}, seq=10))
    appended = store.append([*small, wide, small[0]], NOON)
    assert appended.fates == (*[Fate(1, 0, 0, 0)] * 10, Fate(9, 0, 0, 0), Fate(0, 1, 0, 0))
    assert dict(appended.kept) == {("dat-01", 0): ((0, 10),)}
    assert store.append([*small, wide], NOON).fates == (*[Fate(0, 1, 0, 0)] * 10, Fate(0, 9, 0, 0))
    assert (store.tally().readings, store.tally().frames) == (19, 11)
    store.close()


def parts(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'series.reading'::regclass"
        ).fetchone()
    return 0 if row is None else int(row[0])


def test_wild_clocks_make_no_partitions(postgres: Postgres) -> None:
    url = postgres.fresh("wild")
    store = PostgresSeries(url)
    dice = random.Random(3)
    wild = [
        delivery(Frame(0, n, (reading(1, dice.randrange(END_MS, LAST_MS), 1.0),)))
        for n in range(200)
    ]
    lost = delivery(Frame(0, 200, (reading(1, 120_000, 2.0),)))
    store.append([*wild, lost], NOON)
    assert parts(url) == 0
    store.append([delivery(series_of({0: 3.0}, seq=201))], NOON)
    assert parts(url) == 1
    assert len(list(store.read(SeriesId(1), Window(0, LAST_MS + 1)))) == 202
    assert store.latest([SeriesId(1)], NOON + 1)[SeriesId(1)].value == 3.0
    assert store.latest([SeriesId(1)], NOON)[SeriesId(1)].value == 2.0
    assert store.latest([SeriesId(1)], LAST_MS + 1)[SeriesId(1)].value == 1.0
    store.close()


@pytest.mark.parametrize("edge", [FIRST_MS, FIRST_MS + 7 * PART_MS, END_MS])
def test_nothing_is_lost_or_doubled_where_one_part_ends(postgres: Postgres, edge: int) -> None:
    store = PostgresSeries(postgres.fresh(f"edge{edge}"))
    times = [edge - PART_MS, edge - 1, edge, edge + 1]
    batch = [delivery(Frame(0, n, (reading(1, t, float(n)),))) for n, t in enumerate(times)]
    assert store.append(batch, NOON).fates == (Fate(1, 0, 0, 0),) * 4
    assert store.append(batch, NOON).fates == (Fate(0, 1, 0, 0),) * 4
    other = delivery(Frame(0, 9, (reading(1, edge, 0.5), reading(1, edge - 1, 0.5))))
    assert store.append([other], NOON).fates == (Fate(2, 0, 2, 0),)
    found = [(r.time_ms, r.value) for r in store.read(SeriesId(1), Window(edge - 1, edge + 1))]
    assert found == [(edge - 1, 0.5), (edge - 1, 1.0), (edge, 0.5), (edge, 2.0)]
    assert store.latest([SeriesId(1)], edge + 1)[SeriesId(1)].value == 0.5
    assert store.series_ids() == [SeriesId(1)]
    store.close()


def test_two_workers_may_make_the_same_partitions_at_once(postgres: Postgres) -> None:
    url = postgres.fresh("together")
    stores = [PostgresSeries(url) for _ in range(3)]

    def write(store: PostgresSeries, first: int) -> None:
        for n in range(first, 24, 3):
            frame = Frame(None, None, (reading(1, FIRST_MS + (n // 2) * PART_MS + first, 1.0),))
            store.append([delivery(frame)], NOON)

    threads = [
        threading.Thread(target=write, args=pair) for pair in zip(stores, range(3), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (parts(url), stores[0].tally().readings) == (12, 24)
    for store in stores:
        store.close()


def test_a_partition_that_another_process_has_dropped_is_made_again(postgres: Postgres) -> None:
    url = postgres.fresh("dropped")
    store = PostgresSeries(url)
    store.append([delivery(series_of({0: 1.0}))], NOON)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'series.reading'::regclass"
        ).fetchone()
        assert row is not None
        connection.execute(f"DROP TABLE {row[0]}")
    assert store.append([delivery(series_of({15: 2.0}, seq=1))], NOON).fates == (Fate(1, 0, 0, 0),)
    store.close()
