"""``nguon fsck`` over lots and steps: a weight changed in any one place is found."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import Refused
from domain.gs1 import Gln, LotNumber
from domain.ids import ProducerId
from domain.label import VoidReason
from domain.lineage import StepKind
from nguon.audit_events import events_in_log
from tests.traceability.lineage.orchard import (
    BUYER,
    CRATES,
    PACKED,
    destroy,
    opened,
    pack,
    plant,
    printed,
    receive,
    ship,
    some,
    split,
    take,
    transform,
    unpack,
)
from tests.traceability.world import GTIN, NOON, World
from traceability.dossier import require_lot
from traceability.lineage.steps import take_step
from traceability.lineage.telling import event_of
from traceability.log.append import record
from traceability.log.entry import EVENT
from traceability.taken_back import event_of as event_of_void
from traceability.taken_back import taken_back
from traceability.voiding import Why, void


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    plant(made)
    opened(made, 100.0, "A")
    with made.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 60.0), [some("B", 40.0), some("C", 20.0)]))
        take(transaction, transform("t-1", "packing", [some("B", 40.0)], [some("P", 38.0, PACKED)]))
        take(transaction, ship("x-1", some("P", 30.0, PACKED)))
        take(transaction, receive("r-1", some("P", 29.0, PACKED), "x-1"))
        take(transaction, destroy("d-1", some("C", 20.0)))
        take(transaction, pack("k-1", [some("A", 30.0)], CRATES[0]))
        take(transaction, unpack("k-2", CRATES[0], [some("A", 10.0)]))
    (bag,) = printed(made, "A", 1, 2.0)
    with made.records.transaction() as transaction:
        take(transaction, pack("k-3", [some("A", 2.0)], CRATES[1], [bag]))
    yield made
    made.close()


def found(world: World) -> list[str]:
    with world.records.reading() as transaction:
        return list(events_in_log(transaction))


def tampered(world: World, *statements: str) -> None:
    with world.records.transaction() as transaction:
        transaction.connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        for statement in statements:
            assert transaction.connection.execute(sa.text(statement)).rowcount > 0


def test_lots_steps_events_and_log_agree(world: World) -> None:
    assert found(world) == []
    with world.records.reading() as transaction:
        assert {step.kind for step in transaction.lineage.every()} == set(StepKind) - {"merge"}
        assert len(list(transaction.log.of_kind(EVENT))) == 9


def test_an_erased_name_breaks_nothing(world: World) -> None:
    tampered(
        world,
        "UPDATE step SET party_name = NULL WHERE id = 'x-1'",
        "DELETE FROM salt WHERE kind = 'party'",
    )
    assert found(world) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE lot SET kilograms = 101 WHERE number = 'A'", "event of lot/09520001000010/A is not the one"),
        ("UPDATE lot SET kilograms = 50 WHERE number = 'A'", "10 kg more left it than it had"),
        ("UPDATE lot SET expires = '2027-01-01' WHERE number = 'A'", "records were changed"),
        ("UPDATE lot SET made_by = NULL WHERE number = 'B'", "event of lot/09520001000010/B is not in the log"),
        ("UPDATE lot SET kilograms = 99 WHERE number = 'P'", "is not as it made it"),
        ("UPDATE step_lot SET kilograms = 19 WHERE lot = 'C' AND step = 'd-1'", "event of step/d-1 is not the one"),
        ("UPDATE step_lot SET kilograms = 41 WHERE lot = 'P' AND side = 'out'", "1 kg came of nothing"),
        ("UPDATE step_lot SET kilograms = 19 WHERE lot = 'C' AND side = 'out'", "1 kg were lost"),
        ("UPDATE step_lot SET kilograms = 31 WHERE step = 'r-1'", "more arrived than was shipped"),
        ("UPDATE step SET party = '9520001001031' WHERE id = 'x-1'", "event of step/x-1 is not the one"),
        ("UPDATE step SET at_ms = at_ms - 86400000 WHERE id = 's-1'", "event of step/s-1 is not the one"),
        ("UPDATE step_lot SET kilograms = 41 WHERE step = 'k-1'", "event of step/k-1 is not the one"),
        ("UPDATE step_lot SET kilograms = 51 WHERE step = 'k-1'", "more packed than it has"),
        ("UPDATE step_lot SET kilograms = 31 WHERE step = 'k-2'", "1 kg more of lot A came out"),
        ("UPDATE step_sscc SET sscc = '095213210000000018' WHERE step = 'k-2'", "event of step/k-2 is not the one"),
        ("DELETE FROM step_sscc WHERE step = 'k-1'", "step/k-1 cannot be made again"),
        ("DELETE FROM step_bag WHERE step = 'k-3'", "event of step/k-3 is not the one"),
        ("UPDATE serial SET kilograms = 1 WHERE number = 'A'", "event of step/k-3 is not the one"),
        ("UPDATE step SET kind = 'unpack' WHERE id = 'k-1'", "40 kg more of lot A came out"),
        ("DELETE FROM step_lot WHERE step = 's-1'", "step/s-1 cannot be made again"),
        ("UPDATE event SET event_id = 'x', hash_id = 'x' WHERE biz_step = 'destroying'", "step/d-1 is in the log and gone from the events"),
        ("UPDATE log_entry SET subject = 'step/other' WHERE subject = 'step/d-1'", "step/other is in the log and what it tells of is gone"),
        ("UPDATE log_entry SET subject = 'step/other' WHERE subject = 'step/d-1'", "step/d-1 is not in the log"),
        ("UPDATE log_entry SET entry = x'00' WHERE subject = 'step/d-1'", "gone from the events"),
    ],
)  # fmt: skip
def test_every_way_to_change_a_weight_is_named(world: World, statement: str, said: str) -> None:
    tampered(world, statement)
    assert any(said in line for line in found(world)), found(world)


def test_what_is_logged_of_nothing_is_named(world: World) -> None:
    with world.records.transaction() as transaction:
        record(transaction, EVENT, "step/ghost", {"event": "ni:///sha-256;0"}, 0)
    assert found(world) == [
        "the event of step/ghost is in the log and what it tells of is gone from the records"
    ]


def test_a_lot_from_before_events_were_logged_needs_none(world: World) -> None:
    tampered(
        world,
        "UPDATE lot SET opened_ms = 5 WHERE number = 'A'",
        "DELETE FROM log_entry WHERE subject = 'lot/09520001000010/A'",
    )
    assert found(world) == []


def test_a_number_that_is_given_later_changes_no_event_that_was_told(world: World) -> None:
    with world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-1"), Gln.parse("9520001002014"), 0)
    assert found(world) == [], "not even one that is dated back"
    with world.records.transaction() as transaction:
        take(transaction, ship("x-2", some("P", 5.0, PACKED)), NOON + 1)
        take(transaction, receive("r-2", some("P", 5.0, PACKED), "x-2"), NOON + 2)
        told = [event_of(transaction, step) for step in transaction.lineage.every()]
        again = take(transaction, ship("x-2", some("P", 5.0, PACKED)), NOON + 9)
    assert again.giver == "9520001002014"
    moved = [event for event in told if "sourceList" in event]
    sources = [one["sourceList"] for one in sorted(moved, key=lambda one: len(one["sourceList"]))]
    spot = {"type": "location", "source": "https://id.gs1.org/414/9520001001017"}
    party = {"type": "possessing_party", "source": "https://id.gs1.org/417/9520001002014"}
    assert sources == [[spot], [spot], [party, spot], [party, spot]]
    with world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-1"), Gln.parse("9520001002021"), NOON + 3)
        again = take(transaction, ship("x-2", some("P", 5.0, PACKED)), NOON + 9)
    assert again.giver == "9520001002014"
    assert found(world) == []


def test_where_the_office_ships_the_giver_is_who_holds_the_plot(world: World) -> None:
    with world.records.transaction() as transaction:
        transaction.gs1.give_gln(ProducerId("ho-1"), Gln.parse("9520001002014"), NOON)
        asked = ship("x-3", some("P", 2.0, PACKED))
        assert take_step(transaction, asked, "office", None, NOON + 1).giver == "9520001002014"
        elsewhere = replace(ship("x-4", some("P", 2.0, PACKED)), place=BUYER)
        assert take_step(transaction, elsewhere, "office", None, NOON + 2).giver is None
    assert found(world) == []


def test_a_void_serial_is_told_logged_and_held_to_the_records(world: World) -> None:
    with world.records.transaction() as transaction:
        lot = require_lot(transaction, GTIN, LotNumber("A"))
    bags = printed(world, "A", 3, 1.0)
    lost, torn = Why(VoidReason.LOST), Why(VoidReason.DESTROYED)
    with world.records.transaction() as transaction:
        void(transaction, lot, [bags[0][1], bags[1][1]], lost, "office", NOON)
        # In the same millisecond, another reason: an event of its own.
        void(transaction, lot, [bags[2][1]], torn, "office", NOON)
        first, second = taken_back(transaction, lot)
        assert set(first.serials) == {bags[0][1], bags[1][1]}
        assert second.at_ms == first.at_ms + 1
        (kept,) = transaction.events.named(event_of_void(transaction, first)["eventID"])
    told_of = json.loads(kept.body)
    assert (told_of["action"], told_of["bizStep"]) == ("DELETE", "decommissioning")
    assert found(world) == []
    with world.records.transaction() as transaction:
        transaction.connection.execute(
            sa.text("DELETE FROM voided WHERE serial = :s"), {"s": bags[0][1]}
        )
    (line,) = found(world)
    assert line.startswith(f"the event of {first.subject} is not the one that was logged")


def test_a_void_label_is_packed_no_more(world: World) -> None:
    with world.records.transaction() as transaction:
        lot = require_lot(transaction, GTIN, LotNumber("A"))
    (bag,) = printed(world, "A", 1, 1.0)
    with world.records.transaction() as transaction:
        void(transaction, lot, [bag[1]], Why(VoidReason.STOLEN), "office", NOON)
        with pytest.raises(Refused, match="is void") as caught:
            take(transaction, pack("p-void", [some("A", 1.0)], CRATES[0], [bag]))
    assert caught.value.rule == "packing"
