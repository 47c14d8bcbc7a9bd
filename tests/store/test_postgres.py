"""What only the PostgreSQL store has to show."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from domain.errors import StoreTooNew, StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.reading import Delivery, Frame, Reading
from domain.window import Window
from store.series import Appended, Fate, Touched
from store.timescale import PostgresSeries
from store.timescale.touches import fold
from tests.builders import DEVICE, NOON, delivery, series_of
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


@pytest.mark.parametrize("times", [1, 2])
def test_a_line_that_breaks_in_the_middle_loses_and_doubles_nothing(
    postgres: Postgres, times: int
) -> None:
    """The server ends our line while a batch waits for a lock, once or more often."""
    url = postgres.fresh(f"broken{times}")
    store = PostgresSeries(url)
    store.append([delivery(series_of({0: 1.0}))], NOON)
    batch = [delivery(series_of({15: 2.0, 30: 3.0}, seq=1)), delivery(series_of({0: 9.0}, seq=2))]
    found: list[Appended] = []
    thread = threading.Thread(target=lambda: found.append(store.append(batch, NOON)))
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute("LOCK TABLE series.reading")
        thread.start()
        for _ in range(times):
            wait_until(lambda: ended_waiting(watcher))
        holder.rollback()
    thread.join()
    assert found[0].fates == (Fate(2, 0, 0, 0), Fate(1, 0, 1, 0))
    assert store.tally().readings == 4
    store.close()


@pytest.fixture
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    """A primary and its synchronous standby."""
    for primary in started(Postgres, lambda server: server.start()):
        for standby in started(lambda: Postgres(of=primary), lambda server: server.start()):  # noqa: B023 - used at once
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.execute("SELECT pg_reload_conf()")
            yield primary, standby


def test_a_failover_in_the_middle_loses_and_doubles_nothing(
    pair: tuple[Postgres, Postgres],
) -> None:
    """The primary dies between two batches of a stream; the standby is promoted and goes on."""
    primary, standby = pair
    name = primary.fresh("cell").rsplit("/", 1)[1]
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = f"postgresql://postgres@{hosts}/{name}?target_session_attrs=read-write"
    store = PostgresSeries(url)
    kept: list[int] = []

    def write() -> None:
        for n in range(300):
            while True:
                try:
                    store.append([delivery(series_of({n: float(n)}, seq=n))], NOON)
                    break
                except StoreUnavailable:
                    time.sleep(0.1)
            kept.append(n)

    thread = threading.Thread(target=write)
    thread.start()
    wait_until(lambda: len(kept) > 100)
    primary.kill()
    standby.execute("SELECT pg_promote()")
    thread.join()
    assert [r.value for r in store.read(SeriesId(1), Window(0, 2 * NOON))] == list(range(300))
    assert store.ledger(DEVICE) == {0: ((0, 299),)}
    assert (store.tally().frames, store.tally().conflicts) == (300, 0)
    store.close()


def test_what_another_is_folding_is_waited_for(postgres: Postgres) -> None:
    """An empty list means that nothing is due, also next to a watcher in the middle of it."""
    url = postgres.fresh("folding")
    store = PostgresSeries(url)
    store.append([delivery(series_of({0: 1.0}))], NOON)
    found: list[list[Touched]] = []
    thread = threading.Thread(target=lambda: found.append(store.touched(9)))
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watcher:
        assert fold(other) == 1
        thread.start()
        wait_until(lambda: bool(found) or waiting(watcher) == 1)
        assert not found
        other.commit()
        thread.join()
    assert [t.hour_ms for t in found[0]] == [NOON]
    store.close()


def waiting(watcher: psycopg.Connection) -> int:
    """Return how many in this database wait for a lock."""
    row = watcher.execute(
        """SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    ).fetchone()
    return 0 if row is None else int(row[0])


def ended_waiting(watcher: psycopg.Connection) -> bool:
    """End whoever waits for a table in this database; whether anybody did."""
    ended = watcher.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    ).fetchall()
    return bool(ended)


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_says_what_it_is(postgres: Postgres) -> None:
    store = PostgresSeries(postgres.fresh("capable"))
    assert store.capabilities().backend == "postgresql"
    assert int(store.capabilities().version.split(".")[0]) >= 15
    store.close()


def test_workers_that_share_devices_keep_each_ones_cycles_in_one_chain(postgres: Postgres) -> None:
    """Devices that are new to all of them too; each worker sends what another has sent, too."""
    url = postgres.fresh("shared")
    devices = [DeviceId(f"nút-{n}") for n in range(5)]
    stores = [PostgresSeries(url) for _ in range(3)]

    def write(store: PostgresSeries, worker: int) -> None:
        for n in range(worker, 60, 2):
            some = devices[n % 3 :] if n % 2 else devices[: n % 5 + 1]
            store.append([cycle(device, n) for device in some], NOON)

    def cycle(device: DeviceId, n: int) -> Delivery:
        of = SeriesId(devices.index(device) + 1)
        frame = Frame(0, n, (Reading(of, NOON + n * 60_000, float(n), 1),))
        return delivery(frame, device=device)

    threads = [
        threading.Thread(target=write, args=pair) for pair in zip(stores, (0, 1, 0), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = stores[0].tally().frames
    chains = {device: stores[0].beats(device, 99) for device in devices}
    assert sum(len(chain) for chain in chains.values()) == kept == stores[0].tally().readings
    for chain in chains.values():
        numbers = [b.frame for b in chain]
        assert numbers == sorted(set(numbers), reverse=True)
    for device, chain in chains.items():
        runs = stores[0].ledger(device)[0]
        assert sorted(b.seq or 0 for b in chain) == [
            n for first, last in runs for n in range(first, last + 1)
        ]
    for store in stores:
        store.close()


@pytest.mark.parametrize("place", [0, 500, 999])
def test_what_was_believed_to_be_new_and_was_not_is_told_apart(
    postgres: Postgres, place: int
) -> None:
    """One of a thousand readings was there, or another value was; the rest went in and out."""
    store = PostgresSeries(postgres.fresh(f"believed{place}"))
    store.append([delivery(series_of({place: 1.0}, seq=7_000))], NOON)
    batch = [delivery(series_of({n: 1.0}, seq=n)) for n in range(1_000)]
    fates = store.append(batch, NOON).fates
    assert fates[place] == Fate(0, 1, 0, 0)
    assert fates.count(Fate(1, 0, 0, 0)) == 999
    other = [delivery(series_of({n: 2.0 if n == place else 1.0}, seq=n)) for n in range(1_000)]
    fates = store.append(other, NOON).fates
    assert fates[place] == Fate(1, 0, 1, 0)
    assert fates.count(Fate(0, 1, 0, 0)) == 999
    tally = store.tally()
    assert (tally.readings, tally.frames, tally.conflicts) == (1_001, 1_002, 1)
    assert len(store.beats(DEVICE, 2_000)) == 1_002
    store.close()


def test_no_number_of_a_device_is_remembered_over_a_loss_of_what_was_committed(
    postgres: Postgres,
) -> None:
    """As after a failover to a standby that lacks the last batches, or a restore."""
    url = postgres.fresh("renumbered")
    store, other = PostgresSeries(url), PostgresSeries(url)
    store.append([delivery(series_of({0: 1.0}))], NOON)
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE series.device, series.frame, series.reading RESTART IDENTITY")
    other.append([delivery(series_of({0: 2.0}, series=2), device="tram-01")], NOON)
    store.append([delivery(series_of({15: 3.0}, seq=1))], NOON)
    assert [b.seq for b in store.beats(DEVICE, 9)] == [1]
    assert [b.seq for b in store.beats(DeviceId("tram-01"), 9)] == [0]
    assert store.ledger(DEVICE) == {0: ((1, 1),)}
    store.close()
    other.close()
