"""Serials: at random, no more than was harvested, printed once."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import Clash, InvalidInput, Refused
from domain.gs1 import SerialNumber
from domain.lot import Lot
from store.records import Records
from tests.services.postgres import Postgres
from tests.traceability.world import GTIN, NOON, World
from traceability.units import draw, require_room, spend


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lot(world: World) -> Lot:
    world.harvest()
    with world.records.transaction() as transaction:
        return world.open(transaction, 10.0)


def test_serials_are_64_bits_without_order_or_lookalikes() -> None:
    drawn = draw(20_000)
    assert len(set(drawn)) == 20_000
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{13}", one) for one in drawn)
    assert all(SerialNumber.parse(one) == one for one in drawn[:100])
    # The first sign holds four bits, every other five: all of them are met, evenly enough.
    assert {one[0] for one in drawn} == set("0123456789ABCDEF")
    for place in range(1, 13):
        counts = [sum(one[place] == sign for one in drawn) for sign in "09AHZ"]
        assert all(500 < count < 750 for count in counts)
    assert list(drawn) != sorted(drawn)


def test_units_never_hold_more_than_the_lot(world: World, lot: Lot) -> None:
    with world.records.transaction() as transaction:
        spend(transaction, lot, draw(15), 0.5, NOON)
        assert transaction.units.printed(lot) == (15, 7.5)
        with pytest.raises(Refused, match=r"; 5 more of 0\.5 kg are possible, 6 asked") as caught:
            spend(transaction, lot, draw(6), 0.5, NOON)
        assert caught.value.rule == "units-within-lot"
        spend(transaction, lot, draw(5), 0.5, NOON)
        with pytest.raises(Refused, match=r"; 1 more of 0\.001 kg"):
            require_room(transaction, lot, 2, 0.001)


def test_thirds_of_a_kilogram_fill_the_lot(world: World, lot: Lot) -> None:
    with world.records.transaction() as transaction:
        spend(transaction, lot, draw(30), 10 / 30, NOON)
        with pytest.raises(Refused):
            require_room(transaction, lot, 1, 10 / 30)


def test_a_serial_is_spent_once_and_found_again(world: World, lot: Lot) -> None:
    serials = draw(3)
    with world.records.transaction() as transaction:
        spend(transaction, lot, serials, 0.5, NOON)
    with pytest.raises(Clash, match="printed before"), world.records.transaction() as transaction:
        spend(transaction, lot, [*draw(2), serials[1]], 0.5, NOON)
    with world.records.reading() as transaction:
        assert transaction.units.printed(lot) == (3, 1.5)
        found = transaction.units.find(GTIN, serials[0])
        assert found is not None
        assert (found.number, found.kilograms, found.printed_ms) == (lot.number, 0.5, NOON)
        assert transaction.units.find(GTIN, SerialNumber("0000000000000")) is None


def test_two_print_shops_at_once_do_not_print_the_rest_twice(
    tmp_path: Path, postgres: Postgres
) -> None:
    records = Records(postgres.fresh("units"))
    world = World(tmp_path)
    world.records.close()
    world.records = records
    records.migrate()
    from tests.builders import farm  # noqa: PLC0415 - of this one test
    from tests.traceability.world import STARTED  # noqa: PLC0415 - of this one test

    farm(records, "", STARTED)
    world.harvest()
    with records.transaction() as transaction:
        lot = world.open(transaction, 10.0)
    refused: list[Refused] = []

    def shop() -> None:
        try:
            with records.transaction() as transaction:
                spend(transaction, lot, draw(12), 0.5, NOON)
        except Refused as error:
            refused.append(error)

    shops = [threading.Thread(target=shop) for _ in range(4)]
    for one in shops:
        one.start()
    for one in shops:
        one.join()
    assert len(refused) == 3
    with records.reading() as transaction:
        assert transaction.units.printed(lot) == (12, 6.0)
    world.close()


@pytest.mark.parametrize("text", ["", "a" * 21, "a b", "ử", "x\n"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        SerialNumber.parse(text)
