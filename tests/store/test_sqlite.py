"""What only the embedded store promises."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from domain.errors import StoreTooNew, StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.window import Window
from store.sqlite import SqliteSeries
from store.sqlite.connection import refuse_unsafe_library
from tests.builders import NOON, delivery, series_of


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0", "3.51"])
def test_a_library_with_the_wal_bug_is_refused(version: str) -> None:
    with pytest.raises(StoreUnavailable, match="corrupt"):
        refuse_unsafe_library(version)


def test_the_library_in_use_is_safe() -> None:
    refuse_unsafe_library(apsw.sqlitelibversion())
    refuse_unsafe_library("3.51.3")


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    SqliteSeries(tmp_path / "s.db").close()
    connection = apsw.Connection(str(tmp_path / "s.db"))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreTooNew, match="99"):
        SqliteSeries(tmp_path / "s.db")


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteSeries(tmp_path / "s.db")


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    store = SqliteSeries(tmp_path / "s.db")
    with store._connections.guarded() as connection:
        assert connection.pragma("synchronous") == 2
        assert connection.pragma("journal_mode") == "wal"
    store.close()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM frame WHERE id = 1", "1 links to a cycle lead to none"),
        ("DELETE FROM frame WHERE id = 3", "1 links to a cycle lead to none"),
        ("UPDATE frame SET readings = x'00' WHERE id = 1", "1 cells are not what their shape says"),
        ("UPDATE part SET shape = 99", "1 cells are not what their shape says"),
        ("UPDATE part SET frame = 99", "1 parts have lost their cycle"),
    ],
)
def test_damage_is_found(tmp_path: Path, damage: str, found: str) -> None:
    store = SqliteSeries(tmp_path / "s.db")
    for seq, value in enumerate((1.0, 2.0, 3.0)):
        store.append([delivery(series_of({seq // 2: value}, seq=seq))], NOON)
    assert store.check() == []
    with store._connections.guarded() as connection:
        connection.execute(damage)
    assert store.check() == [found]
    store.close()


WRITER = """
import sys
from pathlib import Path
from store.sqlite import SqliteSeries
from tests.builders import NOON, delivery, series_of
store = SqliteSeries(Path(sys.argv[1]))
seq = int(sys.argv[2])
while True:
    store.append([delivery(series_of({seq: float(seq)}, seq=seq))], NOON)
    print(seq, flush=True)
    seq += 1
"""


def test_killed_in_the_middle_of_writing_it_has_everything_it_said_it_had(tmp_path: Path) -> None:
    said = -1
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "s.db"), str(said + 1)],
            stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent.parent,
        )  # fmt: skip
        assert process.stdout is not None
        said = int(process.stdout.readline())
        time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split(b"\n")
        said = max([said, *(int(line) for line in rest[:-1] if line)])
        process.wait()
        process.stdout.close()
        store = SqliteSeries(tmp_path / "s.db")
        kept = [r.value for r in store.read(SeriesId(1), Window(0, 2 * NOON))]
        ledger = store.ledger(DeviceId("dat-01"))[0]
        assert kept[: said + 1] == [float(n) for n in range(said + 1)]
        assert ledger == ((0, len(kept) - 1),)
        assert store.check() == []
        said = len(kept) - 1
        store.close()
    assert said > 10


def test_threads_that_come_and_go_leave_no_files_open(tmp_path: Path) -> None:
    store = SqliteSeries(tmp_path / "s.db")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        threads = [threading.Thread(target=store.tally) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(os.listdir("/proc/self/fd")) <= before + 3 * 8
    store.close()


def test_a_full_disk_is_told_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    """SQLite's own limit stands for the disk's: the error is the same one."""
    series = SqliteSeries(tmp_path / "series.db")
    with pytest.raises(StoreUnavailable) as caught, series._connections.guarded() as connection:
        pages = int(str(connection.pragma("page_count")))
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("CREATE TABLE x AS SELECT zeroblob(1000000) AS y")
    assert str(caught.value) == (
        f"{tmp_path}/series.db cannot be written, its disk is full: make room, then say it again"
    )
    series.close()
