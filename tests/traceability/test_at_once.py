"""What is committed while a passport is made is in its figures and its days, or in neither."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from domain.errors import Clash
from domain.ids import SeriesId
from domain.reading import Frame, StoredReading
from domain.window import DAY_MS, Window, day_window
from nguon.audit import findings
from nguon.compose import Stores
from store.records.days import DayDue
from store.timescale import PostgresSeries
from tests.builders import DEVICE, NOON, ZONE, delivery, reading
from tests.ingest.rig import until
from tests.services.postgres import Postgres
from tests.traceability.world import STARTED, World
from traceability.bundling import raw_readings
from traceability.envelope import Envelope
from traceability.evidence.commit import Source, log_days, measuring
from traceability.passport import Issuer, issue
from traceability.verify_bundle import verify_bundle

LATE = delivery(Frame(7, 0, (reading(1, day_window(STARTED, ZONE).start_ms + 77, 21.0),)))
MEASURED = 5 * 96 - 24
HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


class Watched(PostgresSeries):
    """The store itself, which tells when it is about to be read."""

    before_read: Callable[[], None] = staticmethod(lambda: None)

    def read(self, series: SeriesId, window: Window) -> Iterator[StoredReading]:
        self.before_read()
        return super().read(series, window)


@pytest.fixture
def url(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    return postgres.fresh(request.node.name[-40:])


@pytest.fixture
def world(url: str, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, url=url)
    made.measure()
    made.harvest()
    with made.records.transaction() as transaction:
        made.open(transaction)
    yield made
    made.close()


def is_logged(world: World) -> bool:
    with world.records.reading() as transaction:
        return STARTED in transaction.days.newest(DEVICE, STARTED, STARTED)


def issued(world: World, by: Issuer) -> int:
    with world.records.reading() as transaction:
        (lot,) = transaction.lots.lots()
    return issue(by, lot, NOON).issued_ms


def require_sound(world: World) -> int:
    """Figures, days, raw readings and log agree; returns the soil moisture readings claimed."""
    with world.records.reading() as transaction:
        (passport,) = transaction.lots.passports()
    proof = world.proof(passport)
    with world.records.reading() as transaction:
        told = raw_readings(transaction, world.series, passport, NOON)
        verify_bundle(proof, world.trust(), [b"".join(lines) for _, lines in told])
    policy = world.trust().log
    assert policy is not None
    assert list(findings(Stores(world.series, world.records), world.files, policy)) == []
    document = json.loads(Envelope.decode(passport.envelope).payload)
    (row,) = [one for one in document["evidence"] if one["channel"] == "soil_moisture_20"]
    return int(row["received"])


def test_a_batch_that_is_under_way_is_waited_for(world: World, url: str) -> None:
    """It took its time before; let go, it commits between the days and the figures, if it may."""
    series = Watched(url)
    by = replace(world.issuer, series=series)
    with ThreadPoolExecutor(2) as pool, psycopg.connect(url) as other:
        other.execute(HOLD, (DEVICE,))
        batch = pool.submit(world.series.append, [LATE], NOON)
        with psycopg.connect(url, autocommit=True) as look:

            def waiting() -> int:
                row = look.execute(WAITING).fetchone()
                return 0 if row is None else int(row[0])

            until(lambda: waiting() == 1)
            reached = threading.Event()

            def let_go() -> None:
                if is_logged(world):
                    reached.set()
                    batch.result(20)

            series.before_read = let_go
            passport = pool.submit(issued, world, by)
            until(lambda: waiting() == 2 or reached.is_set())
            early = reached.is_set()
        other.rollback()
        passport.result(30)
    series.close()
    assert not early, "it was bound while a batch with such a time was under way"
    assert require_sound(world) == MEASURED + 1


def test_a_batch_that_comes_with_an_old_time_is_in_neither(world: World, url: str) -> None:
    """By the clock of another machine, that is behind: committed once the days are logged."""
    series = Watched(url)

    def bring() -> None:
        if is_logged(world):
            series.before_read = lambda: None
            series.append([LATE], NOON - 5)

    series.before_read = bring
    issued(world, replace(world.issuer, series=series))
    series.close()
    assert require_sound(world) == MEASURED


@pytest.mark.parametrize("ahead_ms", [7, DAY_MS])
def test_a_day_the_watcher_logs_meanwhile_is_bound_as_it_was_known_then(
    world: World, url: str, ahead_ms: int
) -> None:
    series = Watched(url)

    def watch() -> None:
        """A reading comes, and the watcher logs its day, a little later than the passport began."""
        series.before_read = lambda: None
        series.append([LATE], NOON + ahead_ms)
        with world.records.reading() as transaction:
            measured = measuring(transaction, NOON)
        due = [DayDue(DEVICE, STARTED, 0)]
        log_days(world.records, Source.of(world.series), measured, due, NOON + ahead_ms)

    series.before_read = watch
    by = replace(world.issuer, series=series)
    if ahead_ms == DAY_MS:
        with pytest.raises(Clash, match="which is to come"):
            issued(world, by)
    else:
        assert issued(world, by) == NOON + ahead_ms
        assert require_sound(world) == MEASURED + 1
    series.close()
