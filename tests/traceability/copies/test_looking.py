"""Hints over real records: scans on one side, EPCIS events on the other."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.gs1 import Gln, LotNumber, SerialNumber
from domain.scan import Scan
from domain.window import MINUTE_MS
from tests.traceability.world import GTIN, NOON, World
from traceability.copies.hints import Kind
from traceability.copies.looking import hints
from traceability.epcis import lots
from traceability.epcis.document import CONTEXT, Found
from traceability.epcis.lots import HandOver, Sent
from traceability.epcis.repository import examine
from traceability.epcis.telling import Amount, Event, Item, When, Where, named

FARM, SHOP = Gln.parse("9520001001017"), Gln.parse("9520001000027")
RICE = Amount(GTIN, LotNumber("LO-1"), 400.0)


def when(minutes: int) -> When:
    return When(NOON + minutes * MINUTE_MS, ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        world.open(transaction)
    yield world
    world.close()


def scanned(world: World, *scans: tuple[str, str, int, int]) -> None:
    """Scans as (serial, place, minutes after noon, times)."""
    rows = [
        Scan(GTIN, "LO-1", serial, place, f"d{n}", NOON + minutes * MINUTE_MS, times)
        for n, (serial, place, minutes, times) in enumerate(scans)
    ]
    with world.records.transaction() as transaction:
        transaction.scans.fold(repr(scans), rows, NOON)


def captured(world: World, *events: Event) -> None:
    found = examine([Found("e", event, CONTEXT) for event in events], NOON)
    assert not found.faults
    with world.records.transaction() as transaction:
        transaction.events.add(found.events)


def kinds(world: World) -> list[tuple[str, Kind]]:
    with world.records.reading() as transaction:
        return [(hint.serial, hint.kind) for hint in hints(transaction, NOON)]


def test_ordinary_scans_are_no_hint(world: World) -> None:
    scanned(world, ("", "VN-58", 0, 5), ("A", "VN-58", 3, 2), ("B", "", 9, 50))
    assert kinds(world) == []


def test_a_unit_in_two_places_at_once(world: World) -> None:
    scanned(world, ("A", "VN-58", 0, 1), ("A", "VN-HN", 5, 1), ("B", "VN-58", 0, 1))
    assert kinds(world) == [("A", Kind.FAR_PLACES)]


def test_one_that_is_scanned_little_is_found_among_many(world: World) -> None:
    scanned(world, *((f"X{n}", "VN-58", n, 3) for n in range(300)))
    scanned(world, ("A", "VN-58", 0, 1), ("A", "CN", 5, 1))
    assert kinds(world) == [("A", Kind.FAR_PLACES)]


def test_before_the_lot_was_shipped(world: World) -> None:
    captured(world, lots.shipped(Sent((RICE,)), HandOver(FARM, SHOP), when(60), Where(FARM)))
    scanned(world, ("A", "VN-58", 59, 1), ("B", "VN-58", 60, 1), ("", "VN-58", 1, 1))
    assert kinds(world) == [("A", Kind.BEFORE_SHIPPING)]


def test_a_shipping_declared_wrong_tells_nothing(world: World) -> None:
    shipped = lots.shipped(Sent((RICE,)), HandOver(FARM, SHOP), when(60), Where(FARM))
    wrong = lots.declare_wrong(shipped, NOON + 61 * MINUTE_MS, "incorrect_data")
    captured(world, shipped, wrong)
    scanned(world, ("A", "VN-58", 59, 1))
    assert kinds(world) == []


def test_after_the_serial_was_taken_back(world: World) -> None:
    captured(world, lots.decommissioned([Item(GTIN, SerialNumber("B"))], when(60), Where(SHOP)))
    scanned(world, ("A", "VN-58", 61, 1), ("B", "VN-58", 61, 1))
    assert kinds(world) == [("B", Kind.AFTER_USE)]


def test_after_somebody_took_the_lots_number_back(world: World) -> None:
    """No event of ours says so (CBV 2.0, 7.1 speaks of serials); a captured one may."""
    gone = {**lots.destroyed([RICE], when(60), Where(SHOP)), "bizStep": "decommissioning"}
    captured(world, named({name: value for name, value in gone.items() if name != "eventID"}))
    scanned(world, ("A", "VN-58", 59, 1), ("B", "VN-58", 61, 1))
    assert kinds(world) == [("B", Kind.AFTER_USE)]


def test_some_of_a_lot_destroyed_says_nothing_of_a_bag(world: World) -> None:
    captured(world, lots.destroyed([RICE], when(0), Where(SHOP)))
    scanned(world, ("B", "VN-58", 61, 1))
    assert kinds(world) == []


def test_far_too_often(world: World) -> None:
    scanned(world, *(("A", "", n, 3) for n in range(30)), ("", "", 99, 7_911))
    assert kinds(world) == [("", Kind.LOT_TOO_OFTEN), ("A", Kind.UNIT_TOO_OFTEN)]
