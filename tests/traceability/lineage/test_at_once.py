"""Many at once on PostgreSQL: they cannot all take the rest, nor one step twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from domain.diary import Entry, Work
from domain.errors import Refused
from domain.gs1 import LotNumber, Sscc
from domain.ids import EntryId
from store.records import Records
from tests.builders import farm
from tests.services.postgres import Postgres
from tests.traceability.lineage.orchard import (
    CRATES,
    destroy,
    merge,
    pack,
    ship,
    ship_units,
    some,
    split,
    take,
    unpack,
)
from tests.traceability.world import GTIN, HARVESTED, NOON, PLOT, STARTED, TODAY
from traceability.diary import write
from traceability.lineage.asked import Asked
from traceability.lineage.balance import imbalances
from traceability.lineage.weights import left
from traceability.lots import LotRequest, open_lot

AT_ONCE = 6


@pytest.fixture(scope="module")
def records(postgres: Postgres) -> Iterator[Records]:
    made = Records(postgres.fresh("lineage"))
    made.migrate()
    farm(made, "", STARTED)
    yield made
    made.close()


def opened(records: Records, kilograms: float, *numbers: str) -> None:
    with records.transaction() as transaction:
        for number in numbers:
            name = EntryId(f"thu-{number.lower()}")
            entry = Entry(name, PLOT, Work.HARVEST, HARVESTED, "grower", kilograms, "kg", None, "",
                          NOON)  # fmt: skip
            write(transaction, entry, TODAY)
            open_lot(transaction, LotRequest(GTIN, LotNumber(number), name, kilograms), NOON)


def all_at_once(records: Records, steps: list[Asked]) -> list[str]:
    """Take steps in transactions that begin together; return what became of each."""
    together = Barrier(len(steps))

    def one(asked: Asked) -> str:
        together.wait(10)
        try:
            with records.transaction() as transaction:
                take(transaction, asked)
        except Refused as error:
            return error.rule
        return "taken"

    with ThreadPoolExecutor(len(steps)) as pool:
        return sorted(pool.map(one, steps))


def rest(records: Records, number: str) -> int:
    with records.reading() as transaction:
        key = GTIN, LotNumber(number)
        lot = transaction.lots.find(*key)
        assert lot is not None
        return left(lot.kilograms, transaction.lineage.taken(key))


def test_the_rest_of_a_lot_is_taken_once(records: Records) -> None:
    opened(records, 100.0, "A")
    steps = [destroy("d-1", some("A", 60.0)), ship("x-1", some("A", 60.0))]
    steps += [split(f"s-{i}", some("A", 60.0), [some(f"A{i}", 60.0)]) for i in range(AT_ONCE - 2)]
    assert all_at_once(records, steps) == ["mass-balance"] * (AT_ONCE - 1) + ["taken"]
    assert rest(records, "A") == 40_000


def test_one_step_sent_by_many_is_taken_once(records: Records) -> None:
    opened(records, 100.0, "B")
    steps = [ship("x-2", some("B", 30.0))] * AT_ONCE
    assert all_at_once(records, steps) == ["taken"] * AT_ONCE
    assert rest(records, "B") == 70_000


def test_lots_joined_in_any_order_do_not_wait_for_each_other_for_ever(records: Records) -> None:
    opened(records, 100.0, "C", "D")
    forth, back = [some("C", 10.0), some("D", 10.0)], [some("D", 10.0), some("C", 10.0)]
    steps = [merge(f"m-{i}", forth if i % 2 else back, some(f"M{i}", 20.0)) for i in range(AT_ONCE)]
    assert all_at_once(records, steps) == ["taken"] * AT_ONCE
    assert (rest(records, "C"), rest(records, "D")) == (40_000, 40_000)


def test_what_is_packed_is_packed_once(records: Records) -> None:
    opened(records, 100.0, "E")
    steps: list[Asked] = [pack(f"p-{i}", [some("E", 60.0)], CRATES[i % 2]) for i in range(3)]
    steps += [
        destroy("d-9", some("E", 60.0)),
        ship("x-9", some("E", 60.0)),
        pack("p-9", [some("E", 60.0)]),
    ]
    told = all_at_once(records, steps)
    assert told.count("taken") == 1
    assert set(told) <= {"taken", "mass-balance", "packing"}


def test_numbers_minted_at_once_are_all_different(records: Records) -> None:
    opened(records, 100.0, *(f"F{i}" for i in range(AT_ONCE)))
    steps = [pack(f"q-{i}", [some(f"F{i}", 1.0)], prefix="9521322") for i in range(AT_ONCE)]
    assert all_at_once(records, steps) == ["taken"] * AT_ONCE
    with records.reading() as transaction:
        minted = {step.ssccs for step in transaction.lineage.every() if step.id.startswith("q-")}
    assert len(minted) == AT_ONCE


def test_one_packing_sent_by_many_is_taken_once(records: Records) -> None:
    opened(records, 100.0, "G")
    assert (
        all_at_once(records, [pack("g-1", [some("G", 5.0)], prefix="9521323")] * AT_ONCE)
        == ["taken"] * AT_ONCE
    )
    with records.reading() as transaction:
        (step,) = (each for each in transaction.lineage.every() if each.id == "g-1")
    assert all_at_once(records, [unpack("g-2", step.ssccs[0])] * AT_ONCE) == ["taken"] * AT_ONCE


def test_units_are_shipped_and_emptied_by_one_of_many(records: Records) -> None:
    opened(records, 100.0, "H", "I")
    one, other = Sscc.mint("9521324", 1), Sscc.mint("9521324", 2)
    with records.transaction() as transaction:
        take(transaction, pack("h-1", [some("H", 9.0), some("I", 9.0)], one))
        take(transaction, pack("h-2", [some("I", 9.0), some("H", 9.0)], other))
    steps = [ship_units("h-3", one, other), ship_units("h-4", other, one), unpack("h-5", one)]
    steps += [
        unpack("h-6", other),
        unpack("h-7", one, [some("H", 9.0)]),
        pack("h-8", [some("I", 9.0)], one),
    ]
    told = all_at_once(records, steps)
    assert set(told) <= {"taken", "packing"}
    with records.reading() as transaction:
        assert list(imbalances(transaction)) == []
