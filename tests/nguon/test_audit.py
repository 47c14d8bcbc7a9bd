"""``nguon fsck`` over the log: every way to tell another story afterwards is named."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
import sqlalchemy as sa

from domain.certificate import Withdrawal
from domain.diary import Entry, Work
from domain.ids import Channel, EntryId
from domain.reading import Frame
from domain.window import DAY_MS, HOUR_MS, day_window
from nguon.audit import findings
from nguon.compose import Stores
from nguon.fsck import Shown
from nguon.fsck import findings as everything
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, PLOT, ZONE, delivery, falsify, reading
from tests.services.postgres import Postgres
from tests.traceability.test_certificates import ONE as CERTIFICATE
from tests.traceability.world import HARVESTED, NOON, STARTED, World
from traceability.bundling import raw_readings
from traceability.certificates import withdraw, write
from traceability.diary import said
from traceability.dossier import require_lot
from traceability.envelope import Envelope
from traceability.evidence.commit import Source, log_due
from traceability.files import keep_paper
from traceability.log.append import record
from traceability.log.entry import DIARY
from traceability.log.files import LogFiles
from traceability.log.publish import publish
from traceability.log.salted import salted
from traceability.passport import issue
from traceability.standing import Ground, call_back, deny
from traceability.verify_bundle import verify_bundle


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    passport = made.issued()
    with made.records.transaction() as transaction:
        lot = require_lot(transaction, passport.gtin, passport.number)
        call_back(transaction, lot, "dư lượng thuốc", "office", NOON + 1, Ground(1))
    publish(made.records, made.files, made.log_key)
    touched = made.series.touched(100_000)
    made.series.settle([], touched)
    yield made
    made.close()


def found(world: World) -> list[str]:
    policy = world.trust().log
    assert policy is not None
    return list(findings(Stores(world.series, world.records), world.files, policy))


def tampered(world: World, statement: str, **values: object) -> None:
    with world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        done = transaction.connection.execute(sa.text(statement), values)
        assert done.rowcount > 0


def test_it_all_holds_on_postgres_too(postgres: Postgres, tmp_path: Path) -> None:
    made = World(tmp_path, url=postgres.fresh("audit"))
    passport = made.issued()
    proven = verify_bundle(made.proof(passport), made.trust())
    assert (proven.days, proven.logged_ms) == (5, NOON)
    assert found(made) == []
    with made.records.transaction() as transaction:
        transaction.connection.execute(sa.text("DELETE FROM series.reading WHERE series = 1"))
    assert len(found(made)) == 5
    made.close()


def test_an_honest_log_has_no_findings(world: World) -> None:
    assert found(world) == []
    opened = Stores(world.series, world.records)
    trust = world.trust()
    assert trust.log is not None
    assert list(everything(opened, trust.keys, Shown(world.files, trust.log))) == []


def test_a_reading_deleted_or_changed_behind_our_back_is_named(
    world: World, tmp_path: Path
) -> None:
    world.series.close()
    connection = apsw.Connection(str(tmp_path / "series.db"))
    falsify(connection)
    connection.close()
    world.series = SqliteSeries(tmp_path / "series.db")
    (line,) = found(world)
    assert line.startswith(f"device dat-01, day {STARTED}: its readings are not those")
    world.series.close()
    connection = apsw.Connection(str(tmp_path / "series.db"))
    connection.execute("DELETE FROM frame WHERE time > ?", (NOON - 30 * HOUR_MS,))
    connection.close()
    world.series = SqliteSeries(tmp_path / "series.db")
    assert any(f"day {HARVESTED}: its readings" in line for line in found(world))


def backdated(recorded_ms: int) -> Entry:
    day = HARVESTED - timedelta(days=2)
    return Entry(
        EntryId("phun-lui"), PLOT, Work.SPRAYING, day, "grower", 1.0, "lít", "sample-a", "",
        recorded_ms,
    )  # fmt: skip


def test_a_diary_entry_put_in_and_dated_back_is_named(world: World) -> None:
    entry = backdated(NOON + 5)
    with world.records.transaction() as transaction:
        transaction.diary.add(entry)
    (line,) = found(world)
    assert line == "diary entry phun-lui is not in the log: it was put there by other means"
    # Logged now, its place betrays it: the log had gone on for days.
    with world.records.transaction() as transaction:
        made, _ = salted(transaction, DIARY, entry.id, said(entry))
        body = {"digest": made, "recorded": "2026-11-21T04:00:00.005Z"}
        record(transaction, DIARY, entry.id, body, NOON + 3 * DAY_MS)
    publish(world.records, world.files, world.log_key)
    (line,) = found(world)
    assert "it was dated back" in line


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE entry SET day = '2026-11-01'", "it was changed"),
        ("UPDATE entry SET amount = 4000", "it was changed"),
        ("UPDATE entry SET recorded_ms = recorded_ms - 1", "it was changed"),
        ("UPDATE passport SET envelope = CAST(envelope || ' ' AS BLOB)", "is not the one that was logged"),
        ("DELETE FROM passport", "gone from the records"),
        ("DELETE FROM recall", "the recall of lot 09520001000010/LO-1 is in the log and gone"),
        ("UPDATE log_entry SET entry = CAST('{}' AS BLOB) WHERE number = 2", "canonical JSON with type and at"),
        ("UPDATE log_entry SET at_ms = 5 WHERE number = 2", "filed as something else"),
        ("UPDATE log_entry SET kind = 'recall' WHERE number = 2", "filed as something else"),
        ("DELETE FROM log_entry WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM log_entry WHERE number > 3", "it was rolled back"),
        ("DELETE FROM log_checkpoint", "we never signed its checkpoint"),
        ("UPDATE log_checkpoint SET root = zeroblob(32)", "not the entries that were signed"),
        ("UPDATE log_checkpoint SET note = 'x'", "a signed note"),
        ("UPDATE device_day SET root = zeroblob(32) WHERE day = '2026-11-17'", "its readings are not"),
    ],
)  # fmt: skip
def test_records_changed_by_other_means_are_named(world: World, statement: str, told: str) -> None:
    tampered(world, statement)
    lines = found(world)
    assert any(told in line for line in lines), lines


def test_a_denial_that_is_gone_is_named(world: World) -> None:
    with world.records.transaction() as transaction:
        (lot,) = transaction.lots.lots()
        deny(transaction, lot, "không phải của tôi", "grower", NOON + 2)
    publish(world.records, world.files, world.log_key)
    assert found(world) == []
    tampered(world, "DELETE FROM denial")
    (line,) = found(world)
    assert "denied by its grower 1 times in the log, 0 times in the records" in line


def test_two_entries_swapped_are_named(world: World) -> None:
    tampered(world, "UPDATE log_entry SET number = 99 WHERE number = 2")
    tampered(world, "UPDATE log_entry SET number = 2 WHERE number = 3")
    tampered(world, "UPDATE log_entry SET number = 3 WHERE number = 99")
    assert any("not the entries that were signed" in line for line in found(world))


def _cut(files: LogFiles) -> None:
    (tile,) = (files.root / "tile/0").glob("*.p/*")
    tile.write_bytes(tile.read_bytes()[:-1])


def _another(files: LogFiles) -> None:
    (tile,) = (files.root / "tile/0").glob("*.p/*")
    tile.write_bytes(bytes(len(tile.read_bytes())))


def _gone(files: LogFiles) -> None:
    (files.root / "checkpoint").unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_cut, "missing or cut off"),
        (_another, "its tiles are not those of its checkpoint"),
        (_gone, "nothing is published"),
    ],
)
def test_published_files_that_differ_are_named(
    world: World, change: Callable[[LogFiles], None], told: str
) -> None:
    change(world.files)
    assert any(told in line for line in found(world))


def test_another_log_in_our_place_is_named(world: World, tmp_path: Path) -> None:
    """The operator begins the log again with the same key, and leaves something out."""
    tampered(world, "DELETE FROM log_entry WHERE number = 1")
    tampered(world, "UPDATE log_entry SET number = number - 1 WHERE number > 1")
    tampered(world, "DELETE FROM log_checkpoint")
    again = LogFiles(tmp_path / "again")
    publish(world.records, again, world.log_key)
    lines = found(world)  # against what was published first
    assert any("rolled back, or the log was" in line for line in lines)


def test_what_waits_to_be_logged_is_no_finding(world: World) -> None:
    world.measure_late()
    assert found(world) == []


def test_a_channel_that_is_declared_later_is_no_fault(world: World) -> None:
    """It is in no summary of before; a late day of its own continues what was logged."""
    with world.records.transaction() as transaction:
        new = transaction.devices.add_stream(DEVICE, Channel("wind"), "wind_speed", None, 900)
    assert found(world) == []
    trust = world.trust()
    assert trust.log is not None
    opened, shown = Stores(world.series, world.records), Shown(world.files, trust.log)
    assert list(everything(opened, trust.keys, shown)) == []
    with world.records.reading() as transaction:
        (passport,) = transaction.lots.passports()
        told = raw_readings(transaction, world.series, passport, NOON)
        files = [b"".join(lines) for _, lines in told]
    assert verify_bundle(world.proof(passport), world.trust(), files).recomputed == 1368
    late = reading(new.series, day_window(STARTED, ZONE).start_ms + HOUR_MS, 3.0)
    world.series.append([delivery(Frame(8, 0, (late,)))], NOON + 2)
    with world.records.transaction() as transaction:
        transaction.days.mark([(DEVICE, STARTED)])
    log_due(world.records, Source.of(world.series), NOON + DAY_MS)
    with world.records.reading() as transaction:
        newest = transaction.days.newest(DEVICE, STARTED, STARTED)[STARTED]
    assert newest.revision == 2
    publish(world.records, world.files, world.log_key)
    assert found(world) == []


def test_a_lot_that_was_never_measured_has_a_log_too(tmp_path: Path) -> None:
    made = World(tmp_path)
    assert found(made) == []
    made.close()


def test_deleting_a_reading_and_logging_the_day_anew_is_named_too(
    world: World, tmp_path: Path
) -> None:
    """Offline as well: the new revision must say that it does not continue the old one."""
    world.series.close()
    connection = apsw.Connection(str(tmp_path / "series.db"))
    falsify(connection)
    connection.close()
    world.series = SqliteSeries(tmp_path / "series.db")
    world.measure_late()
    with world.records.transaction() as transaction:
        transaction.days.mark([(DEVICE, STARTED)])
    while log_due(world.records, Source.of(world.series), NOON + DAY_MS, limit=10):
        pass
    lines = found(world)
    told = "revision 2 lacks readings of the one before it, and no clock was off"
    assert lines == [f"device dat-01, day {STARTED}: {told}"]


def test_a_withdrawal_dated_before_the_harvest_is_no_finding(world: World) -> None:
    """What was signed stays what was known when it was signed."""
    with world.records.transaction() as transaction:
        write(transaction, replace(CERTIFICATE, recorded_ms=NOON + 2))
        (lot,) = transaction.lots.lots()
    issue(world.issuer, lot, NOON + 3)
    with world.records.transaction() as transaction:
        said = Withdrawal(CERTIFICATE.id, HARVESTED, "không đạt", "office", NOON + 4)
        withdraw(transaction, said)
    publish(world.records, world.files, world.log_key)
    trust = world.trust()
    assert trust.log is not None
    opened = Stores(world.series, world.records)
    assert list(everything(opened, trust.keys, Shown(world.files, trust.log))) == []
    with world.records.reading() as transaction:
        newest = transaction.lots.passport(lot.gtin, lot.number)
    assert newest is not None
    assert b"VG-2026-0417" in Envelope.decode(newest.envelope).payload


_PUT_IN = """INSERT INTO certificate SELECT 'vg-7', producer, standard, number, certifier,
    valid_from, valid_to, paper, author, recorded_ms FROM certificate"""


def test_a_certificate_that_is_gone_is_named(world: World) -> None:
    with world.records.transaction() as transaction:
        write(transaction, replace(CERTIFICATE, recorded_ms=NOON + 2))
    publish(world.records, world.files, world.log_key)
    tampered(world, "DELETE FROM certificate")
    assert found(world) == ["certificate vg-1 is in the log and gone from the records"]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE certificate SET number = 'VG-9'", "certificate vg-1 is not what was logged at"),
        ("UPDATE certificate SET valid_to = '2030-01-01'", "certificate vg-1 is not what was logged"),
        (_PUT_IN, "certificate vg-7 is not in the log: it was put there by other means"),
        ("UPDATE certificate_withdrawal SET since = '2026-11-19'", "the withdrawal of certificate vg-1 is"),
        ("DELETE FROM certificate_withdrawal", "the withdrawal of certificate vg-1 is not what was logged"),
        ("DELETE FROM log_entry WHERE kind = 'withdrawal'", "the withdrawal of certificate vg-1 is not in"),
        ("UPDATE kept_file SET content = CAST('%PDF-2' AS BLOB)", "is not what was kept: it was changed"),
    ],
)  # fmt: skip
def test_certificates_changed_by_other_means_are_named(
    world: World, statement: str, told: str
) -> None:
    with world.records.transaction() as transaction:
        paper = keep_paper(transaction, b"%PDF-1", NOON + 2)
        write(transaction, replace(CERTIFICATE, paper=paper, recorded_ms=NOON + 2))
        said = Withdrawal(CERTIFICATE.id, HARVESTED, "không đạt", "office", NOON + 3)
        withdraw(transaction, said)
    publish(world.records, world.files, world.log_key)
    assert found(world) == []
    tampered(world, statement)
    lines = found(world)
    assert any(told in line for line in lines), lines
