"""Backup and restore, as they are typed, next to a store that is being written to."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import apsw
import psycopg
import pytest

from domain.errors import StoreUnavailable
from domain.ids import SeriesId
from domain.window import Window
from nguon.__main__ import main
from nguon.backup import KEY, MANIFEST, SERIES
from nguon.restore import drill
from nguon.settings import load
from store.sqlite import SqliteSeries
from store.sqlite.copy import copy, damage
from store.timescale import PostgresSeries
from tests.builders import DEVICE, NOON, delivery, falsify, series_of
from tests.services.postgres import Postgres
from tests.traceability.world import TODAY, World
from traceability.log.publish import publish

ROOT = Path(__file__).parent.parent.parent
ALL = Window(0, 3 * NOON)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("NGUON_DATA", str(data))
    monkeypatch.setenv("NGUON_SIGNING_KEY", "key")
    monkeypatch.setenv("NGUON_LOG_KEY", "log.key")
    made = World(data)
    made.issued()
    yield made
    made.close()


def backups(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the settings name another place, as on a new machine."""
    monkeypatch.setenv("NGUON_DATA", str(folder))
    return folder


def test_what_was_backed_up_comes_back_and_proves_itself(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["backup", str(tmp_path / "safe")]) == 0
    (backup,) = backups(tmp_path / "safe")
    before = list(world.series.read(SeriesId(1), ALL))
    world.series.append([delivery(series_of({90_000: 1.0}, seq=9_999))], NOON)
    assert main(["restore", str(backup), "--drill"]) == 0
    told = capsys.readouterr().out
    assert "let nobody else read it" in told
    assert ": 0 findings" in told
    new = elsewhere(tmp_path / "new", monkeypatch)
    assert main(["restore", str(backup)]) == 0
    assert main(["fsck"]) == 0
    back = SqliteSeries(new / "series.db", new=False)
    assert list(back.read(SeriesId(1), ALL)) == before
    back.close()
    assert (new / "key").read_bytes() == (tmp_path / "data" / "key").read_bytes()
    assert (new / "key").stat().st_mode & 0o077 == 0
    assert [p.name for p in new.iterdir() if p.name.startswith(".")] == []


def test_nothing_in_the_way_is_overwritten(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["backup", str(tmp_path / "safe")])
    (backup,) = backups(tmp_path / "safe")
    kept = {p.name: p.read_bytes() for p in (tmp_path / "data").iterdir()}
    assert main(["restore", str(backup)]) == 2
    assert "records.db is there already: move it away" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in (tmp_path / "data").iterdir()} == kept


def test_a_log_left_beside_a_lost_file_is_in_the_way_too(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """SQLite would play it into the file that is brought back."""
    main(["backup", str(tmp_path / "safe")])
    new = elsewhere(tmp_path / "new", monkeypatch)
    new.mkdir()
    (new / "series.db-wal").write_bytes(b"old")
    assert main(["restore", str(backups(tmp_path / "safe")[0])]) == 2
    assert "series.db-wal is there already" in capsys.readouterr().err
    assert [p.name for p in new.iterdir()] == ["series.db-wal"]


@pytest.mark.parametrize(
    ("name", "how", "why"),
    [
        ("series.db", "flip", "is not what was written"),
        ("records.db", "cut", "bytes, not"),
        ("key", "drop", "signing.key is not there"),
        ("manifest.json", "drop", "is no backup: manifest.json cannot be read"),
        ("manifest.json", "cut", "is not a manifest of ours"),
        ("manifest.json", "poorer", "names no records.db or no series.db"),
        ("manifest.json", "path", "is not a manifest of ours"),
    ],
)
def test_a_damaged_backup_is_named_and_restores_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, how: str, why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    main(["backup", str(tmp_path / "safe")])
    (backup,) = backups(tmp_path / "safe")
    path = backup / (KEY if name == "key" else name)
    raw = bytearray(path.read_bytes())
    if how == "flip":
        raw[len(raw) // 2] ^= 1
    if how == "cut":
        raw = raw[: len(raw) // 2]
    if how in ("poorer", "path"):
        manifest = json.loads(raw)
        manifest["parts"] = [p for p in manifest["parts"] if p["name"] != SERIES]
        if how == "path":
            manifest["parts"].append({"name": "../../etc/x", "bytes": 0, "sha256": ""})
        raw = bytearray(json.dumps(manifest).encode())
    path.unlink() if how == "drop" else path.write_bytes(raw)
    new = elsewhere(tmp_path / "new", monkeypatch)
    for words in ([], ["--drill"]):
        assert main(["restore", str(backup), *words]) == 2
        assert why in capsys.readouterr().err
    assert not new.exists()


def test_a_drill_finds_what_is_wrong_with_what_was_saved(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(world.series, SqliteSeries)
    with world.series._connections.guarded() as connection:
        falsify(connection)
    main(["backup", str(tmp_path / "safe")])
    assert main(["restore", str(backups(tmp_path / "safe")[0]), "--drill"]) == 1
    assert "readings or diary have changed" in capsys.readouterr().out


def test_a_backup_without_the_key_is_drilled_with_the_one_in_use(
    world: World, tmp_path: Path
) -> None:
    assert main(["backup", str(tmp_path / "safe"), "--without-key"]) == 0
    (backup,) = backups(tmp_path / "safe")
    assert KEY not in {p.name for p in backup.iterdir()}
    assert main(["restore", str(backup), "--drill"]) == 0


def test_a_backup_next_to_a_busy_writer_is_one_moment(world: World, tmp_path: Path) -> None:
    stop = threading.Event()
    said = [-1]

    def write() -> None:
        while not stop.is_set():
            seq = said[0] + 1
            frame = series_of({100_000 + seq: float(seq)}, seq=20_000 + seq)
            world.series.append([delivery(frame)], NOON)
            said[0] = seq

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while said[0] < 5:
            pass
        at_least = said[0]
        assert main(["backup", str(tmp_path / "safe")]) == 0
    finally:
        stop.set()
        writer.join()
    (backup,) = backups(tmp_path / "safe")
    saved = SqliteSeries(backup / SERIES, new=False)
    start = NOON + 100_000 * 60_000
    found = [r.value for r in saved.read(SeriesId(1), Window(start, 3 * NOON))]
    saved.close()
    assert found == [float(n) for n in range(len(found))]
    assert at_least < len(found) <= said[0] + 1
    assert main(["restore", str(backup), "--drill"]) == 0


def test_only_the_newest_are_kept_and_strangers_are_left_alone(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    safe = tmp_path / "safe"
    for day in (1, 2, 3):
        (safe / f"nguon-2026010{day}T000000Z").mkdir(parents=True)
        (safe / f"nguon-2026010{day}T000000Z" / MANIFEST).write_text("{}")
    (safe / "nguon-notes").mkdir()
    assert main(["backup", str(safe), "--keep", "2"]) == 0
    assert "removed nguon-20260102T000000Z" in capsys.readouterr().out
    left = [p.name for p in backups(safe)]
    assert left[0] == "nguon-20260103T000000Z"
    assert left[-1] == "nguon-notes"
    assert len(left) == 3
    with pytest.raises(SystemExit):
        main(["backup", str(safe), "--keep", "0"])


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.close()
    (tmp_path / "data" / "series.db").write_bytes(b"this is no database at all" * 300)
    assert main(["backup", str(tmp_path / "safe")]) == 2
    assert "series.db cannot be copied" in capsys.readouterr().err
    assert backups(tmp_path / "safe") == []
    shutil.rmtree(tmp_path / "data")
    assert main(["backup", str(tmp_path / "safe")]) == 2
    assert "is NGUON_DATA the right folder" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_store_in_postgres_is_sent_to_its_own_tool(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NGUON_SERIES_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["backup", str(tmp_path / "safe")]) == 2
    assert "deploy/postgres-backup.sh" in capsys.readouterr().err


def test_the_script_for_postgres_makes_dumps_that_restore(
    postgres: Postgres, tmp_path: Path
) -> None:
    store = PostgresSeries(postgres.fresh("saved"))
    store.append(
        [delivery(series_of({0: 1.0, 15: 2.0})), delivery(series_of({0: 9.0}, seq=1))], NOON
    )
    held = (list(store.read(SeriesId(1), ALL)), store.tally(), store.ledger(DEVICE))
    store.close()
    environment = {
        "PATH": f"{postgres.programs}:{os.environ['PATH']}", "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port), "PGUSER": "postgres", "PGDATABASE": "saved",
    }  # fmt: skip
    script = ROOT / "deploy" / "postgres-backup.sh"
    (tmp_path / "nguon-20260101T000000Z.dump").write_text("old")
    ran = subprocess.run(
        ["sh", str(script), str(tmp_path), "1"], env=environment, check=True, capture_output=True, text=True
    )  # fmt: skip
    assert "removed" in ran.stdout
    (dump,) = tmp_path.iterdir()
    assert dump.stat().st_mode & 0o077 == 0
    url = postgres.fresh("brought-back")
    subprocess.run(
        ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(dump)],
        env=environment, check=True,
    )  # fmt: skip
    back = PostgresSeries(url, new=False)
    assert (list(back.read(SeriesId(1), ALL)), back.tally(), back.ledger(DEVICE)) == held
    again = back.append(
        [delivery(series_of({0: 1.0})), delivery(series_of({30: 3.0}, seq=2))], NOON
    )
    assert [fate.new for fate in again.fates] == [0, 1]
    back.close()
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute('DROP DATABASE "saved" WITH (FORCE)')
    failed = subprocess.run(
        ["sh", str(script), str(tmp_path)], env=environment, check=False, capture_output=True
    )
    assert failed.returncode != 0
    assert list(tmp_path.iterdir()) == [dump]


def test_ctrl_c_leaves_no_partial_folder(world: World, tmp_path: Path) -> None:
    program = """
import os, signal, sys
import nguon.backup as b
copied = b.copy
def copy(source, target, say):
    copied(source, target, say)
    os.kill(os.getpid(), signal.SIGINT)
b.copy = copy
from nguon.__main__ import main
sys.exit(main(["backup", sys.argv[1]]))
"""
    ran = subprocess.run(
        ["env", "--default-signal=INT", sys.executable, "-c", program, str(tmp_path / "safe")],
        cwd=ROOT, check=False, capture_output=True, env=os.environ,
    )  # fmt: skip
    assert (ran.returncode, backups(tmp_path / "safe")) == (130, [])


def test_the_copy_is_not_made_where_the_file_is_not(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"absent\.db cannot be copied"):
        copy(tmp_path / "absent.db", tmp_path / "copy.db", lambda _: None)
    assert list(tmp_path.iterdir()) == []
    connection = apsw.Connection(str(tmp_path / "small.db"))
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    assert damage(tmp_path / "small.db") == []
    raw = bytearray((tmp_path / "small.db").read_bytes())
    raw[8192:12288] = b"\xff" * 4096
    (tmp_path / "small.db").write_bytes(raw)
    assert damage(tmp_path / "small.db")


def test_a_drill_signs_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copy of the log is shown as far as it was signed; what came after stays unsigned."""
    signed = publish(world.records, world.files, world.log_key)
    world.spray(TODAY - timedelta(days=40))
    with world.records.reading() as transaction:
        assert transaction.log.size() > signed.size
    assert main(["backup", str(tmp_path / "safe")]) == 0
    (backup,) = backups(tmp_path / "safe")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen = set()

    def look(_: str) -> None:
        for path in tmp_path.glob("nguon-drill-*/log/checkpoint"):
            seen.add(path.read_text("utf-8"))

    assert list(drill(backup, load().settings, look)) == []
    assert seen == {signed.note}
