"""Old databases, filled, are brought forward by the scripts alone."""

from pathlib import Path

import apsw
import psycopg
import pytest

from domain.ids import DeviceId, SeriesId
from domain.window import HOUR_MS, LAST_MS, Window
from store import migrations
from store.series import Fate, Series
from store.sqlite import SqliteSeries
from store.timescale import PostgresSeries
from tests.builders import DEVICE, NOON, delivery, series_of
from tests.services.postgres import Postgres

# Three cycles of one series: the second says another value for the first one's time.
FRAMES = [(1, "dat-01", 0, 0), (2, "dat-01", 0, 1), (3, "dat-01", 0, 2)]
# The third, of a clock that had lost its date, begins in 1970 and ends in 9999.
READINGS = [(1, NOON, 5.0, 1, 1), (1, NOON, 4.0, 1, 2), (1, NOON + HOUR_MS, 6.0, 1, 3)]
READINGS += [(2, 0, 7.0, 1, 3), (2, LAST_MS, 8.0, 1, 3)]
OLDEST_FILLED = 3


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
