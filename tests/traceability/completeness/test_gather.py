"""The dossier of a lot, from real records."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.lot import Lot
from store.records import tables as t
from tests.traceability.world import HARVESTED, NOON, TODAY, World
from traceability.completeness.check import Report, Status, check
from traceability.completeness.dossier import Dossier, Fact
from traceability.completeness.gather import dossier_of
from traceability.completeness.regimes import regime
from traceability.units import draw, spend


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lot(world: World) -> Lot:
    world.spray(HARVESTED - timedelta(days=8))
    world.harvest()
    with world.records.transaction() as transaction:
        return world.open(transaction)


def report_of(world: World, lot: Lot) -> Report:
    with world.records.reading() as transaction:
        return check(dossier_of(transaction, lot, TODAY), regime("tt02", TODAY), TODAY)


def test_what_the_records_hold_is_present_and_what_they_cannot_hold_is_missing(
    world: World, lot: Lot
) -> None:
    report = report_of(world, lot)
    missing = {row.item.name for row in report.rows if row.status is Status.MISSING}
    assert missing == {"product-image", "brand", "standards"}
    assert not report.complete
    shown = {row.item.name: [one.shown for one in row.evidence] for row in report.rows}
    assert shown["product-name"] == ["Dưa leo"]
    assert shown["producer-address"] == ["Xã mẫu"]
    assert shown["trace-code"] == ["(01)09520001000010(416)9520001001017(10)LO-1(7007)261120"]
    # The spraying before the season began is no stage of this lot.
    assert shown["stages"] == ["Thu hoạch: 09520001000010 9520001001017 2026-11-20"]


def test_a_commune_that_was_merged_is_an_address_past_its_date(world: World, lot: Lot) -> None:
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.area.update().values(valid_to=TODAY))
    rows = {row.item.name: row.status for row in report_of(world, lot).rows}
    assert rows["producer-address"] is Status.EXPIRED
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.area.delete())
    rows = {row.item.name: row.status for row in report_of(world, lot).rows}
    assert rows["producer-address"] is Status.MISSING


def test_serials_of_units_are_what_the_circular_names_beside_a_brand(
    world: World, lot: Lot
) -> None:
    with world.records.transaction() as transaction:
        spend(transaction, lot, draw(30), 0.5, NOON)
    row = next(row for row in report_of(world, lot).rows if row.item.name == "brand")
    assert (row.status, row.evidence[0].shown) == (Status.PRESENT, "30 số sê-ri")


def test_nothing_personal_is_gathered(world: World, lot: Lot) -> None:
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.producer.update().values(phone="0900000000"))
        known: Dossier = dossier_of(transaction, lot, TODAY)
    assert isinstance(known.producer_name, Fact)
    assert "0900000000" not in repr(known)
