"""The rules a lot must keep; each refusal names its rule."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.diary import Entry, PermittedProduct
from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId, ProducerId, SeriesId
from domain.lot import Product
from domain.plot import Holding
from domain.reading import Frame, StoredReading
from domain.window import Window, days_window
from field.diary import waitings
from store.judged import as_known
from store.records import tables as t
from tests.builders import ZONE, delivery, reading
from tests.traceability.world import GTIN, HARVESTED, NOON, PLOT, STARTED, TODAY, World
from traceability.canonical import to_bytes
from traceability.dossier import compile_document, dossier
from traceability.envelope import Envelope
from traceability.log.entry import EVENT, decode
from traceability.lots import LotRequest, open_lot
from traceability.passport import issue


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def refused(world: World, request: LotRequest) -> str:
    with pytest.raises(Refused) as caught, world.records.transaction() as transaction:
        open_lot(transaction, request, NOON)
    return caught.value.rule


REQUEST = LotRequest(GTIN, LotNumber("LO-1"), EntryId("thu-hoach"), 400.0)


def test_a_lot_takes_its_days_from_the_harvest(world: World) -> None:
    world.harvest()
    with world.records.transaction() as transaction:
        lot = world.open(transaction)
    assert (lot.harvested, lot.expires) == (HARVESTED, HARVESTED + timedelta(days=10))


def test_lots_together_never_weigh_more_than_the_harvest(world: World) -> None:
    world.harvest(420.0)
    with world.records.transaction() as transaction:
        world.open(transaction, 400.0)
        world.open(transaction, 20.0, "LO-2")
    assert (
        refused(world, replace(REQUEST, number=LotNumber("LO-3"), kilograms=0.1)) == "mass-balance"
    )


@pytest.mark.parametrize("kilograms", [0.0, -1.0, 1e-9, float("nan"), float("inf")])
def test_a_lot_weighs_something(world: World, kilograms: float) -> None:
    world.harvest()
    with pytest.raises(InvalidInput), world.records.transaction() as transaction:
        open_lot(transaction, replace(REQUEST, kilograms=kilograms), NOON)


@pytest.mark.parametrize(
    ("days_before", "allowed"), [(0, False), (6, False), (7, True), (30, True)]
)
def test_the_waiting_period_is_kept(world: World, days_before: int, allowed: bool) -> None:
    world.spray(HARVESTED - timedelta(days=days_before))
    world.harvest()
    if allowed:
        with world.records.transaction() as transaction:
            open_lot(transaction, REQUEST, NOON)
    else:
        assert refused(world, REQUEST) == "pre-harvest-interval"


def test_the_list_of_the_day_of_spraying_decides_and_not_todays(world: World) -> None:
    sprayed = HARVESTED - timedelta(days=5)
    with world.records.transaction() as transaction:
        short, long = sprayed - timedelta(days=300), HARVESTED
        listed = PermittedProduct("dated", "Thuốc có hạn", 3, short, long, "danh mục cũ")
        transaction.diary.add_permitted(listed)
        later = replace(
            listed, waiting_days=30, valid_from=long, valid_to=None, source="danh mục mới"
        )
        transaction.diary.add_permitted(later)
    world.spray(sprayed, product="dated")
    world.harvest()
    with world.records.transaction() as transaction:
        open_lot(transaction, REQUEST, NOON)


def test_a_product_off_the_list_cannot_be_written_down_as_sprayed(world: World) -> None:
    with pytest.raises(Refused) as caught:
        world.spray(HARVESTED, product="ddt")
    assert caught.value.rule == "permitted-products"


def test_waiting_periods_that_run_are_told_longest_first(world: World) -> None:
    world.spray(TODAY - timedelta(days=5), "a")
    world.spray(TODAY - timedelta(days=1), "b")
    with world.records.reading() as transaction:
        found = waitings(transaction, PLOT, TODAY)
    assert [w.free_from for w in found] == [TODAY + timedelta(days=6), TODAY + timedelta(days=2)]


def test_a_harvest_outside_any_season_opens_nothing(world: World) -> None:
    world.harvest(day=STARTED - timedelta(days=1))
    assert refused(world, REQUEST) == "season"


def test_only_the_growers_own_product_of_that_crop(world: World) -> None:
    world.harvest()
    other = Gtin.parse("09520001000027")
    with world.records.transaction() as transaction:
        product = Product(other, "cucumber", ProducerId("ho-2"), "Khác", "Other", 10)
        transaction.lots.add_product(product)
    assert refused(world, replace(REQUEST, gtin=other)) == "product"


def test_only_a_harvest_becomes_a_lot(world: World) -> None:
    world.spray(HARVESTED - timedelta(days=20))
    assert refused(world, replace(REQUEST, harvest=EntryId("phun"))) == "harvest"


def test_a_number_is_used_once_and_a_harvest_must_be_there(world: World) -> None:
    world.harvest()
    with world.records.transaction() as transaction:
        lot = open_lot(transaction, REQUEST, NOON)
    with world.records.transaction() as transaction:
        assert open_lot(transaction, REQUEST, NOON + 9) == lot
    with pytest.raises(Clash), world.records.transaction() as transaction:
        open_lot(transaction, replace(REQUEST, kilograms=1.0), NOON)
    with pytest.raises(NotFound), world.records.transaction() as transaction:
        unknown = replace(REQUEST, harvest=EntryId("khong-co"), number=LotNumber("LO-9"))
        open_lot(transaction, unknown, NOON)


@pytest.mark.parametrize("number", ["2026/001", "..", ".", "A?B", "A%41", "-A"])
def test_a_number_that_a_path_reads_in_two_ways_is_refused(world: World, number: str) -> None:
    world.harvest()
    with pytest.raises(InvalidInput) as caught, world.records.transaction() as transaction:
        open_lot(transaction, replace(REQUEST, number=LotNumber(number)), NOON)
    assert caught.value.field == "number"


def test_a_spraying_written_down_afterwards_stops_the_passport(world: World) -> None:
    world.measure()
    world.harvest()
    with world.records.transaction() as transaction:
        lot = open_lot(transaction, REQUEST, NOON)
    world.spray(HARVESTED)
    with pytest.raises(Refused) as caught:
        issue(world.issuer, lot, NOON)
    assert caught.value.rule == "pre-harvest-interval"


def test_nobody_waits_for_the_readings_of_a_passport(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A diary entry is written while they are gathered; the passport then says: again."""
    world.measure()
    world.harvest()
    with world.records.transaction() as transaction:
        lot = open_lot(transaction, REQUEST, NOON)
    written: list[Entry] = []

    def read(series: SeriesId, window: Window) -> Iterator[StoredReading]:
        if not written:
            written.append(world.harvest(3.0, name="meanwhile"))
        yield from there(series, window)

    there = world.series.read
    monkeypatch.setattr(world.series, "read", read)
    with pytest.raises(Clash):
        issue(world.issuer, lot, NOON)
    with world.records.reading() as transaction:
        assert transaction.lots.passports() == []
    issue(world.issuer, lot, NOON)


def test_a_passport_holds_what_was_committed_when_it_was_issued(world: World) -> None:
    """And not a reading more, or who recomputes it later finds another number."""
    world.measure()
    world.harvest()
    with world.records.transaction() as transaction:
        lot = open_lot(transaction, REQUEST, NOON)
    first = issue(world.issuer, lot, NOON)
    time_ms = days_window(HARVESTED, HARVESTED, ZONE).start_ms + 1
    world.series.append([delivery(Frame(9, 9, (reading(1, time_ms, 33.0),)))], NOON + 1)
    with world.records.reading() as transaction:
        gathered = dossier(transaction, lot, "Kiểm thử", NOON)
    said = json.loads(Envelope.decode(first.envelope).payload)
    bound = {name: said[name] for name in ("device_days", "log")}
    again = compile_document(gathered, as_known(world.series.read, NOON), bound)
    assert to_bytes(again) == Envelope.decode(first.envelope).payload
    assert to_bytes(compile_document(gathered, world.series.read, bound)) != to_bytes(again)


def test_a_product_that_left_the_list_afterwards_is_told_and_opens_nothing(world: World) -> None:
    world.spray(HARVESTED - timedelta(days=30))
    world.harvest()
    with world.records.transaction() as transaction:
        ended = t.permitted_product.update().values(valid_to=STARTED - timedelta(days=60))
        transaction.connection.execute(ended)
    with world.records.reading() as transaction:
        (waiting,) = waitings(transaction, PLOT, HARVESTED)
    assert waiting.product is None
    assert refused(world, REQUEST) == "permitted-products"


def held(world: World, producer: str, first: date, last: date | None) -> None:
    with world.records.transaction() as transaction:
        by = Holding(PLOT, ProducerId(producer), first, last, "giấy chứng nhận mẫu")
        transaction.places.add_holding(by)


def test_nobody_opens_a_lot_on_a_plot_that_nobody_held(world: World) -> None:
    world.harvest()
    held(world, "ho-1", HARVESTED + timedelta(days=1), None)
    assert refused(world, REQUEST) == "holder"


@pytest.mark.parametrize("last", [HARVESTED + timedelta(days=1), None])
def test_who_held_the_plot_on_the_day_of_harvest_decides(world: World, last: date | None) -> None:
    world.harvest()
    held(world, "ho-1", STARTED, last)
    with world.records.transaction() as transaction:
        open_lot(transaction, REQUEST, NOON)


def test_a_plot_that_was_handed_on_is_the_new_holders(world: World) -> None:
    world.harvest()
    held(world, "ho-1", STARTED, HARVESTED)
    assert refused(world, REQUEST) == "holder"  # the last day is out
    held(world, "ho-2", HARVESTED, None)
    assert refused(world, REQUEST) == "product"  # it is still the product of who gave it away


@pytest.mark.parametrize("more", [0.001, 0.0011])
def test_not_even_a_gram_beyond_the_harvest(world: World, more: float) -> None:
    world.harvest(400.0)
    assert refused(world, replace(REQUEST, kilograms=400.0 + more)) == "mass-balance"


def test_opening_a_lot_is_an_event_in_the_log(world: World) -> None:
    world.harvest()
    with world.records.transaction() as transaction:
        lot = open_lot(transaction, REQUEST, NOON)
        open_lot(transaction, REQUEST, NOON + 5)
        (entry,) = transaction.log.of_kind(EVENT)
        (event,) = transaction.events.named(decode(entry.entry).body["event"])
    told = json.loads(event.body)
    assert (told["bizStep"], told["action"]) == ("commissioning", "ADD")
    assert told["quantityList"][0]["quantity"] == lot.kilograms
    assert told["ilmd"]["cbvmda:countryOfOrigin"] == "VN"
