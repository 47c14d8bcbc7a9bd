"""The records store on SQLite and on PostgreSQL."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from domain.device import Device, Placement
from domain.diary import Entry, Work
from domain.errors import Clash, InvalidInput, NotFound, StoreTooNew, StoreUnavailable
from domain.gs1 import Giai, Gln, LotNumber
from domain.ids import AreaCode, DeviceId, EntryId, PlotId, ProducerId, SeriesId
from domain.lot import Recall
from domain.plot import Area, Outline, Producer
from domain.window import Window
from store.records import Records
from store.records.tables import metadata
from tests.builders import DEVICE, GTIN, NOON, PLOT, ZONE, farm
from tests.services.postgres import Postgres
from traceability.short_code import print_code

MIGRATIONS = Path(__file__).parents[2] / "store" / "records" / "migrations"
_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'records.db'}"
    else:
        url = request.getfixturevalue("postgres").fresh(f"records{next(_numbers)}")
    store = Records(url)
    store.migrate()
    yield store
    store.close()


def entry(name: str = "e1", day: date = date(2026, 11, 1), note: str = "") -> Entry:
    return Entry(EntryId(name), PLOT, Work.HARVEST, day, "grower", 420.0, "kg", None, note, NOON)


def test_migrations_build_exactly_the_tables_the_program_uses(records: Records) -> None:
    with records.reading() as transaction:
        context = MigrationContext.configure(transaction.connection)
        ours = [
            change
            for change in compare_metadata(context, metadata)
            if not (change[0] == "remove_table" and change[1].schema == "series")
        ]
    assert ours == []


def test_lots_of_before_get_their_short_codes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with sa.create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for number in range(50):
            connection.execute(sa.text(
                "INSERT INTO lot VALUES ('09520001000010', :lot, 'p', 's', 'h', '2026-11-20', '2026-11-30', 1, 0)"
            ), {"lot": f"LO-{number}"})  # fmt: skip
    records = Records(url)
    records.migrate()
    with records.reading() as transaction:
        lots = transaction.lots.lots()
        codes = {print_code(transaction.lots.short_number(lot)) for lot in lots}
        assert len(codes) == len(lots) == 50
        assert all(code.isalnum() for code in codes)
    records.close()


def test_a_token_is_known_by_its_digest_until_it_is_revoked(records: Records) -> None:
    farm(records)
    with records.transaction() as transaction:
        tokens = transaction.tokens
        first, second = tokens.add(DEVICE, "a" * 64, NOON), tokens.add(DEVICE, "b" * 64, NOON)
        with pytest.raises(NotFound, match="no device nobody"):
            tokens.add(DeviceId("nobody"), "c" * 64, NOON)
        with pytest.raises(NotFound, match="no token has the number 99"):
            tokens.revoke(99, NOON)
    with records.transaction() as transaction:
        tokens = transaction.tokens
        assert (tokens.device("a" * 64), tokens.device("c" * 64)) == (DEVICE, None)
        assert tokens.revoke(first.number, NOON + 1) == replace(first, revoked_ms=NOON + 1)
        assert tokens.revoke(first.number, NOON + 2).revoked_ms == NOON + 1, "once is enough"
    with records.reading() as transaction:
        assert transaction.tokens.device("a" * 64) is None
        assert transaction.tokens.device("b" * 64) == DEVICE
        assert transaction.tokens.every() == [replace(first, revoked_ms=NOON + 1), second]
    with pytest.raises(Clash), records.transaction() as transaction:
        transaction.tokens.add(DEVICE, "b" * 64, NOON)


def test_an_outline_is_dated_and_never_replaced(records: Records) -> None:
    farm(records)
    first = Outline(PLOT, date(2026, 1, 1), '{"type":"Point"}', "đo tay")
    second = replace(first, valid_from=date(2026, 7, 1), source="đo lại")
    with records.transaction() as transaction:
        places = transaction.places
        assert places.outline(PLOT, date(2026, 1, 1)) is None
        assert places.add_outline(first)
        assert places.add_outline(second)
        assert not places.add_outline(first), "the same again is nothing new"
        with pytest.raises(NotFound):
            places.add_outline(replace(first, plot=PlotId("khong-co")))
    with records.reading() as transaction:
        places = transaction.places
        assert places.outline(PLOT, date(2025, 12, 31)) is None
        assert places.outline(PLOT, date(2026, 6, 30)) == first
        assert places.outline(PLOT, date(2026, 7, 1)) == second
    with pytest.raises(Clash), records.transaction() as transaction:
        transaction.places.add_outline(replace(first, geojson="{}"))


def test_migrating_again_changes_nothing(records: Records) -> None:
    farm(records)
    assert records.migrate() == records.migrate()
    with records.reading() as transaction:
        assert len(transaction.places.plots()) == 2


def test_a_database_of_a_newer_program_is_refused(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match="9999"):
        records.migrate()


def test_a_transaction_that_fails_leaves_nothing(records: Records) -> None:
    farm(records)
    with pytest.raises(RuntimeError), records.transaction() as transaction:
        transaction.diary.add(entry())
        raise RuntimeError
    with records.reading() as transaction, pytest.raises(NotFound):
        transaction.diary.entry(EntryId("e1"))


def test_the_same_entry_again_changes_nothing_and_another_under_its_id_clashes(
    records: Records,
) -> None:
    farm(records)
    with records.transaction() as transaction:
        assert transaction.diary.add(entry())
        assert not transaction.diary.add(entry())
        with pytest.raises(Clash):
            transaction.diary.add(entry(note="another"))


def test_one_code_has_meant_two_places(records: Records) -> None:
    code, cut = AreaCode("xa-cu"), date(2025, 7, 1)
    with records.transaction() as transaction:
        places = transaction.places
        places.add_area(Area(code, "Xã cũ", "Old", ZONE, date(2000, 1, 1), cut, "test"))
        places.add_area(Area(code, "Xã mới", "New", ZONE, cut, None, "test"))
        assert places.area(code, date(2025, 6, 30)).name_vi == "Xã cũ"
        assert places.area(code, cut).name_vi == "Xã mới"
        assert places.area(code, date(1999, 12, 31)).name_vi == "Xã cũ"
        ended = AreaCode("xa-het")
        places.add_area(Area(ended, "Xã đã hết", "Ended", ZONE, date(2000, 1, 1), cut, "test"))
        assert places.area(ended, cut).name_vi == "Xã đã hết"
        with pytest.raises(NotFound):
            places.area(AreaCode("khong-co"), cut)


def test_the_register_and_what_covered_a_plot(records: Records) -> None:
    farm(records)
    with records.reading() as transaction:
        register = transaction.devices.register()
        covering = transaction.devices.covering(PLOT, Window(10, 20))
        assert transaction.devices.covering(PlotId("ruong-2"), Window(10, 20)) == []
    assert set(register.streams[DEVICE]) == {"soil_moisture_20", "air_temperature", "rain"}
    assert {served for _, served in covering} == {Window(10, 20)}
    assert register.placed(DEVICE, NOON)


def test_an_unknown_thing_is_not_found(records: Records) -> None:
    with records.reading() as transaction:
        for ask in (
            lambda: transaction.places.plot(PlotId("x")),
            lambda: transaction.places.producer(ProducerId("x")),
            lambda: transaction.places.crop("x"),
            lambda: transaction.lots.product(GTIN),
            lambda: transaction.devices.stream(SeriesId(9)),
            lambda: transaction.diary.entry(EntryId("x")),
        ):
            with pytest.raises(NotFound):
                ask()


def test_a_lot_is_recalled_once(records: Records) -> None:
    lot = LotNumber("A")
    with records.transaction() as transaction:
        transaction.lots.add_recall(Recall(GTIN, lot, "first", "office", NOON))
    with pytest.raises(Clash), records.transaction() as transaction:
        transaction.lots.add_recall(Recall(GTIN, lot, "second", "office", NOON + 1))
    with records.reading() as transaction:
        found = transaction.lots.recalled(GTIN, lot)
    assert found is not None
    assert found.reason == "first"


def test_a_value_the_database_cannot_hold_is_the_callers_fault(postgres: Postgres) -> None:
    records = Records(postgres.fresh("cannot-hold"))
    records.migrate()
    farm(records)
    with pytest.raises(InvalidInput, match="cannot hold"), records.transaction() as transaction:
        transaction.diary.add(entry(note="a\0b"))
    records.close()


def test_writers_wait_for_each_other(records: Records) -> None:
    farm(records)

    def write(start: int) -> None:
        for n in range(start, start + 10):
            with records.transaction() as transaction:
                transaction.diary.add(entry(f"e{n}"))

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with records.reading() as transaction:
        assert len(transaction.diary.entries(PLOT, date(2026, 1, 1), date(2026, 12, 31))) == 30


def test_a_database_that_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database" * 1000)
    store = Records(f"sqlite:///{tmp_path / 'x'}")
    with pytest.raises(StoreUnavailable):
        store.migrate()
    store.close()


def test_the_same_post_twice_at_once_is_kept_once(records: Records) -> None:
    farm(records)
    new: list[bool] = []

    def write(n: int) -> None:
        with records.transaction() as transaction:
            new.append(transaction.diary.add(entry(f"e{n // 2}")))

    for n in range(0, 20, 2):
        pair = [threading.Thread(target=write, args=(n + i,)) for i in (0, 1)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
    assert sorted(new) == [False] * 10 + [True] * 10


def test_a_device_does_not_serve_a_plot_twice_at_once(records: Records) -> None:
    farm(records)
    with records.transaction() as transaction:
        plot = PlotId("ruong-2")
        transaction.devices.place(Placement(DEVICE, plot, 100, 200))
        transaction.devices.place(Placement(DEVICE, plot, 200, 300))
        for start, end in ((150, 250), (0, 101), (0, None), (299, None)):
            with pytest.raises(Clash):
                transaction.devices.place(Placement(DEVICE, plot, start, end))


def test_serials_of_before_are_of_runs_whose_order_is_not_known(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    old = [
        ("A", "LO-1", 0.5, 20),
        ("B", "LO-1", 0.5, 10),
        ("C", "LO-1", 0.5, 20),
        ("D", "LO-2", 1.0, 20),
    ]
    with sa.create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for lot in ("LO-1", "LO-2"):
            connection.execute(sa.text(
                "INSERT INTO lot VALUES ('09520001000010', :lot, 'p', 's', 'h', '2026-11-20', '2026-11-30', 1, 0, NULL)"
            ), {"lot": lot})  # fmt: skip
        for serial, lot, kilograms, printed_ms in old:
            connection.execute(sa.text(
                "INSERT INTO serial VALUES ('09520001000010', :serial, :lot, :kilograms, :ms)"
            ), {"serial": serial, "lot": lot, "kilograms": kilograms, "ms": printed_ms})  # fmt: skip
    records = Records(url)
    records.migrate()
    with records.reading() as transaction:
        runs = sa.text("SELECT number, run, count, unit_kg FROM print_run ORDER BY number, run")
        assert list(transaction.connection.execute(runs)) == [
            ("LO-1", 1, 1, 0.5), ("LO-1", 2, 2, 0.5), ("LO-2", 1, 1, 1.0),
        ]  # fmt: skip
        of_run = sa.text("SELECT serial, run, position FROM serial ORDER BY serial")
        assert list(transaction.connection.execute(of_run)) == [
            ("A", 2, None), ("B", 1, None), ("C", 2, None), ("D", 1, None),
        ]  # fmt: skip
    records.close()


def test_keys_are_given_once_and_for_good(records: Records) -> None:
    farm(records)
    ours, theirs = ProducerId("ho-1"), ProducerId("ho-2")
    first, second = Gln.parse("9520001002014"), Gln.parse("9520001002021")
    with records.transaction() as transaction:
        assert transaction.places.producer(ours).gln is None
        assert transaction.gs1.give_gln(ours, first, NOON)
        assert not transaction.gs1.give_gln(ours, first, NOON + 5)
        with pytest.raises(Clash, match="is ho-1's: a key is never given to another"):
            transaction.gs1.give_gln(theirs, first, NOON)
        assert transaction.gs1.give_gln(ours, second, NOON + 1)
        assert transaction.places.producer(ours).gln == second
        assert [p.gln for p in transaction.places.producers()] == [second, None]
        assert [transaction.gs1.producer_of(g) for g in (first, second, "9520001001017")] == [
            ours,
            ours,
            None,
        ]
        giai = Giai.parse("9520001dat-01")
        assert transaction.gs1.give_giai(DEVICE, giai, NOON)
        assert transaction.devices.register().devices[DEVICE].giai == giai
        assert transaction.gs1.giais(NOON - 1) == {}
        assert transaction.gs1.giais(NOON) == {DEVICE: giai}
        assert transaction.gs1.device_of(giai) == DEVICE
    with pytest.raises(Clash), records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("nobody"), Gln.parse("9520001002038"), NOON)


def test_a_party_and_a_device_may_have_their_key_from_the_beginning(records: Records) -> None:
    farm(records)
    gln, giai = Gln.parse("9520001002014"), Giai.parse("9520001x")
    with records.transaction() as transaction:
        area = AreaCode("xa-mau")
        transaction.places.add_producer(Producer(ProducerId("ho-3"), "Hộ 3", area, None, gln))
        transaction.devices.add(Device(DeviceId("dat-03"), "Đất", NOON, giai))
        assert transaction.places.producer(ProducerId("ho-3")).gln == gln
        one = transaction.devices.register([DeviceId("dat-03")])
        assert list(one.devices.values()) == [Device(DeviceId("dat-03"), "Đất", NOON, giai)]
        assert (one.streams, one.placements) == ({}, {})
