"""Old databases, filled, are brought forward by the scripts alone."""

from datetime import timedelta
from pathlib import Path

import apsw
import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from domain.ids import DeviceId, SeriesId
from domain.window import HOUR_MS, LAST_MS, Window
from nguon.audit import findings
from nguon.compose import Stores
from store import migrations
from store.records import Records
from store.series import Fate, Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from tests.builders import DEVICE, NOON, delivery, series_of
from tests.services.postgres import Postgres
from tests.traceability.world import HARVESTED, World
from traceability.log.publish import publish
from traceability.standing import Ground, call_back
from traceability.units import draw, spend
from traceability.verify_bundle import verify_bundle

# Three cycles of one series: the second says another value for the first one's time.
FRAMES = [(1, "dat-01", 0, 0), (2, "dat-01", 0, 1), (3, "dat-01", 0, 2)]
# The third, of a clock that had lost its date, begins in 1970 and ends in 9999.
READINGS = [(1, NOON, 5.0, 1, 1), (1, NOON, 4.0, 1, 2), (1, NOON + HOUR_MS, 6.0, 1, 3)]
READINGS += [(2, 0, 7.0, 1, 3), (2, LAST_MS, 8.0, 1, 3)]
OLDEST_FILLED = 3
SCRIPTS = Path(migrations.__file__).parent / "records" / "migrations"


def scripts_until(last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store know the first scripts only, as an older program did."""

    def some(package: str) -> dict[int, str]:
        return {n: text for n, text in migrations.scripts(package).items() if n <= last}

    monkeypatch.setattr("store.sqlite.connection.scripts", some)
    monkeypatch.setattr("store.timescale.connection.scripts", some)


def check_brought_forward(series: Series) -> None:
    found = [
        (r.time_ms, r.value, r.conflict) for r in series.read(SeriesId(1), Window(0, 2 * NOON))
    ]
    assert found == [(NOON, 4.0, True), (NOON, 5.0, True), (NOON + HOUR_MS, 6.0, False)]
    stray = [r.value for r in series.read(SeriesId(2), Window(0, LAST_MS + 1))]
    assert stray == [7.0, 8.0]
    assert [(t.series, t.hour_ms) for t in series.touched(9)] == [(1, NOON)]
    old, other = delivery(series_of({0: 5.0})), delivery(series_of({0: 4.0}, seq=1))
    assert series.append([old, other], NOON).fates == (Fate(0, 1, 0, 0), Fate(0, 1, 0, 0))
    new = delivery(series_of({0: 3.0, 5: 1.0}, seq=3))
    assert series.append([new], NOON).fates == (Fate(2, 0, 1, 0),)
    tally = series.tally()
    assert (tally.readings, tally.frames, tally.conflicts) == (7, 4, 1)
    assert series.check() == []


@pytest.mark.parametrize("server", ["postgres", "timescale"])
def test_a_filled_postgres_is_brought_forward(
    server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue(server).fresh("old")
    with monkeypatch.context() as patch:
        scripts_until(OLDEST_FILLED, patch)
        PostgresSeries(url).close()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setval('series.frame_id', 3)")
        cursor.executemany(
            "INSERT INTO series.frame (id, device, boot, seq, received, committed, time)"
            " VALUES (%s, %s, %s, %s, 0, 0, 0)", FRAMES,
        )  # fmt: skip
        cursor.executemany("INSERT INTO series.reading VALUES (%s, %s, %s, %s, %s)", READINGS)
        cursor.execute("INSERT INTO series.conflict VALUES (1, %s, 0)", (NOON,))
        cursor.execute("INSERT INTO series.ledger VALUES ('dat-01', 0, 0, 2)")
        cursor.execute("INSERT INTO series.touched VALUES (1, %s, 2)", (NOON,))
    series = PostgresSeries(url)
    check_brought_forward(series)
    series.close()


# Two devices in turn; of the first, whose boots are counted, one cycle was moved by an offset.
IN_TURN = [
    (1, "tram-01", None, None, 10, 1_010, 0, 0), (2, "dat-01", 0, 0, 20, 1_020, 0, 0),
    (3, "dat-01", 0, 1, 30, 1_030, 500, 4), (4, "tram-01", None, None, 40, 1_040, 0, 5),
    (7, "dat-01", 1, 0, 70, 1_070, 0, 1),
]  # fmt: skip


def test_cycles_and_ledgers_are_brought_under_the_numbers_of_devices(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.fresh("named")
    with monkeypatch.context() as patch:
        scripts_until(6, patch)
        PostgresSeries(url).close()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setval('series.frame_id', 7)")
        cursor.executemany(
            "INSERT INTO series.frame (id, device, boot, seq, time, received, skew, clock,"
            " committed) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 2000)", IN_TURN,
        )  # fmt: skip
        for run in (("dat-01", 0, 0, 1), ("dat-01", 1, 0, 0), ("xa-09", 2, 5, 6)):
            cursor.execute("INSERT INTO series.ledger VALUES (%s, %s, %s, %s)", run)
    series = PostgresSeries(url)
    told = {
        device: [
            (b.frame, b.boot, b.seq, b.time_ms, b.received_ms, b.skew_ms, int(b.clock))
            for b in series.beats(DeviceId(device), 9)
        ]
        for device in ("dat-01", "tram-01")
    }
    assert told == {
        device: [(row[0], *row[2:]) for row in reversed(IN_TURN) if row[1] == device]
        for device in told
    }
    assert series.ledger(DEVICE) == {0: ((0, 1),), 1: ((0, 0),)}
    assert series.ledger(DeviceId("xa-09")) == {2: ((5, 6),)}
    series.append([delivery(series_of({0: 1.0}, seq=2)), delivery(series_of({0: 1.0}))], NOON)
    assert [b.frame for b in series.beats(DEVICE, 2)] == [8, 7]
    assert series.ledger(DEVICE) == {0: ((0, 2),), 1: ((0, 0),)}
    assert series.tally().frames == 6
    series.close()


def test_a_filled_sqlite_is_brought_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        scripts_until(OLDEST_FILLED, patch)
        SqliteSeries(tmp_path / "old.db").close()
    connection = apsw.Connection(str(tmp_path / "old.db"))
    connection.executemany(
        "INSERT INTO frame (id, device, boot, seq, received, committed, time)"
        " VALUES (?, ?, ?, ?, 0, 0, 0)", FRAMES,
    )  # fmt: skip
    connection.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?)", READINGS)
    connection.execute("INSERT INTO conflict VALUES (1, ?, 0)", (NOON,))
    connection.execute("INSERT INTO ledger VALUES ('dat-01', 0, 0, 2)")
    connection.execute("INSERT INTO touched VALUES (1, ?, 2)", (NOON,))
    connection.close()
    series = SqliteSeries(tmp_path / "old.db")
    check_brought_forward(series)
    series.close()


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def rows_of(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database of records, by table and in a fixed order of rows."""
    found = sa.MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(sa.select(table))), key=repr
            )
            for table in found.sorted_tables
        }


def filled_at(revision: str, url: str, world: World) -> sa.Engine:
    """A database of an older program: what it knew of a world, as it would have kept it."""
    old, config = engine_of(url), Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    then, now = sa.MetaData(), sa.MetaData()
    then.reflect(old)
    now.reflect(world.records._engine)
    with old.begin() as target, world.records.reading() as source:
        for table in then.sorted_tables:
            if table.name in now.tables:  # all but alembic's own
                columns = [now.tables[table.name].c[column.name] for column in table.columns]
                rows = [
                    dict(row._mapping) for row in source.connection.execute(sa.select(*columns))
                ]
                if rows and table.name != "alembic_version":
                    target.execute(table.insert(), rows)
    return old


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str | None, str]:
    """Where a world is, None in files, and where an old database may be made."""
    if request.param == "sqlite":
        return None, f"sqlite:///{tmp_path / 'old.db'}"
    server = request.getfixturevalue("postgres")
    name = request.node.name.partition("[")[0][-20:] + request.node.callspec.params["revision"]
    return server.fresh(f"new_{name}"), server.fresh(f"old_{name}")


@pytest.mark.parametrize("revision", ["0007", "0008"])
def test_filled_records_are_brought_forward(
    revision: str, urls: tuple[str | None, str], tmp_path: Path
) -> None:
    """Lots, diary, passport, recall, units, days, log: all still there, and all of it still holds."""
    made = World(tmp_path, url=urls[0])
    passport = made.issued()
    made.spray(HARVESTED - timedelta(days=30))
    with made.records.transaction() as transaction:
        (lot,) = transaction.lots.lots()
        spend(transaction, lot, draw(3), 2.0, NOON)
        call_back(transaction, lot, "dư lượng thuốc", "office", NOON + 1, Ground(1))
    publish(made.records, made.files, made.log_key)
    old = filled_at(revision, urls[1], made)
    before = rows_of(old)
    assert {"lot", "entry", "passport", "recall", "placement"} <= {
        n for n, r in before.items() if r
    }

    made.records.close()
    made.records = Records(urls[1])
    made.records.migrate()
    after = rows_of(old)
    for name, rows in before.items():
        if name == "alembic_version":
            continue
        width = len(rows[0]) if rows else 0
        assert [row[:width] for row in after[name]] == rows, name
    with made.records.reading() as transaction:
        assert [one.number for one in transaction.lots.lots()] == [lot.number]
        assert transaction.lots.passports() == [passport]
        assert len(transaction.diary.every()) == 2
    if revision >= "0008":
        made.series.settle([], made.series.touched(100_000))
        policy = made.trust().log
        assert policy is not None
        assert list(findings(Stores(made.series, made.records), made.files, policy)) == []
        assert verify_bundle(made.proof(passport), made.trust()).days == 5
    made.spray(HARVESTED - timedelta(days=29), "phun-sau")  # and it goes on
    with made.records.reading() as transaction:
        assert len(transaction.diary.every()) == 3
    old.dispose()
    made.close()
