"""The mass balance of a passport by itself: what is said of steps agrees, or it is named."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import VerificationFailed
from domain.gs1 import Gln, Gtin, LotNumber
from domain.ids import StepId
from domain.lineage import Portion, Step, StepKind
from traceability.composition.arithmetic import check_made_of, parts_of, reaching
from traceability.lineage.weights import floor_grams

GTIN = Gtin("09520001000010")
PLACE = "9520001001017"


def portion(number: str, kilograms: float) -> dict[str, Any]:
    return {"gtin": GTIN, "number": number, "kilograms": kilograms}


def step(at: int, kind: str, takes: list[Any], makes: list[Any]) -> dict[str, Any]:
    return {
        "id": f"s-{at}", "kind": kind, "process": None, "at": "2026-11-21T04:00:00.000Z",
        "zone": "Asia/Ho_Chi_Minh", "place": PLACE, "inputs": takes, "outputs": makes,
        "event": "ni:///x", "logged": at, "logged_at": "2026-11-21T04:00:00.000Z",
    }  # fmt: skip


def part(number: str, weighed: float, kilograms: float, share: float, day: str) -> dict[str, Any]:
    return {
        **portion(number, kilograms), "weighed": weighed, "share": share, "harvested": day,
        "issued": "2026-11-21T04:00:00.000Z", "envelope": "00" * 32, "logged": 1,
    }  # fmt: skip


HONEST: dict[str, Any] = {
    "lot": {**portion("P", 28), "harvested": "2026-11-18"},
    "made_of": [part("B", 50, 20, 2 / 3, "2026-11-18"), part("A", 100, 10, 1 / 3, "2026-11-20")],
    "steps": [
        step(5, "split", [portion("A", 60)], [portion("C", 40), portion("D", 20)]),
        step(6, "merge", [portion("C", 20), portion("B", 40)], [portion("M", 60)]),
        step(7, "transform", [portion("M", 30)], [portion("P", 28)]),
    ],
}


def refused(change: Callable[[dict[str, Any]], object]) -> VerificationFailed:
    said = copy.deepcopy(HONEST)
    change(said)
    with pytest.raises(VerificationFailed) as caught:
        check_made_of(said)
    assert caught.value.step == "arithmetic"
    return caught.value


def test_what_agrees_holds() -> None:
    said = check_made_of(copy.deepcopy(HONEST))
    assert [(one.lot[1], one.grams) for one in said.parts] == [("B", 20_000), ("A", 10_000)]


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("step s-5: the 60 kg it took", lambda d: d["steps"][0]["outputs"][0].update(kilograms=41)),
        ("step s-5: the 60 kg it took", lambda d: d["steps"][0]["outputs"][0].update(kilograms=39)),
        ("step s-7: at most the 30 kg", lambda d: d["steps"][2]["outputs"][0].update(kilograms=30.001)),
        ("a step that makes 28.001 kg of lot P", lambda d: d["lot"].update(kilograms=28.001)),
        ("a step that makes 28 kg of lot Q", lambda d: d["lot"].update(number="Q")),
        ("a step that makes 100 kg of lot A", lambda d: d["lot"].update(number="A", kilograms=100)),
        ("the 50 kg of lot A", lambda d: d["made_of"][1].update(weighed=50)),
        ("at most the 40 kg of lot C", lambda d: d["steps"][1].update(
            inputs=[portion("C", 41), portion("B", 19)])),
        ("step s-6: where lot B", lambda d: d["made_of"].pop(0) and d["made_of"].append(
            part("Z", 9, 1, 0.1, "2026-11-18"))),
        ("two lots or more", lambda d: d["made_of"].pop()),
        ("two lots or more", lambda d: d["made_of"].append(d["made_of"][0])),
        ("two lots or more", lambda d: d.update(made_of=[])),
        ("0.000 kg of lot Z", lambda d: d["made_of"].append(part("Z", 9, 0, 0, "2026-11-19"))),
        ("20.000 kg of lot B", lambda d: d["made_of"][0].update(kilograms=20.002)),
        ("a share of 0.666667 of lot B", lambda d: d["made_of"][0].update(share=0.66)),
        ("harvested 2026-11-18", lambda d: d["lot"].update(harvested="2026-11-20")),
        ("after entry 6", lambda d: d["steps"][2].update(logged=6)),
        ("neither made nor harvested", lambda d: d["steps"].reverse()),
        ("step s-8 leads to lot P", lambda d: d["steps"].append(
            step(8, "split", [portion("M", 10)], [portion("X", 10)]))),
        ("step s-8: lot P", lambda d: d["steps"].append(
            step(8, "split", [portion("M", 10)], [portion("P", 10)]))),
        ("step s-8 leads to", lambda d: d["steps"].append(
            step(8, "split", [portion("P", 10)], [portion("X", 10)]))),
        ("makes lots, each once", lambda d: d["steps"][2].update(outputs=[])),
        ("takes lots, each once", lambda d: d["steps"][1].update(inputs=[portion("C", 30)] * 2)),
        ("a step that makes 28 kg", lambda d: d["steps"].pop()),
        ("a step that makes 28 kg", lambda d: d.update(steps=[])),
        ("lots it is made of", lambda d: d["steps"][0].update(kind="ship")),
        ("lots it is made of", lambda d: d["steps"][0].update(zone="../../etc/passwd")),
        ("lots it is made of", lambda d: d["steps"][0].update(zone="Mars/Crater")),
        ("lots it is made of", lambda d: d["steps"][0].update(zone="Asia")),
        ("lots it is made of", lambda d: d["made_of"][0].update(envelope="0" * 10**6)),
        ("lots it is made of", lambda d: d["made_of"][0].update(issued="yesterday")),
        ("lots it is made of", lambda d: d["steps"][0].update(logged=True)),
        ("lots it is made of", lambda d: d["steps"][0].update(inputs=7)),
        ("lots it is made of", lambda d: d["steps"].append(None)),
        ("lots it is made of", lambda d: d["made_of"][0].update(kilograms=-1)),
        ("lots it is made of", lambda d: d["made_of"][0].update(weighed="50")),
        ("lots it is made of", lambda d: d["made_of"][0].update(weighed=0)),
        ("lots it is made of", lambda d: d["made_of"][0].update(share=1.5)),
        ("lots it is made of", lambda d: d["made_of"][0].update(gtin="1")),
        ("lots it is made of", lambda d: d["made_of"][0].update(harvested=5)),
        ("lots it is made of", lambda d: d["made_of"][0].pop("envelope")),
        ("at most 200 lots", lambda d: d.update(made_of=d["made_of"] * 101)),
        ("at most 200 lots", lambda d: d.update(steps=d["steps"] * 334)),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(
    named: str, change: Callable[[dict[str, Any]], object]
) -> None:
    failed = refused(change)
    assert named in f"{failed.expected} / {failed.found}"


def made(at: int, takes: list[Portion], makes: list[Portion]) -> Step:
    return Step(StepId(f"s-{at}"), StepKind.MERGE, tuple(takes), tuple(makes), Gln(PLACE), "", at)


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 10**9)),
        min_size=1,
        max_size=60,
    )
)
def test_in_a_chain_of_mixtures_nothing_is_gained_or_lost(
    weights: list[tuple[int, int, int]],
) -> None:
    """Each step joins what is there with a new harvest, and sets some aside."""
    origins, steps = [LotNumber("O0")], []
    there, have = Portion(GTIN, LotNumber("O0"), 10**9 / 1000), 10**9
    for at, (mine, other, aside) in enumerate(weights, 1):
        taken = min(mine, have)
        origins.append(LotNumber(f"O{at}"))
        inputs = [
            Portion(GTIN, there.number, taken / 1000),
            Portion(GTIN, origins[-1], other / 1000),
        ]
        have = max(1, taken + other - aside)
        there = Portion(GTIN, LotNumber(f"M{at}"), have / 1000)
        rest = taken + other - have
        outputs = [there] + ([Portion(GTIN, LotNumber(f"R{at}"), rest / 1000)] if rest else [])
        steps.append(made(at, inputs, outputs))
    keys = [(GTIN, number) for number in origins]
    found = parts_of(there.lot, have, steps, keys)
    assert abs(sum(grams for grams, _ in found.values()) - have) <= len(keys)
    assert sum(share for _, share in found.values()) == pytest.approx(1)
    fine = reaching(there.lot, have, steps)
    assert abs(sum(fine[key] for key in keys) - have * 10**9) <= len(steps) * 2
    for one in (each for taking in steps for each in taking.inputs):
        assert fine[one.lot] <= floor_grams(one.kilograms) * 10**9
