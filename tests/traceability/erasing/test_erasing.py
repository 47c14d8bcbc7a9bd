"""A name is taken out of the records, and everything that was proven stays proven."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.diary import Entry, Work
from domain.erased import ERASED
from domain.errors import InvalidInput, NotFound, StoreUnavailable
from domain.ids import EntryId, ProducerId, StepId
from domain.lot import IssuedPassport
from domain.window import HOUR_MS
from nguon.compose import Stores
from nguon.fsck import Shown
from nguon.fsck import findings as everything
from store.records import Records
from store.records.erasing import AUTHORS, TABLES
from store.records.tables import metadata
from tests.services.postgres import Postgres
from tests.traceability.lineage.orchard import opened, plant, receive, ship, some, take
from tests.traceability.test_certificates import ONE as CERTIFICATE
from tests.traceability.world import HARVESTED, NOON, PLOT, World
from traceability.bundle import Bundle
from traceability.certificates import write
from traceability.completeness.gather import dossier_of
from traceability.dossier import require_lot
from traceability.envelope import PAYLOAD_TYPE_1, Envelope
from traceability.erasing.doing import erase
from traceability.erasing.noted import claims_in, come_back, noted, unexplained
from traceability.erasing.plan import (
    Plan,
    erases,
    of_entries,
    of_parties,
    of_producer,
    stays,
)
from traceability.eudr.pack import features_of
from traceability.files import keep_paper, scan
from traceability.labels.content import label_of
from traceability.lineage.asked import Party
from traceability.lineage.steps import PARTY
from traceability.log.append import record
from traceability.log.entry import CERTIFICATE as CERTIFICATE_KIND
from traceability.log.entry import DIARY, ERASURE, decode
from traceability.log.publish import publish
from traceability.passport import issue
from traceability.verify_bundle import verify_bundle

NAME, PHONE, TAKER, NOTE = "Bà Nguyễn Thị Hồng", "0912345678", "Ông Trần Văn Sáu", "Bà Hồng phun"
_numbers = itertools.count()


class Farm:
    """A world with somebody's name in every place that has one."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.records.transaction() as transaction:
            self._tell(
                transaction.connection,
                "UPDATE producer SET public_name = :v WHERE id = 'ho-1'",
                NAME,
            )
            self._tell(
                transaction.connection, "UPDATE producer SET phone = :v WHERE id = 'ho-1'", PHONE
            )
            self._tell(
                transaction.connection, "UPDATE account SET name = :v WHERE login = 'grower'", NAME
            )
            transaction.accounts.open_session("digest", "grower", NOON + HOUR_MS)
        plant(world)
        world.write(
            Entry(EntryId("lam-co"), PLOT, Work.WEEDING, HARVESTED, "grower", None, None, None, NOTE, NOON)
        )  # fmt: skip
        with world.records.transaction() as transaction:
            self.scan = keep_paper(transaction, f"%PDF-1.7 {NAME}".encode(), NOON)
            write(transaction, replace(CERTIFICATE, paper=self.scan, author="grower"))
        opened(world, 50.0, "B")
        self.passport: IssuedPassport = world.issued()
        with world.records.transaction() as transaction:
            for name, of in (("x-1", 10.0), ("x-2", 10.0)):
                take(transaction, ship(name, some("B", of), Party(name=TAKER)))
            take(transaction, ship("x-3", some("B", 5.0)))
            take(transaction, receive("r-1", some("B", 10.0), "x-1"), NOON + 5)
        publish(world.records, world.files, world.log_key)
        world.series.settle([], world.series.touched(100_000))

    @staticmethod
    def _tell(connection: sa.Connection, statement: str, value: str) -> None:
        assert connection.execute(sa.text(statement), {"v": value}).rowcount == 1

    def erase(self, plan: Plan) -> None:
        with self.world.records.transaction() as transaction:
            erase(transaction, plan, NOON + HOUR_MS)

    def erase_all(self) -> None:
        with self.world.records.reading() as transaction:
            everybody = of_producer(transaction, ProducerId("ho-1"), diary=True, text=True)
            takers = of_parties(transaction, (StepId("x-1"),), everywhere=True)
        self.erase(everybody)
        self.erase(takers)

    def wrong(self) -> list[str]:
        publish(self.world.records, self.world.files, self.world.log_key)
        trust = self.world.trust()
        assert trust.log is not None
        stores = Stores(self.world.series, self.world.records)
        return list(everything(stores, trust.keys, Shown(self.world.files, trust.log)))


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    world = World(tmp_path)
    yield Farm(world)
    world.close()


def held(records: Records) -> str:
    """Everything that any column of any table holds."""
    with records.reading() as transaction:
        return "\n".join(
            str(row)
            for table in metadata.sorted_tables
            for row in transaction.connection.execute(sa.select(table))
        )


def test_a_dry_look_says_what_goes_and_what_stays(farm: Farm) -> None:
    with farm.world.records.reading() as transaction:
        plan = of_producer(transaction, ProducerId("ho-1"), diary=False, text=False)
        told, left = list(erases(plan)), list(stays(transaction, plan))
    assert told[0].startswith("producer ho-1: public name, phone")
    assert told[1].startswith("login grower: the account")
    assert any("author of 3 diary entries: --diary" in line for line in left)
    assert any("older backups" in line for line in left)
    assert farm.wrong() == []
    assert NAME in held(farm.world.records)


def test_everything_that_was_proven_stays_so_and_nobody_is_named(farm: Farm) -> None:
    old = farm.world.proof(farm.passport)
    assert verify_bundle(old, farm.world.trust()).producer == NAME
    assert farm.wrong() == []
    farm.erase_all()
    assert farm.wrong() == []
    text = held(farm.world.records)
    assert not [one for one in (NAME, PHONE, TAKER, NOTE) if one in text]
    assert text.count("'grower'") == 1, "another account's role, and nobody's login"
    assert verify_bundle(old, farm.world.trust()).producer == NAME, "a copy that others made"
    new = farm.world.proof(farm.passport)
    assert Bundle.decode(new).disclosures == b"{}"
    proven = verify_bundle(new, farm.world.trust())
    assert (proven.producer, proven.days) == (None, 5)


def test_a_passport_issued_afterwards_is_silent_and_holds_too(farm: Farm) -> None:
    farm.erase_all()
    with farm.world.records.reading() as transaction:
        lot = require_lot(transaction, farm.passport.gtin, farm.passport.number)
    again = issue(farm.world.issuer, lot, NOON + 2 * HOUR_MS)
    proven = verify_bundle(farm.world.proof(again), farm.world.trust())
    assert proven.document["producer"]["commitment"] is None
    assert all(row["digest"] for row in proven.document["diary"]), "as the log has them"
    assert farm.wrong() == []


def test_the_log_notes_it_and_names_nobody(farm: Farm) -> None:
    farm.erase_all()
    with farm.world.records.reading() as transaction:
        bodies = [decode(one.entry).body for one in transaction.log.of_kind(ERASURE)]
        subjects = {one.subject for one in transaction.log.of_kind(ERASURE)}
    assert subjects == {"producer", "diary", "party"}
    assert [(one["of"], len(one["digests"]), one["without"], one["text"]) for one in bodies] == [
        ("producer", 1, 0, False), ("diary", 3, 0, True), ("party", 2, 0, False),
    ]  # fmt: skip
    assert "ho-1" not in str(bodies)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_file_and_no_row_holds_the_name(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: Postgres | None = request.getfixturevalue("postgres") if kind == "postgres" else None
    url = None if postgres is None else postgres.fresh(f"erase{next(_numbers)}")
    world = World(tmp_path, url=url)
    farm = Farm(world)
    path = tmp_path / "records.db"
    if url is None:
        assert NAME.encode() in path.read_bytes()
    else:
        with world.records.transaction() as transaction:
            transaction.connection.execute(sa.text("ANALYZE"))
            transaction.connection.execute(sa.text("UPDATE producer SET public_name = public_name"))
    farm.erase_all()
    if url is None:
        raw = path.read_bytes()  # before it is written anew: overwritten at once
        assert not [one for one in (NAME, PHONE, TAKER, NOTE) if one.encode() in raw]
    world.records.compact()
    world.records.compact()
    if url is None:
        raw = path.read_bytes()
        assert not [one for one in (NAME, PHONE, TAKER, NOTE) if one.encode() in raw]
        assert b"Th\xe1\xbb\xa7 \xc4\x90\xe1\xbb\xa9c" in raw, "who took another shipment is there"
    else:
        with world.records.reading() as transaction:
            said = sa.text("SELECT * FROM pg_stats WHERE tablename = ANY(:names)")
            kept = str(list(transaction.connection.execute(said, {"names": list(TABLES)})))
            dead = sa.text("SELECT count(*) FROM pg_stat_user_tables WHERE n_dead_tup > 1000")
            assert transaction.connection.execute(dead).scalar_one() == 0
        assert not [one for one in (NAME, PHONE, TAKER, NOTE) if one in kept]
    assert not [one for one in (NAME, PHONE, TAKER, NOTE) if one in held(world.records)]
    assert farm.wrong() == []
    world.close()


def test_one_shipment_or_all_to_the_same_name(farm: Farm) -> None:
    with farm.world.records.reading() as transaction:
        assert of_parties(transaction, (StepId("x-1"),), everywhere=False).steps == ("x-1",)
        assert of_parties(transaction, (StepId("x-1"),), everywhere=True).steps == ("x-1", "x-2")
        with pytest.raises(NotFound):
            of_parties(transaction, (StepId("x-9"),), everywhere=False)
        with pytest.raises(InvalidInput, match="no shipment to somebody's name"):
            of_parties(transaction, (StepId("r-1"),), everywhere=False)
    farm.erase(Plan(steps=(StepId("x-1"),)))
    with farm.world.records.reading() as transaction:
        assert transaction.lineage.party_name(StepId("x-1")) is None
        assert transaction.lineage.party_name(StepId("x-2")) == TAKER
        assert of_parties(transaction, (StepId("x-1"),), everywhere=True).empty


def test_an_author_goes_and_the_note_only_if_asked(farm: Farm) -> None:
    def kept() -> Entry:
        with farm.world.records.reading() as transaction:
            return transaction.diary.entry(EntryId("lam-co"))

    def plan(*, text: bool) -> Plan:
        with farm.world.records.reading() as transaction:
            return of_entries(transaction, (EntryId("lam-co"),), (), text=text)

    farm.erase(plan(text=False))
    assert (kept().author, kept().note) == (ERASED, NOTE)
    assert plan(text=False).empty
    farm.erase(plan(text=True))
    assert (kept().author, kept().note) == (ERASED, "")
    assert plan(text=True).empty
    assert farm.wrong() == []
    with farm.world.records.reading() as transaction, pytest.raises(NotFound):
        of_entries(transaction, (EntryId("no-such"),), (), text=False)


def test_the_scan_of_a_certificate_goes_and_what_it_says_stays(farm: Farm) -> None:
    farm.erase_all()
    with farm.world.records.reading() as transaction:
        (one,) = transaction.papers.certificates()
        assert (one.number, one.paper, one.author) == (CERTIFICATE.number, farm.scan, ERASED)
        with pytest.raises(NotFound, match="was erased"):
            scan(transaction, farm.scan)
    assert farm.wrong() == []
    with farm.world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("UPDATE kept_file SET content = CAST('x' AS BLOB)"))
    assert any("is not what was kept" in line for line in farm.wrong())


def test_a_scan_that_is_empty_though_nobody_was_erased_is_told(farm: Farm) -> None:
    with farm.world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("UPDATE kept_file SET content = CAST('' AS BLOB)"))
    assert any("is not what was kept" in line for line in farm.wrong())


def test_a_salt_of_a_certificate_that_is_gone_is_told(farm: Farm) -> None:
    with farm.world.records.transaction() as transaction:
        transaction.salts.erase(CERTIFICATE_KIND, CERTIFICATE.id)
    assert any(line.startswith("certificate vg-1: the salt") for line in farm.wrong())


def test_every_column_that_says_who_did_it_is_known_to_erasing() -> None:
    """A column that is left out would keep a login that was said to be erased."""
    said = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if re.search(r"author|login|by$", column.name)
    }
    known = {f"{column.table.name}.{column.name}" for column in AUTHORS}
    # Accounts and sessions are removed; of a diary entry the author goes with its salt; a lot
    # is made by a step.
    apart = {"account.login", "session.login", "entry.author", "lot.made_by"}
    assert said == known | apart
    assert {column.table.name for column in AUTHORS} <= set(TABLES)


def test_twice_is_once(farm: Farm) -> None:
    farm.erase_all()
    with farm.world.records.reading() as transaction:
        size = transaction.log.size()
        assert of_producer(transaction, ProducerId("ho-1"), diary=True, text=True).empty
    farm.erase(Plan())
    with farm.world.records.reading() as transaction:
        assert transaction.log.size() == size
        with pytest.raises(NotFound):
            of_producer(transaction, ProducerId("ho-9"), diary=False, text=False)


def test_a_producer_without_a_passport_is_noted_without_a_digest(farm: Farm) -> None:
    farm.erase(Plan(producers=(ProducerId("ho-2"),)))
    with farm.world.records.reading() as transaction:
        told = noted(claims_in(transaction))
        assert (dict(told.digests), told.without) == ({}, 1)
        assert transaction.places.producer(ProducerId("ho-2")).name_erased
    assert farm.wrong() == []


def test_what_comes_back_from_before_is_found_and_erased_again(farm: Farm) -> None:
    """A backup is brought back: the salts and the names, and the log as it was published."""
    with farm.world.records.reading() as transaction:
        tables = [
            metadata.tables[name] for name in ("producer", "account", "salt", "entry", "step")
        ]
        before = {
            table: [*transaction.connection.execute(sa.select(table)).mappings()]
            for table in tables
        }
    farm.erase_all()
    with farm.world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        for table, rows in before.items():
            transaction.connection.execute(table.delete())
            transaction.connection.execute(table.insert(), [dict(row) for row in rows])
    lines = farm.wrong()
    assert len([one for one in lines if "what the log says was erased is back" in one]) == 7
    assert not [one for one in lines if NAME in one]
    with farm.world.records.reading() as transaction:
        plan = come_back(transaction, noted(claims_in(transaction)))
        assert transaction.places.producer(ProducerId("ho-1")).public_name == NAME
    assert (plan.producers, plan.logins, plan.steps) == (("ho-1",), ("grower",), ("x-1", "x-2"))
    assert set(plan.texts) == set(plan.entries) == {"lam-co", "thu-hoach", "thu-b"}
    farm.erase(plan)
    assert farm.wrong() == []
    assert NAME not in held(farm.world.records)


def test_a_salt_that_is_gone_without_a_note_hides_a_change_and_is_told(farm: Farm) -> None:
    with farm.world.records.transaction() as transaction:
        transaction.salts.erase(DIARY, "lam-co")
        transaction.salts.erase(PARTY, "x-2")
        told = unexplained(transaction, noted(claims_in(transaction)))
        assert told == ["diary entry lam-co", "shipment x-2"]
    assert [one for one in farm.wrong() if "the salt of its digest is gone" in one]


def test_many_digests_are_several_entries(farm: Farm) -> None:
    entries = [
        Entry(EntryId(f"e-{i}"), PLOT, Work.WEEDING, HARVESTED, "many", None, None, None, "", NOON)
        for i in range(501)
    ]
    farm.world.write(*entries)
    with farm.world.records.reading() as transaction:
        plan = of_entries(transaction, (), ("many",), text=False)
    farm.erase(plan)
    with farm.world.records.reading() as transaction:
        sizes = [len(decode(one.entry).body["digests"]) for one in transaction.log.of_kind(ERASURE)]
    assert sizes == [500, 1]


def test_an_erasure_that_cannot_be_read_hides_no_other(farm: Farm) -> None:
    farm.erase_all()
    with farm.world.records.transaction() as transaction:
        record(transaction, ERASURE, "x", {"of": "x", "digests": [], "without": 0}, NOON)
        told = noted(claims_in(transaction))
    assert len(told.digests) == 6


def test_a_store_that_is_being_written_to_is_not_written_anew(farm: Farm, tmp_path: Path) -> None:
    records = farm.world.records
    with records.reading() as transaction:  # the connection that is used next, out of the pool
        transaction.connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = Records(f"sqlite:///{tmp_path / 'records.db'}")
    with other.transaction(), pytest.raises(StoreUnavailable, match="locked"):
        records.compact()
    other.close()
    records.compact()


def test_passports_that_name_in_clear_are_told(farm: Farm) -> None:
    with farm.world.records.transaction() as transaction:
        lot = require_lot(transaction, farm.passport.gtin, farm.passport.number)
        payload = Envelope(PAYLOAD_TYPE_1, b"{}", "key", b"x" * 64).encode()
        old = IssuedPassport(lot.gtin, lot.number, payload, "key", NOON - 1)
        transaction.lots.add_passport(old)
        plan = of_producer(transaction, ProducerId("ho-1"), diary=True, text=True)
        assert [
            one for one in stays(transaction, plan) if one.startswith("1 passports from before")
        ]


def test_labels_statements_and_checks_name_nobody_in_their_place(farm: Farm) -> None:
    def told() -> tuple[set[str], dict[str, str], bool]:
        with farm.world.records.reading() as transaction:
            lot = require_lot(transaction, farm.passport.gtin, farm.passport.number)
            lines = {
                line.text for line in label_of(transaction, lot, "https://nguon.example").lines
            }
            plot = transaction.places.plot(PLOT)
            producer = transaction.places.producer(plot.producer)
            (feature,) = features_of(plot, producer, {"type": "Point"}, "VN")
            complete = dossier_of(transaction, lot, HARVESTED)
        return lines, feature["properties"], complete.producer_name is not None

    lines, said, named = told()
    assert (NAME in lines, said["ProducerName"], named) == (True, NAME, True)
    farm.erase_all()
    after, said, named = told()
    assert after == lines - {NAME}
    assert (list(said), named) == (["ProducerCountry", "ProductionPlace", "Area"], False)
