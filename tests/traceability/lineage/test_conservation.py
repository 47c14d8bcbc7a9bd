"""Whatever is done with lots, in whatever order: no step makes anything of nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.errors import CallerError
from domain.lineage import Bag, Portion, StepKind
from domain.lot import Lot
from store.records import Transaction
from store.timescale import PostgresSeries
from tests.traceability.lineage.orchard import (
    CRATES,
    DRY,
    GROVE,
    LATEX,
    PACKED,
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
from tests.traceability.world import GTIN, PLOT, World
from traceability.lineage.asked import Asked
from traceability.lineage.balance import imbalances
from traceability.lineage.graph import key_of
from traceability.lineage.packing import inside
from traceability.lineage.weights import floor_grams, left

HARVESTED_G = {"cucumber": 140_003, "rubber": 80_007}
BAG_KG = 2.001
BAGS: list[Bag] = []
SHARES = [None, 0.2, 0.333, 0.6, 0.61, 1.0]
PRODUCT_OF = {GTIN: PACKED, PACKED: PACKED, LATEX: DRY, DRY: DRY}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh("conservation")
    made = World(tmp_path_factory.mktemp("conservation"), url=url)
    plant(made)
    opened(made, 100.0, "A")
    opened(made, 40.003, "B")
    opened(made, 50.0, "C", LATEX)
    opened(made, 30.007, "D", LATEX)
    BAGS[:] = printed(made, "B", 4, BAG_KG)
    yield made
    made.close()


@dataclass(frozen=True)
class Will:
    """What somebody wants to do, with whatever lots there are by then.

    ``share`` is of what is left, ``more`` the grams asked for beyond, ``gain`` the grams told
    to have come of nothing.
    """

    kind: str
    lot: int
    other: int
    share: float
    more: int
    gain: int
    dry: float | None
    again: bool

    def asked(self, transaction: Transaction, number: int) -> Asked:
        """Return the step, as far as there are lots for it."""
        lots = sorted(
            (lot for plot in (PLOT, GROVE) for lot in transaction.lots.lots(plot)), key=key_of
        )
        lot = lots[self.lot % len(lots)]
        same = [one for one in lots if one.gtin == lot.gtin and one != lot]
        name = f"b-{number - 1 if self.again else number}"
        of, new = self._of(transaction, lot), f"L{number}"
        if self.kind == "split":
            half = round(of.kilograms / 2, 3)
            rest = round(of.kilograms - half + self.gain / 1000, 3)
            parts = [some(f"{new}-1", half, lot.gtin), some(f"{new}-2", rest, lot.gtin)]
            return split(name, of, parts)
        if self.kind == "merge" and same:
            beside = self._of(transaction, same[self.other % len(same)])
            whole = round(of.kilograms + beside.kilograms + self.gain / 1000, 3)
            return merge(name, [of, beside], some(new, whole, lot.gtin))
        if self.kind == "transform":
            dries = lot.gtin == LATEX
            most = of.kilograms * (self.dry or 0.2) if dries else of.kilograms
            told = floor_grams(round(max(most, 0), 6)) + self.gain
            made = some(new, told / 1000, PRODUCT_OF[lot.gtin])
            given = replace(of, dry_rubber=self.dry if dries else None)
            return transform(name, "latex-to-dry" if dries else "packing", [given], [made])
        if self.kind in ("pack", "unpack"):
            return self._packing(transaction, name, of)
        if self.kind == "destroy":
            return destroy(name, of)
        return self._journey(transaction, name, of)

    def _journey(self, transaction: Transaction, name: str, of: Portion) -> Asked:
        if self.kind == "ship units":
            both = CRATES[:2] if self.other % 5 == 0 else [CRATES[self.other % len(CRATES)]]
            return ship_units(name, *both)
        united = [
            step for step in transaction.lineage.every() if step.kind == "ship" and step.ssccs
        ]
        if self.kind == "receive units" and united:
            shipment = united[self.other % len(united)]
            return receive_units(name, shipment.id, *shipment.ssccs[: 1 + self.lot % 2])
        if self.kind == "receive units":
            return self._packing(transaction, name, of)
        sent = [step for step in transaction.lineage.every() if step.kind is StepKind.SHIP]
        if self.kind == "receive" and sent:
            shipment = sent[self.other % len(sent)]
            one = shipment.inputs[self.lot % len(shipment.inputs)]
            whole = int(floor_grams(one.kilograms) * self.share) + self.more
            return receive(name, replace(one, kilograms=whole / 1000), shipment.id)
        return ship(name, of)

    def _packing(self, transaction: Transaction, name: str, of: Portion) -> Asked:
        """Into a crate or out of it; bags are named as it comes, theirs or another lot's."""
        crate = CRATES[self.other % len(CRATES)]
        bags = BAGS[self.lot % 4 : self.lot % 4 + self.other % 3] if of.number == "B" else []
        if self.kind == "pack" and self.lot % 2:  # bags are of one lot of many: or they were rare
            bag = BAGS[self.other % 4]
            return pack(name, [some("B", BAG_KG)], crate, [bag])
        if self.kind != "unpack":
            held = round(len(bags) * BAG_KG, 3)
            loose = 0.0 if self.gain < 0 and bags else of.kilograms
            return pack(name, [replace(of, kilograms=round(loose + held, 3))], crate, bags)
        unit = inside(transaction.lineage.naming(crate))
        there, bags = unit.portions, list(unit.bags[: self.lot % 3])
        if self.share == 1.0 or not there:
            return unpack(name, crate)
        one = there[self.lot % len(there)]
        part = (int(floor_grams(one.kilograms) * self.share) + self.more) / 1000
        if bags and self.more == 0:
            one = next(each for each in there if each.gtin == bags[0][0] and each.number == "B")
            part = round(len(bags) * BAG_KG, 3)
        return unpack(name, crate, [replace(one, kilograms=part)], bags)

    def _of(self, transaction: Transaction, lot: Lot) -> Portion:
        there = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
        return some(lot.number, (int(there * self.share) + self.more) / 1000, lot.gtin)


KINDS = ["split", "merge", "transform", "ship", "receive", "destroy"]
KINDS += ["merge", "pack", "pack", "pack", "unpack", "unpack", "ship units", "ship units"]
KINDS += ["receive units", "receive units"]
WILLS = st.builds(
    Will,
    kind=st.sampled_from(KINDS),
    lot=st.integers(0, 50),
    other=st.integers(0, 50),
    share=st.sampled_from([0.1, 0.5, 1 / 3, 1.0]),
    more=st.sampled_from([0, 0, 0, 1, -1]),
    gain=st.sampled_from([0, 0, 0, 1, -1]),
    dry=st.sampled_from(SHARES),
    again=st.sampled_from([False, False, False, True]),
)


class Undone(Exception):
    """Ends an example's transaction: nothing of it is kept."""


def test_no_sequence_of_steps_makes_mass(world: World) -> None:
    taken, united, bagged = Counter[str](), Counter[str](), Counter[str]()
    on_postgres = isinstance(world.series, PostgresSeries)
    examples = 30 if on_postgres else 40  # a step there is a dozen round trips

    @settings(max_examples=examples, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(WILLS, min_size=8, max_size=25))
    def whatever_is_done(wills: list[Will]) -> None:
        with pytest.raises(Undone), world.records.transaction() as transaction:
            before = weighed(transaction)
            assert before == HARVESTED_G
            for number, will in enumerate(wills):
                asked = will.asked(transaction, number)
                try:
                    with transaction.connection.begin_nested():
                        step = take(transaction, asked)
                except CallerError:
                    assert weighed(transaction) == before
                    continue
                taken[step.kind] += 1
                after = weighed(transaction)
                assert all(after[crop] <= before[crop] for crop in before), asked
                assert step.process is not None or after == before, asked
                united[step.kind] += bool(step.ssccs)
                bagged[step.kind] += bool(step.bags)
                if step.process == "latex-to-dry":
                    (latex,), (dried,) = step.inputs, step.outputs
                    share = Fraction(str(latex.dry_rubber or 0.2))
                    assert Fraction(str(dried.kilograms)) <= share * Fraction(str(latex.kilograms))
                before = after
            assert_nothing_below_nothing(transaction)
            assert_nothing_packed_twice(transaction)
            assert list(imbalances(transaction)) == []
            raise Undone

    whatever_is_done()
    # It would hold as well of steps that are all refused.
    assert taken.total() >= 5 * examples
    assert min(taken[kind] for kind in StepKind) >= 3
    assert min(united[kind] for kind in (StepKind.SHIP, StepKind.RECEIVE)) >= 3
    assert min(bagged[kind] for kind in (StepKind.PACK, StepKind.UNPACK)) >= 1


def weighed(transaction: Transaction) -> dict[str, int]:
    """All there is of a crop, by other means than the program's: in lots, gone, destroyed."""
    query = """
        SELECT product.crop,
            round(1000 * sum(lot.kilograms - coalesce((
                SELECT sum(i.kilograms) FROM step_lot i JOIN step ON step.id = i.step
                WHERE i.gtin = lot.gtin AND i.lot = lot.number AND i.side = 'in'
                    AND step.kind IN ('split', 'merge', 'transform')), 0)))
        FROM lot JOIN product ON product.gtin = lot.gtin GROUP BY product.crop"""
    rows = transaction.connection.execute(sa.text(query))
    return {row[0]: int(row[1]) for row in rows}


def assert_nothing_below_nothing(transaction: Transaction) -> None:
    query = """
        SELECT lot.gtin, lot.number, lot.kilograms, sum(i.kilograms) AS taken
        FROM lot JOIN step_lot i ON i.gtin = lot.gtin AND i.lot = lot.number AND i.side = 'in'
        JOIN step ON step.id = i.step AND step.kind NOT IN ('receive', 'pack', 'unpack')
        GROUP BY lot.gtin, lot.number, lot.kilograms"""
    for row in transaction.connection.execute(sa.text(query)):
        assert row.taken <= row.kilograms + 1e-9, row
    arrived = """
        SELECT sent.step, sent.kilograms AS sent, sum(came.kilograms) AS came
        FROM step receipt JOIN step_lot came ON came.step = receipt.id
        JOIN step_lot sent ON sent.step = receipt.about AND sent.gtin = came.gtin
            AND sent.lot = came.lot
        WHERE receipt.kind = 'receive' GROUP BY sent.step, sent.gtin, sent.lot, sent.kilograms"""
    for row in transaction.connection.execute(sa.text(arrived)):
        assert row.came <= row.sent + 1e-9, row


def assert_nothing_packed_twice(transaction: Transaction) -> None:
    """By other means than the program's: what is in units that are here is in its lots."""
    inside_of = """
        SELECT u.sscc, i.gtin, i.lot, round(1000 * sum(
            CASE step.kind WHEN 'pack' THEN i.kilograms ELSE -i.kilograms END)) AS grams
        FROM step_sscc u JOIN step ON step.id = u.step AND step.kind IN ('pack', 'unpack')
        JOIN step_lot i ON i.step = step.id GROUP BY u.sscc, i.gtin, i.lot"""
    held = Counter[tuple[str, str]]()
    gone = {
        row.sscc
        for row in transaction.connection.execute(
            sa.text("SELECT u.sscc FROM step_sscc u JOIN step ON step.id = u.step"
                    " WHERE step.kind = 'ship'")
        )
    }  # fmt: skip
    for row in transaction.connection.execute(sa.text(inside_of)):
        assert row.grams >= 0, row
        held[row.gtin, row.lot] += 0 if row.sscc in gone else int(row.grams)
    for (gtin, number), grams in held.items():
        lot = transaction.lots.find(gtin, number)
        assert lot is not None
        assert grams <= left(lot.kilograms, transaction.lineage.taken(key_of(lot))), number
    bags = """
        SELECT b.serial, sum(CASE step.kind WHEN 'pack' THEN 1 ELSE -1 END) AS times
        FROM step_bag b JOIN step ON step.id = b.step GROUP BY b.serial"""
    for row in transaction.connection.execute(sa.text(bags)):
        assert row.times in (0, 1), row
