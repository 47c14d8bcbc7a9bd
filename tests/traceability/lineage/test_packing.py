"""Logistic units: what is packed is there and nowhere else, and bears the standing of its lots."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.gs1 import Gln, LotNumber, SerialNumber, Sscc
from domain.ids import StepId
from domain.lineage import Portion, StepKind
from domain.lot import LotState
from domain.window import DAY_MS
from nguon.audit_events import events_in_log
from store.records import Transaction
from tests.traceability.lineage.orchard import (
    BUYER,
    CRATES,
    PACKED,
    PREFIX,
    destroy,
    merge,
    opened,
    pack,
    plant,
    printed,
    receive,
    receive_units,
    ship,
    ship_units,
    some,
    split,
    take,
    transform,
    unpack,
)
from tests.traceability.world import GTIN, NOON, World
from traceability.dossier import require_lot
from traceability.lineage import asked as shapes
from traceability.lineage.asked import Asked
from traceability.lineage.graph import steps_of
from traceability.lineage.logistic import Whereabouts, seen_unit
from traceability.lineage.packing import inside, packed
from traceability.lineage.telling import event_of
from traceability.reach import impact
from traceability.standing import Ground, call_back, deny, settle

ONE, OTHER = CRATES[:2]
_numbers = itertools.count(1)
KEY = GTIN, LotNumber("A")


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh(f"packing{next(_numbers)}")
    made = World(tmp_path, url=url)
    plant(made)
    opened(made, 100.0, "A")
    opened(made, 50.0, "B")
    yield made
    made.close()


def done(world: World, *steps: Asked) -> None:
    with world.records.transaction() as transaction:
        for asked in steps:
            take(transaction, asked)


def refused(world: World, asked: Asked, now_ms: int = NOON) -> str:
    with pytest.raises(Refused) as caught, world.records.transaction() as transaction:
        take(transaction, asked, now_ms)
    return caught.value.rule


def held(transaction: Transaction, sscc: Sscc) -> dict[str, float]:
    unit = inside(transaction.lineage.naming(sscc))
    return {one.number: one.kilograms for one in unit.portions}


def test_what_is_packed_is_in_its_unit_and_of_its_lot(world: World) -> None:
    done(
        world,
        pack("p-1", [some("A", 60.0), some("B", 20.5)], ONE),
        pack("p-2", [some("A", 5.0)], ONE),
    )
    with world.records.reading() as transaction:
        assert held(transaction, ONE) == {"A": 65.0, "B": 20.5}
        assert packed(transaction, KEY) == 65_000
        told = event_of(transaction, transaction.lineage.every()[0])
        assert (told["type"], told["action"], told["bizStep"]) == (
            "AggregationEvent",
            "ADD",
            "packing",
        )
        assert told["parentID"] == f"https://id.gs1.org/00/{ONE}"
        assert [(one["epcClass"][-2:], one["quantity"]) for one in told["childQuantityList"]] == [
            ("/A", 60.0), ("/B", 20.5),
        ]  # fmt: skip
        assert list(events_in_log(transaction)) == []


@pytest.mark.parametrize("asked", [
    split("s-1", some("A", 41.0), [some("C", 20.5), some("D", 20.5)]), merge("m-1", [some("A", 41.0), some("B", 1.0)], some("C", 42.0)),
    transform("t-1", "packing", [some("A", 41.0)], [some("P", 40.0, PACKED)]), destroy("d-1", some("A", 40.001)), ship("x-1", some("A", 41.0)),
    pack("p-2", [some("A", 41.0)], OTHER), pack("p-3", [some("A", 41.0)], ONE),
], ids=lambda asked: asked.kind.value)  # fmt: skip
def test_what_is_packed_is_unpacked_before_anything_else(world: World, asked: Asked) -> None:
    done(world, pack("p-1", [some("A", 60.0)], ONE))
    assert refused(world, asked) == "packing"
    done(world, unpack("u-1", ONE, [some("A", 1.0)]))
    done(world, asked)


def test_more_than_there_is_is_not_packed(world: World) -> None:
    assert refused(world, pack("p-1", [some("A", 100.001)], ONE)) == "mass-balance"
    done(world, destroy("d-1", some("A", 60.0)))
    assert refused(world, pack("p-1", [some("A", 40.001)], ONE)) == "mass-balance"
    done(world, pack("p-1", [some("A", 40.0)], ONE))
    with world.records.reading() as transaction:
        assert packed(transaction, KEY) == 40_000


def test_what_comes_out_was_in_it(world: World) -> None:
    with (
        pytest.raises(NotFound, match="nothing was ever packed"),
        world.records.transaction() as transaction,
    ):
        take(transaction, unpack("u-0", ONE))
    done(world, pack("p-1", [some("A", 60.0)], ONE))
    assert refused(world, unpack("u-1", ONE, [some("A", 60.001)])) == "packing"
    assert refused(world, unpack("u-1", ONE, [some("B", 1.0)])) == "packing"
    done(world, unpack("u-1", ONE, [some("A", 20.0)]), unpack("u-2", ONE))
    assert refused(world, unpack("u-3", ONE)) == "packing"
    with world.records.reading() as transaction:
        assert held(transaction, ONE) == {}
        assert packed(transaction, KEY) == 0
        last = transaction.lineage.naming(ONE)[-1]
        assert [one.kilograms for one in last.inputs] == [40.0]
        told = event_of(transaction, last)
        assert (told["action"], told["bizStep"]) == ("DELETE", "unpacking")
    done(world, pack("p-2", [some("B", 1.0)], ONE))  # an empty unit that went nowhere is used again


def test_a_number_is_minted_once_for_a_step(world: World) -> None:
    done(world, pack("p-0", [some("B", 1.0)], Sscc.mint(PREFIX, 1)))
    with world.records.transaction() as transaction:
        first = take(transaction, pack("p-1", [some("A", 1.0)]))
        assert take(transaction, pack("p-1", [some("A", 1.0)])) == first
        second = take(transaction, pack("p-2", [some("A", 1.0)]))
    # The second one of the prefix was given by somebody: it is passed over.
    assert first.ssccs == (Sscc.mint(PREFIX, 0),)
    assert second.ssccs == (Sscc.mint(PREFIX, 2),)
    with pytest.raises(InvalidInput, match="no company prefix"):
        done(world, pack("p-3", [some("A", 1.0)], prefix=""))
    with pytest.raises(InvalidInput, match="4 to 12 digits"):
        done(world, pack("p-3", [some("A", 1.0)], prefix="12"))


def test_a_step_sent_twice_is_taken_once(world: World) -> None:
    steps = [
        pack("p-1", [some("A", 10.0)], ONE), pack("p-2", [some("A", 10.0)], OTHER), unpack("u-1", ONE, [some("A", 1.0)]),
        ship_units("x-1", ONE, OTHER), receive_units("r-1", "x-1", ONE), receive_units("r-2", "x-1", OTHER), unpack("u-2", ONE),
    ]  # fmt: skip
    with world.records.transaction() as transaction:
        taken = [take(transaction, asked) for asked in steps]
        # Again when all is done: what was in the units then is remembered, not looked up anew.
        assert [take(transaction, asked) for asked in steps] == taken
        assert len(transaction.lineage.every()) == len(steps)
    for other in (
        pack("p-1", [some("A", 11.0)], ONE), pack("p-1", [some("A", 10.0)], OTHER), unpack("u-1", OTHER, [some("A", 1.0)]),
        ship_units("x-1", ONE), receive_units("r-1", "x-1", OTHER), unpack("u-2", OTHER), replace(steps[0], place=BUYER),
        unpack("u-2", ONE, [some("A", 1.0)]),
    ):  # fmt: skip
        with pytest.raises(Clash), world.records.transaction() as transaction:
            take(transaction, other)


def test_a_unit_is_shipped_and_arrives_once_with_all_that_is_in_it(world: World) -> None:
    done(
        world,
        pack("p-1", [some("A", 60.0), some("B", 20.0)], ONE),
        pack("p-2", [some("A", 30.0)], OTHER),
    )
    done(world, ship_units("x-1", ONE, OTHER))
    with world.records.reading() as transaction:
        step = transaction.lineage.naming(ONE)[-1]
        assert {one.number: one.kilograms for one in step.inputs} == {"A": 90.0, "B": 20.0}
        told = event_of(transaction, step)
        assert told["epcList"] == [f"https://id.gs1.org/00/{one}" for one in (ONE, OTHER)]
        assert [one["quantity"] for one in told["quantityList"]] == [90.0, 20.0]
        assert sum(transaction.lineage.taken(KEY)) == 90.0
        assert packed(transaction, KEY) == 0
        assert seen_unit(transaction, ONE, NOON).whereabouts is Whereabouts.UNDER_WAY
    assert refused(world, ship_units("x-2", ONE)) == "packing"
    assert refused(world, pack("p-3", [some("A", 1.0)], ONE)) == "packing"
    assert refused(world, unpack("u-1", ONE)) == "packing"
    done(world, receive_units("r-1", "x-1", ONE))
    assert refused(world, receive_units("r-2", "x-1", ONE)) == "packing"
    with world.records.reading() as transaction:
        came = event_of(transaction, transaction.lineage.naming(ONE)[-1])
        assert came["epcList"] == [f"https://id.gs1.org/00/{ONE}"]
        assert came["bizLocation"] == {"id": f"https://id.gs1.org/414/{BUYER}"}
        assert seen_unit(transaction, ONE, NOON).whereabouts is Whereabouts.ARRIVED
    done(world, unpack("u-1", ONE))
    with world.records.reading() as transaction:
        out = transaction.lineage.naming(ONE)[-1]
        assert out.place == BUYER  # it was unpacked where it had arrived
        # What was sold comes back to no lot by being unpacked.
        assert sum(transaction.lineage.taken(KEY)) == 90.0
        assert list(events_in_log(transaction)) == []
    assert refused(world, pack("p-4", [some("A", 1.0)], ONE)) == "packing"


def test_what_arrives_loose_is_not_told_again_in_its_unit(world: World) -> None:
    done(world, pack("p-1", [some("A", 60.0)], ONE), ship_units("x-1", ONE))
    done(world, receive("r-1", some("A", 59.0), "x-1"))
    assert refused(world, receive_units("r-2", "x-1", ONE)) == "mass-balance"
    done(world, pack("p-2", [some("B", 5.0)], OTHER), ship_units("x-2", OTHER))
    assert refused(world, receive_units("r-3", "x-1", OTHER)) == "packing"


def test_an_empty_unit_goes_nowhere(world: World) -> None:
    done(world, pack("p-1", [some("A", 1.0)], ONE), unpack("u-1", ONE))
    assert refused(world, ship_units("x-1", ONE)) == "packing"
    done(world, pack("p-2", [some("A", 1.0)], OTHER))
    assert refused(world, ship_units("x-1", ONE, OTHER)) == "packing"


def test_units_with_serials_are_named_and_in_one_place(world: World) -> None:
    first, second, third = printed(world, "A", 3, 2.5)
    done(world, pack("p-1", [some("A", 6.0)], ONE, [first, second]))
    with world.records.reading() as transaction:
        told = event_of(transaction, transaction.lineage.every()[0])
        assert told["childEPCs"] == [
            f"https://id.gs1.org/01/{GTIN}/21/{bag[1]}" for bag in (first, second)
        ]
        assert [one["quantity"] for one in told["childQuantityList"]] == [1.0]
        assert set(seen_unit(transaction, ONE, NOON).bags) == {first, second}
    assert refused(world, pack("p-2", [some("A", 2.5)], OTHER, [first])) == "packing"
    assert refused(world, pack("p-2", [some("A", 2.4)], OTHER, [third])) == "packing"
    assert refused(world, pack("p-2", [some("B", 2.5)], OTHER, [third])) == "packing"
    assert (
        refused(world, pack("p-2", [some("A", 2.5)], OTHER, [(GTIN, SerialNumber("NONE"))]))
        == "packing"
    )
    assert refused(world, unpack("u-1", ONE, [some("A", 2.5)], [third])) == "packing"
    assert refused(world, unpack("u-1", ONE, [some("A", 1.001)])) == "packing"
    done(
        world,
        unpack("u-1", ONE, [some("A", 2.5)], [first]),
        pack("p-2", [some("A", 2.5)], OTHER, [first]),
    )
    with world.records.reading() as transaction:
        only = event_of(transaction, transaction.lineage.naming(OTHER)[0])
        assert "childQuantityList" not in only
        assert seen_unit(transaction, ONE, NOON).bags == (second,)
    done(world, unpack("u-2", ONE), ship_units("x-1", OTHER))
    with world.records.reading() as transaction:
        assert transaction.lineage.naming(ONE)[-1].bags == (second,)
        assert list(events_in_log(transaction)) == []
    assert refused(world, pack("p-3", [some("A", 2.5)], ONE, [first])) == "packing"


def test_a_recall_and_a_doubt_reach_the_unit(world: World) -> None:
    done(world, split("s-1", some("A", 50.0), [some("C", 50.0)]))
    done(world, pack("p-1", [some("C", 40.0), some("B", 20.0)], ONE), ship_units("x-1", ONE))
    with world.records.transaction() as transaction:
        whole = require_lot(transaction, *KEY)
        unit = seen_unit(transaction, ONE, NOON)
        assert unit.state is LotState.VALID
        assert {one.lot.number: one.kilograms for one in unit.contents} == {"B": 20.0, "C": 40.0}
        assert impact(transaction, whole, NOON).ssccs == (ONE,)
        deny(transaction, whole, "Không phải của tôi", "grower", NOON)
        assert states(transaction) == {"B": LotState.VALID, "C": LotState.DOUBTED}
        assert seen_unit(transaction, ONE, NOON).state is LotState.DOUBTED
        settle(transaction, whole, "Đã xác minh", "office", NOON + 1)
        assert seen_unit(transaction, ONE, NOON).state is LotState.VALID
        call_back(transaction, whole, "Dư lượng", "office", NOON + 2, Ground(2))
        assert states(transaction) == {"B": LotState.VALID, "C": LotState.RECALLED}
        assert seen_unit(transaction, ONE, NOON).state is LotState.RECALLED


def states(transaction: Transaction) -> dict[str, LotState]:
    return {one.lot.number: one.state for one in seen_unit(transaction, ONE, NOON).contents}


def test_what_is_recalled_is_not_packed_nor_shipped_but_taken_out(world: World) -> None:
    done(world, pack("p-1", [some("A", 40.0), some("B", 5.0)], ONE))
    with world.records.transaction() as transaction:
        call_back(
            transaction, require_lot(transaction, *KEY), "Dư lượng", "office", NOON, Ground(2)
        )
    assert refused(world, pack("p-2", [some("A", 1.0)], OTHER)) == "standing"
    assert refused(world, ship_units("x-1", ONE)) == "standing"
    done(
        world,
        unpack("u-1", ONE, [some("A", 40.0)]),
        destroy("d-1", some("A", 100.0)),
        ship_units("x-1", ONE),
    )
    with world.records.reading() as transaction:
        assert states(transaction) == {"B": LotState.VALID}
        assert impact(transaction, require_lot(transaction, *KEY), NOON).ssccs == ()


def test_past_its_date_it_is_packed_but_not_shipped(world: World) -> None:
    late = NOON + 60 * DAY_MS
    with world.records.transaction() as transaction:
        take(transaction, pack("p-1", [some("A", 1.0)], ONE), late)
        assert seen_unit(transaction, ONE, late).state is LotState.EXPIRED
    assert refused(world, ship_units("x-1", ONE), late) == "standing"


def test_time_orders_what_was_done_with_a_unit(world: World) -> None:
    steps = [
        pack("p-1", [some("A", 1.0)], ONE),
        unpack("u-1", ONE),
        pack("p-2", [some("A", 1.0)], ONE),
    ]
    done(
        world, *steps, ship_units("x-1", ONE), receive_units("r-1", "x-1", ONE), unpack("u-2", ONE)
    )
    with world.records.reading() as transaction:
        named = transaction.lineage.naming(ONE)
        assert [step.id for step in named] == ["p-1", "u-1", "p-2", "x-1", "r-1", "u-2"]
        assert len({step.at_ms for step in named}) == len(named)
        lot = require_lot(transaction, *KEY)
        assert [step.kind for step in steps_of(transaction, lot)][:2] == [
            StepKind.PACK,
            StepKind.UNPACK,
        ]


NOTHING = Asked(StepId("z-1"), StepKind.UNPACK, (), ssccs=())
BAG = (GTIN, SerialNumber("1"))


@pytest.mark.parametrize(("asked", "field"), [
    (NOTHING, "sscc"), (replace(unpack("z-1", ONE), ssccs=(ONE, OTHER)), "sscc"), (replace(pack("z-1", [some("A", 1.0)], ONE), ssccs=(ONE, OTHER)), "sscc"),
    (pack("z-1", [], ONE), "inputs"), (replace(ship_units("z-1", ONE), inputs=(some("A", 1.0),)), "sscc"), (ship_units("z-1"), "inputs"), (ship_units("z-1", ONE, ONE), "sscc"),
    (replace(split("z-1", some("A", 1.0), [some("C", 1.0)]), ssccs=(ONE,)), "sscc"), (replace(destroy("z-1", some("A", 1.0)), ssccs=(ONE,)), "sscc"),
    (replace(unpack("z-1", ONE), bags=(BAG,)), "serials"), (pack("z-1", [some("A", 1.0)], ONE, [BAG, BAG]), "serials"), (replace(destroy("z-1", some("A", 1.0)), bags=(BAG,)), "serials"),
    (replace(pack("z-1", [some("A", 1.0)], ONE), outputs=(some("C", 1.0),)), "outputs"), (pack("z-1", [some("A", 0.0005)], ONE), "kilograms"),
    (pack("z-1", [some("A", 1.0), some("A", 1.0)], ONE), "number"), (pack("z-1", [Portion(GTIN, LotNumber("A"), 1.0, 0.3)], ONE), "dry_rubber"),
    (replace(pack("z-1", [some("A", 1.0)], ONE), party=shapes.Party(Gln(BUYER))), "party"), (replace(receive_units("z-1", "x-1", ONE), place=None), "place"),
    (pack("z-1", [some("A", 1.0)], ONE, [(GTIN, SerialNumber(str(n))) for n in range(shapes.MOST_BAGS + 1)]), "serials"),
])  # fmt: skip
def test_what_is_no_packing(world: World, asked: Asked, field: str) -> None:
    with pytest.raises(InvalidInput) as caught, world.records.transaction() as transaction:
        take(transaction, asked)
    assert caught.value.field == field
