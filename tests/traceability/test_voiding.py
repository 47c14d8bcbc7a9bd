"""Void labels: for good, all or none, and their kilograms back only where the label is no more."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.gs1 import LotNumber, SerialNumber
from domain.label import VoidReason
from domain.lot import Lot
from domain.scan import Scan
from tests.traceability.lineage.orchard import PACKED, plant, some, take, transform
from tests.traceability.world import GTIN, NOON, World
from traceability.units import draw, note_printed, spend, typed
from traceability.voiding import Why, of_run, void

DESTROYED, LOST = Why(VoidReason.DESTROYED), Why(VoidReason.LOST)
_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh(f"voids{next(_numbers)}")
    made = World(tmp_path, url=url)
    yield made
    made.close()


@pytest.fixture
def lot(world: World) -> Lot:
    world.harvest()
    with world.records.transaction() as transaction:
        return world.open(transaction, 10.0)


def printed(world: World, lot: Lot, count: int = 20) -> tuple[SerialNumber, ...]:
    serials = draw(count)
    with world.records.transaction() as transaction:
        spend(transaction, lot, serials, 0.5, NOON)
    return serials


def test_only_a_destroyed_label_gives_its_kilograms_back(world: World, lot: Lot) -> None:
    serials = printed(world, lot)
    with world.records.transaction() as transaction:
        for count, reason in ((1, "spoilt"), (2, "lost"), (3, "stolen")):
            why = Why.parse(reason, "")
            made = void(transaction, lot, serials[count * 3 :][:count], why, "office", NOON)
            assert (len(made.units), made.kilograms) == (count, 0.0)
        with pytest.raises(Refused, match="0 more of"):
            spend(transaction, lot, draw(1), 0.5, NOON)
        made = void(transaction, lot, serials[:3], DESTROYED, "office", NOON)
        assert made.kilograms == 1.5
        assert transaction.units.bearing(lot) == (17, 8.5)
        assert transaction.units.printed(lot) == (20, 10.0), "what was printed stays so"
        spend(transaction, lot, draw(3), 0.5, NOON)
        with pytest.raises(Refused, match="0 more of"):
            spend(transaction, lot, draw(1), 0.5, NOON)


def test_a_void_serial_is_never_printed_again(world: World, lot: Lot) -> None:
    serials = printed(world, lot, 2)
    with world.records.transaction() as transaction:
        void(transaction, lot, serials, DESTROYED, "office", NOON)
    with pytest.raises(Clash, match="printed before"), world.records.transaction() as transaction:
        spend(transaction, lot, serials[:1], 0.5, NOON)


def test_a_torn_label_leaves_its_kilograms_for_another_lot(world: World, lot: Lot) -> None:
    plant(world)
    serials = printed(world, lot)
    packing = transform("t-1", "packing", [some("LO-1", 2.0)], [some("P", 2.0, PACKED)])
    with world.records.transaction() as transaction:
        void(transaction, lot, serials[:4], LOST, "office", NOON)
        with pytest.raises(Refused, match="20 units of 10 kg bear labels"):
            take(transaction, packing)
        void(transaction, lot, serials[4:8], DESTROYED, "office", NOON)
        take(transaction, packing)
        assert transaction.lots.find(PACKED, LotNumber("P")) is not None


def test_the_same_again_changes_nothing_and_another_reason_clashes(world: World, lot: Lot) -> None:
    serials = printed(world, lot)
    with world.records.transaction() as transaction:
        void(transaction, lot, serials[:3], LOST, "office", NOON)
    with world.records.transaction() as transaction:
        again = void(transaction, lot, [*serials[:4], serials[0]], LOST, "second", NOON + 1)
        assert (len(again.units), again.before) == (1, 3)
        first = transaction.units.voided(GTIN, serials[0])
        assert first is not None
        assert (first.author, first.since_ms) == ("office", NOON), "who was first stays so"
    with pytest.raises(Clash, match="void already: lost"), world.records.transaction() as other:
        void(other, lot, [serials[9], serials[0]], DESTROYED, "office", NOON)
    with world.records.reading() as transaction:
        assert set(transaction.units.voids(lot)) == set(serials[:4]), "all or none"


def test_a_serial_of_nobody_or_of_another_lot_makes_none_void(world: World, lot: Lot) -> None:
    serials = printed(world, lot)
    with world.records.transaction() as transaction:
        other = world.open(transaction, 10.0, "LO-2")
        theirs = draw(1)
        spend(transaction, other, theirs, 0.5, NOON)
    for wrong in (theirs[0], SerialNumber("0000000000000")):
        with (
            pytest.raises(NotFound, match=f"no label of lot LO-1 bears the serial {wrong}"),
            world.records.transaction() as transaction,
        ):
            void(transaction, lot, [serials[0], wrong], LOST, "office", NOON)
    with pytest.raises(InvalidInput), world.records.transaction() as transaction:
        void(transaction, lot, [], LOST, "office", NOON)
    with world.records.reading() as transaction:
        assert transaction.units.voids(lot) == {}


def test_a_run_is_known_by_its_number_and_a_label_by_its_place(world: World, lot: Lot) -> None:
    with world.records.transaction() as transaction:
        assert note_printed(transaction, lot, 42, NOON).number == 1
    serials = printed(world, lot, 8)
    more = printed(world, lot, 4)
    with world.records.transaction() as transaction:
        runs = [(r.number, r.count, r.unit_kg, r.void) for r in transaction.units.runs(lot)]
        assert runs == [(1, 42, None, 0), (2, 8, 0.5, 0), (3, 4, 0.5, 0)]
        assert of_run(transaction, lot, 2) == list(serials)
        assert of_run(transaction, lot, 3, 2, 3) == list(more[1:3])
        assert of_run(transaction, lot, 2, first=7) == list(serials[6:])
        assert of_run(transaction, lot, 2, last=1) == [serials[0]]
        with pytest.raises(InvalidInput, match="all alike"):
            of_run(transaction, lot, 1)
        with pytest.raises(NotFound, match="no print run 4"):
            of_run(transaction, lot, 4)
        for first, last in ((0, 3), (3, 2), (1, 9), (9, None)):
            with pytest.raises(InvalidInput, match="has labels 1 to 8"):
                of_run(transaction, lot, 2, first, last)
        void(transaction, lot, of_run(transaction, lot, 2, 1, 3), LOST, "office", NOON)
        assert [run.void for run in transaction.units.runs(lot)] == [0, 3, 0]


def test_whoever_voids_hears_how_many_had_been_scanned(world: World, lot: Lot) -> None:
    serials = printed(world, lot)
    with world.records.transaction() as transaction:
        scans = [Scan(GTIN, "LO-1", serials[0], "", "d", NOON, 3),
                 Scan(GTIN, "LO-1", "", "", "d", NOON, 9)]  # fmt: skip
        transaction.scans.fold("a", scans, NOON)
        assert void(transaction, lot, serials[:5], DESTROYED, "office", NOON).scanned == 1


def test_a_whole_roll_is_void_at_once(world: World, lot: Lot) -> None:
    serials = draw(5_000)
    with world.records.transaction() as transaction:
        spend(transaction, lot, serials, 0.002, NOON)
        assert len(void(transaction, lot, serials, LOST, "office", NOON).units) == 5_000


def test_two_officers_at_once_void_each_label_once(world: World, lot: Lot) -> None:
    serials = printed(world, lot)
    made: list[int] = []

    def officer() -> None:
        with world.records.transaction() as transaction:
            made.append(len(void(transaction, lot, serials, LOST, "office", NOON).units))

    threads = [threading.Thread(target=officer) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(made) == [0, 0, 0, 20]


def test_serials_are_read_as_hands_write_them() -> None:
    assert typed("o1iloZ0000abc") == "01110Z0000ABC"
    assert typed("a-1") == "a-1", "not one of ours: as it is"
    with pytest.raises(InvalidInput):
        typed("ử")


@pytest.mark.parametrize(("reason", "note"), [("torn", ""), ("", ""), ("lost", "x" * 201), ("lost", "a\x00")])  # fmt: skip
def test_a_reason_is_one_of_four_and_a_note_is_short(reason: str, note: str) -> None:
    with pytest.raises(InvalidInput):
        Why.parse(reason, note)
