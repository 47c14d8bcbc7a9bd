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
from domain.lineage import Portion, StepKind
from domain.lot import Lot
from store.records import Transaction
from tests.traceability.lineage.orchard import (
    DRY,
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
from tests.traceability.world import GTIN, PLOT, World
from traceability.lineage.asked import Asked
from traceability.lineage.graph import key_of
from traceability.lineage.weights import floor_grams, left

HARVESTED_G = {"cucumber": 140_003, "rubber": 80_007}
SHARES = [None, 0.2, 0.333, 0.6, 0.61, 1.0]
PRODUCT_OF = {GTIN: PACKED, PACKED: PACKED, LATEX: DRY, DRY: DRY}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("conservation"))
    plant(made)
    opened(made, 100.0, "A")
    opened(made, 40.003, "B")
    opened(made, 50.0, "C", LATEX)
    opened(made, 30.007, "D", LATEX)
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
        sent = [step for step in transaction.lineage.every() if step.kind is StepKind.SHIP]
        if self.kind == "receive" and sent:
            shipment = sent[self.other % len(sent)]
            (one,) = shipment.inputs
            whole = int(floor_grams(one.kilograms) * self.share) + self.more
            return receive(name, replace(one, kilograms=whole / 1000), shipment.id)
        return ship(name, of) if self.kind == "ship" else destroy(name, of)

    def _of(self, transaction: Transaction, lot: Lot) -> Portion:
        there = left(lot.kilograms, transaction.lineage.taken(key_of(lot)))
        return some(lot.number, (int(there * self.share) + self.more) / 1000, lot.gtin)


WILLS = st.builds(
    Will,
    kind=st.sampled_from(["split", "merge", "transform", "ship", "receive", "destroy"]),
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
    taken = Counter[str]()

    @settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate])
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
                if step.process == "latex-to-dry":
                    (latex,), (dried,) = step.inputs, step.outputs
                    share = Fraction(str(latex.dry_rubber or 0.2))
                    assert Fraction(str(dried.kilograms)) <= share * Fraction(str(latex.kilograms))
                before = after
            assert_nothing_below_nothing(transaction)
            raise Undone

    whatever_is_done()
    # It would hold as well of steps that are all refused.
    assert taken.total() >= 200
    assert min(taken[kind] for kind in StepKind) >= 3


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
        JOIN step ON step.id = i.step AND step.kind <> 'receive'
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
