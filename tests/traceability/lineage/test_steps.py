"""Steps between lots: what is refused, and by which rule; what is inherited; told once."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.gs1 import Gtin, LotNumber
from domain.ids import ProducerId, StepId
from domain.lot import Lot, LotState, Product
from domain.window import DAY_MS
from store.records import Transaction
from tests.traceability.lineage.orchard import (
    BUYER,
    DRY,
    EARLIER,
    FAR_GROVE,
    GLNS,
    GROVE,
    LATEX,
    PACKED,
    destroy,
    merge,
    opened,
    plant,
    receive,
    ship,
    some,
    split,
    take,
    transform,
)
from tests.traceability.world import GTIN, HARVESTED, NOON, TODAY, World
from traceability.credential.issuing import issue_status_list
from traceability.dossier import link_of, require_lot
from traceability.envelope import MADE_OF_TYPE, PAYLOAD_TYPE, Envelope
from traceability.lineage.asked import Asked, Party
from traceability.lineage.graph import downstream, graph, key_of, origins, upstream
from traceability.lineage.reading import seen
from traceability.lineage.steps import take_step
from traceability.lineage.weights import floor_grams, grams, left
from traceability.lineage.yields import process_on, processes
from traceability.log.entry import EVENT, decode
from traceability.passport import issue
from traceability.reach import impact
from traceability.standing import Ground, call_back, doubts, settle, standing, standings
from traceability.units import draw, spend


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    plant(made)
    yield made
    made.close()


def lot(transaction: Transaction, number: str, gtin: Gtin = GTIN) -> Lot:
    return require_lot(transaction, gtin, LotNumber(number))


def rest(transaction: Transaction, number: str, gtin: Gtin = GTIN) -> int:
    found = lot(transaction, number, gtin)
    return left(found.kilograms, transaction.lineage.taken(key_of(found)))


def refused(world: World, asked: Asked, now_ms: int = NOON) -> str:
    with pytest.raises(Refused) as caught, world.records.transaction() as transaction:
        take(transaction, asked, now_ms)
    return caught.value.rule


def test_a_split_takes_what_its_parts_weigh(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        step = take(transaction, split("s-1", some("A", 70.0), [some("B", 30.5), some("C", 39.5)]))
        assert rest(transaction, "A") == 30_000
        assert rest(transaction, "C") == 39_500
        part, whole = lot(transaction, "B"), lot(transaction, "A")
        assert part.made_by == step.id
        assert (part.plot, part.season, part.harvest) == (whole.plot, whole.season, whole.harvest)
        assert (part.harvested, part.expires) == (whole.harvested, whole.expires)
        assert transaction.lots.by_short_number(transaction.lots.short_number(part)) == part
        assert link_of(transaction, part).gln == link_of(transaction, whole).gln is not None


def test_a_recall_weighs_what_there_is_once(world: World) -> None:
    """Parts are weighed under their own numbers, what was destroyed no more."""
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 70.0), [some("B", 30.5), some("C", 39.5)]))
        take(transaction, destroy("d-1", some("A", 10.0)))
        reached = impact(transaction, lot(transaction, "A"), NOON)
        assert (len(reached.lots), reached.kilograms) == (3, 90.0)


def test_parts_are_not_taken_from_the_harvest_again(world: World) -> None:
    whole = opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 70.0), [some("B", 30.0), some("C", 40.0)]))
        assert transaction.lots.taken_from(whole.harvest) == 100.0


def test_nothing_leaves_a_lot_that_was_not_in_it(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, destroy("d-1", some("A", 60.0)))
    over = some("A", 40.001)
    assert refused(world, destroy("d-2", over)) == "mass-balance"
    assert refused(world, ship("x-1", over)) == "mass-balance"
    assert refused(world, split("s-1", over, [some("B", 40.001)])) == "mass-balance"
    made = some("P", 1.0, PACKED)
    assert refused(world, transform("t-1", "packing", [over], [made])) == "mass-balance"
    with world.records.transaction() as transaction:
        take(transaction, destroy("d-3", some("A", 40.0)))
        assert rest(transaction, "A") == 0


@pytest.mark.parametrize("parts", [(30.0, 39.999), (30.0, 40.001)])
def test_dividing_neither_gains_nor_loses(world: World, parts: tuple[float, float]) -> None:
    opened(world, 100.0, "A")
    asked = split("s-1", some("A", 70.0), [some("B", parts[0]), some("C", parts[1])])
    assert refused(world, asked) == "mass-balance"


def test_a_merged_lot_is_as_old_as_its_oldest_part(world: World) -> None:
    opened(world, 100.0, "A")
    opened(world, 20.0, "B", day=EARLIER)
    with world.records.transaction() as transaction:
        take(transaction, merge("m-1", [some("A", 50.0), some("B", 20.0)], some("M", 70.0)))
        made = lot(transaction, "M")
        assert (made.harvested, made.expires) == (EARLIER, EARLIER + timedelta(days=10))
        assert made.harvest == lot(transaction, "A").harvest  # where most of it came from
        assert [one.number for one in origins(transaction, made)] == ["A", "B"]


def test_merging_and_splitting_keep_to_one_product(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, transform("t-1", "packing", [some("A", 10.0)], [some("P", 9.0, PACKED)]))
    asked = merge("m-1", [some("A", 1.0), some("P", 1.0, PACKED)], some("M", 2.0))
    assert refused(world, asked) == "product"
    assert refused(world, split("s-1", some("A", 1.0), [some("Q", 1.0, PACKED)])) == "product"


@pytest.mark.parametrize(("share", "most"), [(0.352, 35.2), (None, 20.0), (0.6, 60.0)])
def test_latex_gives_no_more_than_its_dry_rubber(
    world: World, share: float | None, most: float
) -> None:
    opened(world, 100.0, "MU-1", LATEX)
    latex = some("MU-1", 100.0, LATEX, share)
    over = transform("t-1", "latex-to-dry", [latex], [some("K", most + 0.001, DRY)])
    assert refused(world, over) == "yield"
    with world.records.transaction() as transaction:
        take(transaction, replace(over, outputs=(some("K", most, DRY),)))
        made = lot(transaction, "K", DRY)
        # Dry rubber keeps as long as dry rubber does, from the day of tapping.
        assert made.expires == HARVESTED + timedelta(days=700)


@pytest.mark.parametrize("share", [0.19, 0.61, 35.2, -0.3, float("nan"), float("inf")])
def test_no_latex_has_such_a_dry_rubber_content(world: World, share: float) -> None:
    opened(world, 100.0, "MU-1", LATEX)
    asked = transform(
        "t-1", "latex-to-dry", [some("MU-1", 100.0, LATEX, share)], [some("K", 1.0, DRY)]
    )
    assert refused(world, asked) == "dry-rubber-content"


def test_processes_are_for_their_crops_and_days(world: World) -> None:
    opened(world, 100.0, "A")
    asked = transform("t-1", "latex-to-dry", [some("A", 10.0)], [some("P", 1.0, PACKED)])
    assert refused(world, asked) == "process"
    with pytest.raises(InvalidInput, match="no process 'magic'"):
        process_on("magic", TODAY)
    with pytest.raises(InvalidInput, match="1999-12-31"):
        process_on("packing", date(1999, 12, 31))
    assert all(row.source and 0 <= row.lowest < row.highest <= 1 for row in processes())


def test_packing_loses_or_keeps_and_never_gains(world: World) -> None:
    opened(world, 100.0, "A")
    asked = transform("t-1", "packing", [some("A", 100.0)], [some("P", 100.001, PACKED)])
    assert refused(world, asked) == "yield"
    with world.records.transaction() as transaction:
        take(transaction, replace(asked, outputs=(some("P", 88.0, PACKED),)))
        # A packed cucumber may keep 12 days; these keep no longer than what they are.
        assert lot(transaction, "P", PACKED).expires == HARVESTED + timedelta(days=10)


def test_a_product_of_another_crop_or_grower_does_not_come_of_it(world: World) -> None:
    opened(world, 100.0, "A")
    asked = transform("t-1", "packing", [some("A", 10.0)], [some("K", 1.0, DRY)])
    assert refused(world, asked) == "product"
    other = Gtin.parse("09520001000027")
    with world.records.transaction() as transaction:
        named = Product(other, "cucumber", ProducerId("ho-2"), "Dưa khác", "Other", 5)
        transaction.lots.add_product(named)
    asked = replace(asked, outputs=(some("K", 1.0, other),))
    assert refused(world, asked) == "product"
    with world.records.transaction() as transaction:  # the office may, for a cooperative
        take_step(transaction, asked, "office", None, NOON)


def test_what_is_recalled_or_doubted_goes_nowhere(world: World) -> None:
    whole = opened(world, 100.0, "A")
    parts = [some("B", 30.0), some("C", 40.0)]
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 70.0), parts))
        mixed = [some("B", 10.0), some("C", 10.0)]
        take(transaction, merge("m-1", mixed, some("M", 20.0)))
        assert standing(transaction, lot(transaction, "M"), TODAY) is LotState.VALID
    world.spray(HARVESTED)
    with world.records.transaction() as transaction:
        assert standing(transaction, lot(transaction, "M"), TODAY) is LotState.DOUBTED
        assert len(doubts(transaction, lot(transaction, "M"))) == 1  # told once, on two ways
        only = [lot(transaction, "M")]
        assert list(standings(transaction, only, TODAY).values()) == [LotState.DOUBTED]
    assert refused(world, ship("x-1", some("M", 1.0))) == "standing"
    with world.records.transaction() as transaction:
        settle(transaction, lot(transaction, "B"), "đã kiểm tra", "office", NOON + 1)
        assert standing(transaction, lot(transaction, "B"), TODAY) is LotState.VALID
        assert standing(transaction, lot(transaction, "M"), TODAY) is LotState.DOUBTED  # by C
        settle(transaction, whole, "đã kiểm tra", "office", NOON + 1)
        assert standing(transaction, lot(transaction, "M"), TODAY) is LotState.VALID
        call_back(transaction, lot(transaction, "C"), "dư lượng", "office", NOON + 2, Ground(1))
        states = {n: standing(transaction, lot(transaction, n), TODAY) for n in "ABCM"}
        asked = standings(transaction, [lot(transaction, n) for n in "MABC"], TODAY)
        assert {number: state for (_, number), state in asked.items()} == states
    assert states == {
        "A": LotState.VALID,
        "B": LotState.VALID,
        "C": LotState.RECALLED,
        "M": LotState.RECALLED,
    }
    assert refused(world, split("s-2", some("M", 1.0), [some("N", 1.0)])) == "standing"
    with world.records.transaction() as transaction:
        take(transaction, destroy("d-1", some("M", 20.0)))


def test_what_is_past_its_date_is_divided_but_not_sold(world: World) -> None:
    opened(world, 100.0, "A")
    later = NOON + 30 * DAY_MS
    assert refused(world, ship("x-1", some("A", 1.0)), later) == "standing"
    packing = transform("t-1", "packing", [some("A", 1.0)], [some("P", 1.0, PACKED)])
    assert refused(world, packing, later) == "standing"
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 1.0), [some("B", 1.0)]), later)
        assert standing(transaction, lot(transaction, "B"), TODAY + timedelta(30)) == "expired"


def test_who_took_a_shipment_is_kept_and_not_told(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        step = take(transaction, ship("x-1", some("A", 10.0), Party(name="Bà Nguyễn Thị Năm")))
        assert transaction.lineage.party_name(step.id) == "Bà Nguyễn Thị Năm"
        (kept,) = transaction.events.named(event_id(transaction, "step/x-1"))
        logged = b"".join(one.entry for one in transaction.log.entries(0, 99))
    for bytes_ in (kept.body, logged):
        assert "Năm".encode() not in bytes_
    assert step.party is not None
    assert len(step.party) == 64
    assert b"ni:///sha-256;" in kept.body
    with world.records.transaction() as transaction:
        step = take(transaction, ship("x-2", some("A", 10.0), Party(gln=BUYER)))
        (kept,) = transaction.events.named(event_id(transaction, "step/x-2"))
    assert step.party == BUYER
    assert f"https://id.gs1.org/417/{BUYER}".encode() in kept.body


def event_id(transaction: Transaction, subject: str) -> str:
    (entry,) = transaction.log.about(EVENT, subject)
    return str(decode(entry.entry).body["event"])


def test_what_arrives_was_shipped(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, ship("x-1", some("A", 10.0)))
        take(transaction, receive("r-1", some("A", 6.0), "x-1"))
        assert rest(transaction, "A") == 90_000  # arriving takes nothing from it again
    assert refused(world, receive("r-2", some("A", 4.001), "x-1")) == "mass-balance"
    opened(world, 5.0, "B")
    assert refused(world, receive("r-2", some("B", 1.0), "x-1")) == "mass-balance"
    with world.records.transaction() as transaction:
        take(transaction, receive("r-2", some("A", 4.0), "x-1"))
    with pytest.raises(NotFound), world.records.transaction() as transaction:
        take(transaction, receive("r-3", some("A", 1.0), "r-1"))


def test_a_step_sent_twice_is_taken_once(world: World) -> None:
    opened(world, 100.0, "A")
    steps = [
        split("s-1", some("A", 20.0), [some("B", 20.0)]),
        ship("x-1", some("A", 20.0)),
        ship("x-2", some("A", 10.0), Party(gln=BUYER)),
        destroy("d-1", some("A", 20.0)),
    ]
    with world.records.transaction() as transaction:
        first = [take(transaction, asked) for asked in steps]
        size, events = transaction.log.size(), transaction.events.count()
    with world.records.transaction() as transaction:
        assert [take(transaction, asked, NOON + 5000) for asked in steps] == first
        assert (transaction.log.size(), transaction.events.count()) == (size, events)
        assert rest(transaction, "A") == 30_000
    for other in (
        destroy("d-1", some("A", 20.001)),
        ship("d-1", some("A", 20.0)),
        ship("x-1", some("A", 20.0), Party(name="Người khác")),
        ship("x-2", some("A", 10.0), Party(name="Người khác")),
    ):
        with pytest.raises(Clash), world.records.transaction() as transaction:
            take(transaction, other)
    with world.records.transaction() as transaction:  # its salt is erased, nobody can compare
        transaction.connection.execute(sa.text("DELETE FROM salt WHERE kind = 'party'"))
    with pytest.raises(Clash), world.records.transaction() as transaction:
        take(transaction, steps[1])


def test_the_same_done_twice_is_two_events(world: World) -> None:
    opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        for name in ("d-1", "d-2", "d-3"):
            take(transaction, destroy(name, some("A", 1.0)))
        told = {event_id(transaction, f"step/{name}") for name in ("d-1", "d-2", "d-3")}
        assert len(told) == 3
        assert all(len(transaction.events.named(one)) == 1 for one in told)


def test_a_lots_number_is_taken_once(world: World) -> None:
    opened(world, 100.0, "A")
    opened(world, 100.0, "B")
    with pytest.raises(Clash), world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 1.0), [some("B", 1.0)]))
    with pytest.raises(InvalidInput), world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 1.0), [some("B/1", 1.0)]))
    with world.records.reading() as transaction:
        assert transaction.lineage.every() == []


@pytest.mark.parametrize(
    "kilograms", [0.0, -1.0, 0.0004, 1.0005, float("nan"), float("inf"), 1e300]
)
def test_what_is_no_weight(world: World, kilograms: float) -> None:
    opened(world, 100.0, "A")
    with pytest.raises(InvalidInput), world.records.transaction() as transaction:
        take(transaction, destroy("d-1", some("A", kilograms)))


A = some("A", 1.0)


@pytest.mark.parametrize(
    "asked",
    [
        split("s-1", A, []),
        split("s-1", A, [some("B", 0.5), some("B", 0.5)]),
        split("s-1", A, [some("A", 1.0)]),
        split("s-1", some("A", 1.0, dry=0.3), [some("B", 1.0)]),
        merge("m-1", [A], some("M", 1.0)),
        replace(destroy("d-1", A), outputs=(some("B", 1.0),)),
        replace(destroy("d-1", A), party=Party(name="x")),
        replace(destroy("d-1", A), about=StepId("x-1")),
        replace(destroy("d-1", A), process="packing"),
        replace(destroy("d-1", A), inputs=()),
        replace(ship("x-1", A), party=None),
        ship("x-1", A, Party(BUYER, "cả hai")),
        ship("x-1", A, Party(name=" ")),
        ship("x-1", A, Party(name="x" * 121)),
        ship("x-1", A, Party(name="\ud800")),
        replace(receive("r-1", A, "x-1"), about=None),
        replace(receive("r-1", A, "x-1"), place=None),
        transform("t-1", "", [A], [some("P", 1.0, PACKED)]),
        transform("t-1", "packing", [some("A", 1.0, dry=0.3)], [some("P", 1.0, PACKED)]),
        transform("t-1", "packing", [A], []),
        split("s-1", some("A", 0.201), [some(f"B{i}", 0.001) for i in range(201)]),
    ],
)
def test_what_is_no_step(world: World, asked: Asked) -> None:
    opened(world, 100.0, "A")
    with pytest.raises(InvalidInput), world.records.transaction() as transaction:
        take(transaction, asked)
    with world.records.reading() as transaction:
        assert transaction.lineage.every() == []


def test_the_whole_lineage_is_seen_from_any_lot(world: World) -> None:
    opened(world, 100.0, "A")
    opened(world, 50.0, "B", day=EARLIER)
    with world.records.transaction() as transaction:
        take(
            transaction, split("s-1", some("A", 90.0), [some("C", 60.0), some("D", 30.0)]), NOON + 1
        )
        take(
            transaction,
            merge("m-1", [some("C", 60.0), some("B", 40.0)], some("M", 100.0)),
            NOON + 2,
        )
        take(
            transaction,
            transform("t-1", "packing", [some("M", 100.0)], [some("P", 95.0, PACKED)]),
            NOON + 3,
        )
        take(transaction, ship("x-1", some("P", 50.0, PACKED)), NOON + 4)
        take(transaction, receive("r-1", some("P", 49.0, PACKED), "x-1"), NOON + 5)
        packed = lot(transaction, "P", PACKED)
        assert [one.number for one in upstream(transaction, packed)] == ["A", "B", "C", "M", "P"]
        assert [one.number for one in downstream(transaction, lot(transaction, "A"))] == [
            "A", "C", "D", "M", "P",
        ]  # fmt: skip
        middle = graph(transaction, lot(transaction, "M"))
        assert [one.number for one in middle.lots] == ["A", "B", "C", "M", "P"]
        assert [step.id for step in middle.steps] == ["s-1", "m-1", "t-1", "x-1", "r-1"]
        told = seen(transaction, lot(transaction, "M"), NOON)
        assert [step.id for step in told.back] == ["m-1"]
        assert [step.id for step in told.forward] == ["t-1"]
        assert told.whole
        assert {node.lot.number: node.left for node in told.nodes} == {
            "A": 10.0, "B": 10.0, "C": 0.0, "M": 0.0, "P": 45.0,
        }  # fmt: skip


def test_a_label_of_several_plots_names_none_of_them(world: World) -> None:
    opened(world, 100.0, "MU-1", LATEX)
    opened(world, 40.0, "MU-2", LATEX, plot=FAR_GROVE)
    both = [some("MU-1", 100.0, LATEX, 0.3), some("MU-2", 40.0, LATEX, 0.4)]
    with world.records.transaction() as transaction:
        take(transaction, transform("t-1", "latex-to-dry", both, [some("K", 46.0, DRY)]))
        assert link_of(transaction, lot(transaction, "MU-2", LATEX)).gln == GLNS[FAR_GROVE]
        made = lot(transaction, "K", DRY)
        assert (made.plot, link_of(transaction, made).gln) == (GROVE, None)
        assert {origin.plot for origin in origins(transaction, made)} == {GROVE, FAR_GROVE}


def test_a_part_has_its_own_season_and_a_mixture_of_days_names_them(world: World) -> None:
    world.measure()
    opened(world, 100.0, "A")
    opened(world, 50.0, "B", day=EARLIER)
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 60.0), [some("C", 60.0)]))
        take(transaction, merge("m-1", [some("C", 20.0), some("B", 40.0)], some("M", 60.0)))
        part, mixed = lot(transaction, "C"), lot(transaction, "M")
    for one, kind in ((part, PAYLOAD_TYPE), (mixed, MADE_OF_TYPE)):
        assert Envelope.decode(issue(world.issuer, one, NOON).envelope).payload_type == kind
    with world.records.reading() as transaction:
        assert {one.number for one in transaction.lots.passports()} == {"A", "B", "C", "M"}


def test_labels_stay_within_the_harvest_whatever_becomes_of_lots(world: World) -> None:
    whole = opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        spend(transaction, whole, draw(60), 1.0, NOON)
    over = split("s-1", some("A", 40.001), [some("B", 40.001)])
    assert refused(world, over) == "units"
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 40.0), [some("B", 40.0)]))
        take(transaction, ship("x-1", some("A", 60.0)))  # as it is, with its labels
        spend(transaction, lot(transaction, "B"), draw(40), 1.0, NOON)
    for one in (whole, replace(whole, number=LotNumber("B"), kilograms=40.0)):
        with pytest.raises(Refused) as caught, world.records.transaction() as transaction:
            spend(transaction, one, draw(1), 1.0, NOON)
        assert caught.value.rule == "units-within-lot"


def test_weights_are_exact() -> None:
    assert grams(0.1 + 0.2 - 5.551115123125783e-17) == 300
    assert sum(grams(0.001) for _ in range(1000)) == 1000
    assert floor_grams(0.0019) == 1
    assert left(0.3, [0.1, 0.2]) == 0


def revoked(world: World) -> str:
    """Return the list of the credentials that were taken back, compressed."""
    address = "https://nguon.example"
    with world.records.reading() as transaction:
        token = issue_status_list(transaction, world.signer, address, "revocation-0", NOON + 9)
    payload = token.split(".")[1]
    told = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(told["credentialSubject"]["encodedList"])


def test_the_credential_of_a_part_is_revoked_with_what_it_came_of(world: World) -> None:
    world.measure()
    whole = opened(world, 100.0, "A")
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 60.0), [some("C", 60.0)]))
        part = lot(transaction, "C")
    issue(world.issuer, part, NOON)  # the whole has none
    before = revoked(world)
    with world.records.transaction() as transaction:
        call_back(transaction, whole, "dư lượng", "office", NOON + 2, Ground(1))
    assert revoked(world) != before
