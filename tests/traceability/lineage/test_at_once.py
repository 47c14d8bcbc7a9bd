"""Many at once on PostgreSQL: they cannot all take the rest, nor one step twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from domain.diary import Entry, Work
from domain.errors import Refused
from domain.gs1 import LotNumber
from domain.ids import EntryId
from store.records import Records
from tests.builders import farm
from tests.services.postgres import Postgres
from tests.traceability.lineage.orchard import destroy, merge, ship, some, split, take
from tests.traceability.world import GTIN, HARVESTED, NOON, PLOT, STARTED, TODAY
from traceability.diary import write
from traceability.lineage.asked import Asked
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
