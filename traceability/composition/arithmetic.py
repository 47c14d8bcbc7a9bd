"""The mass balance of a lot made of others, as its passport tells it. Pure.

What leaves a lot was in it, what comes of a step went into it, and every step and every lot
told of leads to the lot. Not asked: how much of its latex a lot of dry rubber may weigh. That
is a table of the day of the step (:mod:`traceability.lineage.yields`), kept when it was taken.

How much of a harvested lot is in another cannot be seen once lots are mixed. It is reckoned as
if every lot between were evenly mixed and every loss fell evenly on what was taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.errors import VerificationFailed
from domain.lineage import Portion, Step, StepKind
from traceability.composition.claims import Key, MadeOf, in_kilograms, name_of, read_made_of
from traceability.lineage.weights import floor_grams

_FINE = 10**9  # to a gram: what is rounded down on the way is never seen
_GRAM = 1
_TOLERANCE = 1e-6


def reaching(lot: Key, weight: int, steps: Sequence[Step]) -> dict[Key, int]:
    """Return how much of each lot went into one of ``weight`` grams, in billionths of a gram.

    ``steps`` are in an order in which a lot is made before it is taken. Linear in the portions:
    followed from the lot backwards, one amount a lot is enough.
    """
    amounts = {lot: weight * _FINE}
    for step in reversed(steps):
        made = _sum(step.outputs)
        passed = sum(amounts.get(one.lot, 0) for one in step.outputs)
        for one in step.inputs:
            taken = floor_grams(one.kilograms) * passed // made
            amounts[one.lot] = amounts.get(one.lot, 0) + taken
    return amounts


def parts_of(
    lot: Key, weight: int, steps: Sequence[Step], origins: Iterable[Key]
) -> dict[Key, tuple[int, float]]:
    """Return of each harvested lot the grams that went into a lot, and their share of all."""
    amounts = reaching(lot, weight, steps)
    found = {key: amounts.get(key, 0) for key in origins}
    whole = sum(found.values()) or 1
    return {key: ((fine + _FINE // 2) // _FINE, fine / whole) for key, fine in found.items()}


def check_made_of(document: Mapping[str, Any]) -> MadeOf:
    """Return what a passport says its lot was made of; raises `VerificationFailed`.

    The step that fails is ``arithmetic``; lots and steps are named.
    """
    said = read_made_of(document)
    weighed = _weighed(said)
    _require_left(said, weighed)
    if weighed.get(said.lot) != said.grams or said.lot in {part.lot for part in said.parts}:
        found = "nothing" if said.lot not in weighed else f"{in_kilograms(weighed[said.lot])}"
        expected = f"a step that makes {in_kilograms(said.grams)} of {name_of(said.lot)}"
        raise VerificationFailed("arithmetic", expected, found)
    _require_reaching(said)
    first = min(part.harvested for part in said.parts)
    if said.harvested != first:
        expected = f"harvested {first}, the first day of all it is made of"
        raise VerificationFailed("arithmetic", expected, str(said.harvested))
    return said


def _weighed(said: MadeOf) -> dict[Key, int]:
    """Return what each lot weighed; raises where one comes of nothing, or is made twice."""
    weighed = {part.lot: part.weighed for part in said.parts}
    if len(weighed) < max(2, len(said.parts)):
        expected = "two lots or more that it is made of, each once"
        raise VerificationFailed("arithmetic", expected, f"{len(weighed)}")
    before = -1
    for logged in said.steps:
        step = logged.step
        _require_balance(step)
        for one in step.inputs:
            if one.lot not in weighed:
                expected = f"step {step.id}: where {name_of(one.lot)} came from"
                raise VerificationFailed("arithmetic", expected, "neither made nor harvested")
        for one in step.outputs:
            if one.lot in weighed:
                expected = f"step {step.id}: {name_of(one.lot)} is made once"
                raise VerificationFailed("arithmetic", expected, "it was there before")
            weighed[one.lot] = floor_grams(one.kilograms)
        if logged.number <= before:
            expected = f"step {step.id}: after entry {before} of the log"
            raise VerificationFailed("arithmetic", expected, f"entry {logged.number}")
        before = logged.number
    return weighed


def _require_balance(step: Step) -> None:
    sides = (("takes", step.inputs), ("makes", step.outputs))
    for does, portions in sides:
        if not portions or len({one.lot for one in portions}) < len(portions):
            expected = f"step {step.id} {does} lots, each once"
            raise VerificationFailed("arithmetic", expected, f"{len(portions)} portions")
    taken, made = _sum(step.inputs), _sum(step.outputs)
    even = step.kind in (StepKind.SPLIT, StepKind.MERGE)
    if made > taken or (even and made != taken):
        most = "" if even else "at most "
        expected = f"step {step.id}: {most}the {in_kilograms(taken)} it took"
        raise VerificationFailed("arithmetic", expected, f"{in_kilograms(made)} made")


def _require_left(said: MadeOf, weighed: Mapping[Key, int]) -> None:
    taken: dict[Key, int] = {}
    for logged in said.steps:
        for one in logged.step.inputs:
            taken[one.lot] = taken.get(one.lot, 0) + floor_grams(one.kilograms)
    for lot, of_it in taken.items():
        if of_it > weighed[lot]:
            expected = f"at most the {in_kilograms(weighed[lot])} of {name_of(lot)} taken"
            raise VerificationFailed("arithmetic", expected, f"{in_kilograms(of_it)}")


def _require_reaching(said: MadeOf) -> None:
    steps = [logged.step for logged in said.steps]
    amounts = reaching(said.lot, said.grams, steps)
    for step in steps:
        if not any(amounts.get(one.lot) for one in step.outputs):
            expected = f"step {step.id} leads to {name_of(said.lot)}"
            raise VerificationFailed("arithmetic", expected, "it leads elsewhere")
    whole = sum(amounts.get(part.lot, 0) for part in said.parts)
    for part in said.parts:
        fine = amounts.get(part.lot, 0)
        if abs(part.grams * _FINE - fine) > _GRAM * _FINE or not fine:
            expected = f"{fine / _FINE / 1000:.3f} kg of {name_of(part.lot)} in it"
            raise VerificationFailed("arithmetic", expected, f"{in_kilograms(part.grams)}")
        if abs(part.share - fine / whole) > _TOLERANCE:
            expected = f"a share of {fine / whole:.6f} of {name_of(part.lot)}"
            raise VerificationFailed("arithmetic", expected, f"{part.share}")


def _sum(portions: Sequence[Portion]) -> int:
    return sum(floor_grams(one.kilograms) for one in portions)
