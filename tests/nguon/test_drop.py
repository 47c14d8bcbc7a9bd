"""Readings that were let go, against the log: told as dropped, never as tampering, never anew."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
import psycopg
import pytest

from domain.device import Device
from domain.errors import NotFound, Refused, VerificationFailed
from domain.ids import Channel, DeviceId
from domain.reading import Frame
from domain.window import DAY_MS, HOUR_MS, LAST_MS, Window, day_window, local_day, print_instant
from nguon.audit_days import Looked
from nguon.cli import main
from nguon.compose import Stores, now_ms, rhythms
from nguon.fsck import Shown, findings
from store.retention import whole_parts
from store.rollups import roll_up
from tests.builders import DEVICE, NOON, ZONE, delivery, reading
from tests.traceability.world import HARVESTED, STARTED, World
from traceability.bundling import raw_readings
from traceability.evidence.commit import (
    Source,
    days_touched,
    log_day,
    log_due,
    log_silent,
    measuring,
    read_day,
)
from traceability.evidence.dropped import dropped_of
from traceability.evidence.dropping import Let, let_go
from traceability.log.publish import publish
from traceability.passport import issue
from traceability.verify_bundle import verify_bundle

BOUND = whole_parts(NOON + 30 * DAY_MS)
ACROSS = local_day(BOUND, ZONE)  # a local day with both before and after the bound
LOGGED, NOW = BOUND + 4 * DAY_MS, BOUND + 5 * DAY_MS


class Stage:
    """A world with a season long before the bound, and days around it; what is done to it."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.url, self.folder = url, folder / "archive"
        self.world = World(folder, url=url)
        self.opened = Stores(self.world.series, self.world.records)

    def append(self, frame: Frame, at_ms: int) -> None:
        self.world.series.append([delivery(frame, received_ms=at_ms)], at_ms)

    def watch(self, now_ms: int) -> None:
        """What the watcher does: mark, roll up, log what is over, publish."""

        def mark(touched: object) -> None:
            with self.world.records.transaction() as transaction:
                stations = measuring(transaction, now_ms)
                transaction.days.mark(days_touched(stations, touched))  # type: ignore[arg-type]

        while roll_up(self.world.series, rhythms(self.world.records), note=mark):
            pass
        source = Source.of(self.world.series)
        while log_due(self.world.records, source, now_ms):
            pass
        while log_silent(self.world.records, source, now_ms):
            pass
        publish(self.world.records, self.world.files, self.world.log_key)

    def drop(self, until_ms: int = BOUND, now_ms: int = NOW) -> Let:
        return let_go(
            self.world.records, self.world.series, until_ms, self.folder, now_ms, lambda _: None
        )

    def found(self, archive: Path | None = None) -> tuple[list[str], list[str]]:
        """What `nguon fsck` finds, and what it tells besides."""
        publish(self.world.records, self.world.files, self.world.log_key)
        trust, told = self.world.trust(), list[str]()
        assert trust.log is not None
        shown = Shown(self.world.files, trust.log)
        lines = findings(self.opened, trust.keys, shown, Looked(archive, told.append))
        return list(lines), told

    def revisions(self) -> list[tuple[str, int]]:
        with self.world.records.reading() as transaction:
            return [(str(one.day), one.revision) for one in transaction.days.every_newest()]

    def delete(self, since_ms: int, until_ms: int) -> None:
        """Behind everybody's back."""
        if self.url is None:
            file = apsw.Connection(str(self.folder.parent / "series.db"))
            file.execute("DELETE FROM frame WHERE time >= ? AND time < ?", (since_ms, until_ms))
            assert file.changes()
            file.close()
            return
        with psycopg.connect(self.url) as connection:
            gone = connection.execute(
                "DELETE FROM series.reading WHERE time >= %s AND time < %s", (since_ms, until_ms)
            )
            assert gone.rowcount


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh(request.node.name.partition("[")[0][-50:])
    made = Stage(tmp_path, url)
    made.world.issued()
    made.watch(NOON + HOUR_MS)
    start = BOUND - 3 * DAY_MS
    frames = [
        Frame(1, n, tuple(reading(s, start + n * HOUR_MS, 20.0 + (n + s) % 7) for s in (1, 2, 3)))
        for n in range(6 * 24)
    ]
    made.world.series.append([delivery(*frames, received_ms=LOGGED - HOUR_MS)], LOGGED - HOUR_MS)
    made.watch(LOGGED)
    yield made
    made.world.close()


def count(stage: Stage) -> int:
    return stage.world.series.tally().readings


def late(stage: Stage, at_ms: int = NOW + 1) -> None:
    """A reading that a device kept for weeks, of a day whose readings may be gone."""
    time_ms = day_window(STARTED, ZONE).start_ms + 77
    stage.append(Frame(9, 0, (reading(1, time_ms, 23.0),)), at_ms)


def test_dropped_days_are_told_and_are_no_fault(stage: Stage) -> None:
    before, said = count(stage), stage.revisions()
    assert stage.found() == ([], [])
    done = stage.drop()
    assert (done.until_ms, len(done.entries)) == (BOUND, 1)
    assert count(stage) == before - done.readings
    lines, told = stage.found()
    assert lines == []
    days = sum(day <= str(ACROSS) for day, _ in said)
    assert told[-2].startswith(f"{days} days were dropped by acts in the log")
    assert done.entries[0].file in told[-1]
    assert any("its readings were dropped" in line for line in told)  # the passport's
    lines, told = stage.found(stage.folder)
    assert lines == []
    assert str(stage.folder) in told[-2]


def test_a_dropped_day_is_never_logged_anew_and_what_comes_late_is_kept(stage: Stage) -> None:
    said = stage.revisions()
    stage.drop()
    left = count(stage)
    late(stage)
    stage.watch(NOW + 2)
    assert [one for one in stage.revisions() if one[0] <= str(ACROSS)] == [
        one for one in said if one[0] <= str(ACROSS)
    ]
    with stage.world.records.reading() as transaction:
        assert STARTED not in [one.day for one in transaction.days.due_of(DEVICE)]
    assert count(stage) == left + 1
    assert stage.found()[0] == stage.found(stage.folder)[0] == []


def test_the_next_act_archives_what_came_late(stage: Stage) -> None:
    stage.drop()
    late(stage)
    now = NOW + 31 * DAY_MS
    stage.watch(now)
    done = stage.drop(BOUND + 30 * DAY_MS, now)
    (entry,) = done.entries
    assert entry.first == STARTED
    came = print_instant(day_window(STARTED, ZONE).start_ms + 77)
    assert f"{DEVICE},soil_moisture_20,{came},23," in (stage.folder / entry.file).read_text()
    assert count(stage) == 0
    assert stage.found(stage.folder)[0] == []
    with stage.world.records.reading() as transaction:
        assert len(dropped_of(transaction, DEVICE)) == 2
    with pytest.raises(Refused, match="no part more"):
        stage.drop(BOUND + 30 * DAY_MS, now)


def test_a_deletion_elsewhere_is_named(stage: Stage) -> None:
    stage.drop()
    day = ACROSS + timedelta(days=1)
    noon = day_window(day, ZONE).start_ms + 12 * HOUR_MS
    stage.delete(noon, noon + HOUR_MS)
    (line,) = [line for line in stage.found()[0] if line.startswith("device ")]
    assert line.startswith(f"device {DEVICE}, day {day}: its readings are not those that were")
    assert line.endswith("some were deleted, changed or put in")


def test_a_deletion_on_the_day_across_the_bound_is_named_with_the_archive(stage: Stage) -> None:
    stage.drop()
    stage.delete(BOUND, BOUND + HOUR_MS)
    (line,) = [line for line in stage.found(stage.folder)[0] if line.startswith("device ")]
    assert line.startswith(f"device {DEVICE}, day {ACROSS}: its readings after the bound are not")


def test_readings_that_go_without_an_act_are_a_fault(stage: Stage) -> None:
    """The store's own drop, by other means than ours: it says so, and the log does not."""
    stage.world.series.drop(BOUND, 1 << 40)
    lines, told = stage.found()
    named = [line for line in lines if "dropped by no act that the log knows of" in line]
    assert any(f"day {HARVESTED}" in line for line in named)
    assert any(f"day {ACROSS}" in line for line in named)
    assert told == []


def test_an_archive_that_was_changed_cut_or_lost_is_named(stage: Stage) -> None:
    (entry,) = stage.drop().entries
    file = stage.folder / entry.file
    whole = file.read_bytes()
    for other in (whole.replace(b",20,", b",21,", 1), whole[:-40], b""):
        assert other != whole
        file.write_bytes(other)
        (line,) = stage.found(stage.folder)[0]
        assert entry.file in line
        assert entry.sha256 in line
    file.unlink()
    (line,) = stage.found(stage.folder)[0]
    assert "it cannot be read" in line
    assert stage.found()[0] == []


def test_nothing_goes_that_no_logged_day_holds(stage: Stage) -> None:
    whole = count(stage)
    late(stage, NOW - 5)
    with pytest.raises(Refused, match="to be rolled up"):
        stage.drop()
    while roll_up(stage.world.series, rhythms(stage.world.records)):
        pass  # without marking: the day is not logged
    with pytest.raises(Refused, match="not those that were logged"):
        stage.drop()
    assert count(stage) == whole + 1
    assert list(stage.folder.iterdir()) == []
    with stage.world.records.reading() as transaction:
        assert dropped_of(transaction, DEVICE) == []
    with stage.world.records.transaction() as transaction:
        transaction.days.mark([(DEVICE, STARTED)])
    stage.watch(NOW - 1)
    stage.drop()
    assert stage.found(stage.folder)[0] == []


def test_a_device_that_serves_no_plot_stops_it(stage: Stage) -> None:
    other = DeviceId("la-01")
    with stage.world.records.transaction() as transaction:
        transaction.devices.add(Device(other, "Lạ", 0))
        series = transaction.devices.add_stream(other, Channel("air"), "air_temperature", None, 900)
    row = reading(series.series, BOUND - DAY_MS, 20.0)
    stage.world.series.append([delivery(Frame(0, 0, (row,)), device=other)], NOW - 9)
    stage.watch(NOW - 1)
    with pytest.raises(Refused, match="serves no plot"):
        stage.drop()


def test_a_proof_takes_dropped_readings_from_the_archive(stage: Stage) -> None:
    """Of a passport whose day was logged again since, too: the file has the later revision."""
    late(stage, NOW - 5)
    stage.watch(NOW - 1)
    stage.drop()
    with stage.world.records.reading() as transaction:
        (passport,) = transaction.lots.passports()
    proof = stage.world.proof(passport)
    series = stage.world.series
    with stage.world.records.reading() as transaction:
        with pytest.raises(NotFound, match="--archive says where dat-01_"):
            list(raw_readings(transaction, series, passport, NOW))
        told = raw_readings(transaction, series, passport, NOW, stage.folder)
        files = [b"".join(lines) for _, lines in told]
    assert verify_bundle(proof, stage.world.trust(), files).recomputed == 1368
    (file,) = stage.folder.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with (
        stage.world.records.reading() as transaction,
        pytest.raises(VerificationFailed, match="SHA-256"),
    ):
        list(raw_readings(transaction, series, passport, NOW, stage.folder))


def test_no_passport_is_issued_over_what_was_dropped(stage: Stage) -> None:
    stage.drop()
    with stage.world.records.reading() as transaction:
        (lot,) = transaction.lots.lots()
    with pytest.raises(Refused, match=r"were dropped, dat-01 on 2026-11-16 first"):
        issue(stage.world.issuer, lot, NOW + 5)
    assert stage.found(stage.folder)[0] == []


def test_a_day_read_before_the_drop_and_logged_after_it_is_not_logged(stage: Stage) -> None:
    said = stage.revisions()
    source = Source.of(stage.world.series)
    with stage.world.records.reading() as transaction:
        station = measuring(transaction, NOW)[DEVICE]
        there = transaction.days.newest(DEVICE, STARTED, STARTED)[STARTED]
    stage.drop()
    read = read_day(source, station, STARTED, NOW + 1, there)  # half gone, or all of it
    with stage.world.records.transaction() as transaction:
        assert log_day(transaction, read, ZONE, NOW + 1)
    assert stage.revisions() == said


def test_an_act_cut_short_after_its_entry_is_said_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes in between is dropped by nobody: the store refuses, and nothing is lost."""
    whole = count(stage)
    real = type(stage.world.series).drop

    def first_comes_one_more(series: object, until_ms: int, logged: int) -> int:
        late(stage, NOW + 1)
        return real(series, until_ms, logged)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(type(stage.world.series), "drop", first_comes_one_more)
        with pytest.raises(Refused, match="nothing was dropped"):
            stage.drop()
    assert count(stage) == whole + 1
    assert stage.found(stage.folder)[0] == []
    stage.watch(NOW + 2)
    done = stage.drop(BOUND, NOW + 3)
    assert [one.readings for one in done.entries] == [1]
    assert stage.found(stage.folder)[0] == []
    left = list(stage.world.series.read(reading(1, 0, 0).series, Window(0, LAST_MS + 1)))
    assert {one.time_ms >= BOUND for one in left} == {True}


def test_the_verbs_drop_tell_and_make_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Stage(tmp_path, None)
    (tmp_path / "secrets").mkdir()
    shutil.move(tmp_path / "key", tmp_path / "secrets" / "signing.key")
    shutil.move(tmp_path / "log.key", tmp_path / "secrets" / "log.key")
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    now = now_ms()
    old = now - now % DAY_MS - 65 * DAY_MS
    made.append(Frame(0, 0, (reading(1, old, 20.5), reading(2, old, 25.0))), now - DAY_MS)
    words = ["store", "drop", "--archive", str(tmp_path / "safe"), "--yes", "--before"]
    day = local_day(now, ZoneInfo("UTC"))
    assert main([*words, (day + timedelta(days=400)).isoformat()]) == 2
    assert "is still to come" in capsys.readouterr().err
    today = day.isoformat()
    look = [one for one in [*words, today] if one != "--yes"]
    assert main(look) == 0
    said = capsys.readouterr().out
    assert "Nothing was done. --yes does it" in said
    assert not (tmp_path / "safe").exists()
    assert main([*words, today]) == 2
    assert "still to be rolled up" in capsys.readouterr().err
    made.watch(now)
    assert main([*words, "1980-01-01"]) == 0
    assert "0 readings from before 1979-12-10" in capsys.readouterr().out
    assert main([*words, "1980-01-01"]) == 2
    assert "no part more before then" in capsys.readouterr().err
    assert main([*words, today]) == 0
    assert "2 readings from before" in capsys.readouterr().out
    assert main(["fsck"]) == 0
    assert "days were dropped by acts in the log, no fault" in capsys.readouterr().out
    assert main(["fsck", "--archive", str(tmp_path / "safe")]) == 0
    (file,) = (tmp_path / "safe").iterdir()
    file.write_bytes(file.read_bytes().replace(b"20.5", b"20.6"))
    assert main(["fsck", "--archive", str(tmp_path / "safe")]) == 1
    assert f"{file.name} of SHA-256" in capsys.readouterr().out
    made.world.close()
