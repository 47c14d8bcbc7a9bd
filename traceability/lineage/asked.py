"""A step as it is asked for, and whether it could be one: nothing here looks at the records."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import InvalidInput, Refused
from domain.gs1 import Gln, Sscc
from domain.ids import StepId
from domain.lineage import MAKING, PACKING, Bag, Portion, StepKind
from domain.text import plain
from traceability.lineage.weights import grams, kilograms

MOST_PORTIONS = 200
MOST_BAGS = 1_000
MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Party:
    """Who takes what is shipped: by its location number, or by a name that stays hidden."""

    gln: Gln | None = None
    name: str | None = None

    def checked(self) -> "Party":
        """Return it in plain text; raises `InvalidInput` unless it is one of the two."""
        name = None if self.name is None else plain(self.name, "party", MAX_NAME)
        if bool(name) == (self.gln is not None):
            message = "a party is told by its GLN or by its name"
            raise InvalidInput(message, "party")
        return Party(self.gln, name or None)


@dataclass(frozen=True, slots=True)
class Asked:
    """A step to take. ``place`` None is where the first lot grew, or the unit was last.

    ``about`` is the shipment that a receipt tells of, ``process`` a row of the yields' table.
    Packing without ``ssccs`` mints a number under the company's ``prefix``. Units that are
    shipped, arrive or are unpacked without ``inputs`` are so with all that is in them.
    """

    id: StepId
    kind: StepKind
    inputs: tuple[Portion, ...]
    outputs: tuple[Portion, ...] = ()
    place: Gln | None = None
    party: Party | None = None
    process: str | None = None
    about: StepId | None = None
    ssccs: tuple[Sscc, ...] = ()
    bags: tuple[Bag, ...] = ()
    prefix: str = ""


def require_shape(asked: Asked) -> None:
    """Raise `InvalidInput` on what no step of its kind looks like.

    Raises `Refused`, rule ``mass-balance``, when dividing or joining would gain or lose: what
    is lost on the way is destroyed, and said.
    """
    _require_belongings(asked)
    _require_units(asked)
    least = 0 if asked.ssccs and asked.kind is not StepKind.PACK else 1
    least = 2 if asked.kind is StepKind.MERGE else least
    _require_portions(asked.inputs, "inputs", least)
    made = asked.kind in MAKING
    _require_portions(asked.outputs, "outputs", least=1 if made else 0)
    if not made and asked.outputs:
        message = f"nothing comes of a step of kind {asked.kind}"
        raise InvalidInput(message, "outputs")
    if {one.lot for one in asked.inputs} & {one.lot for one in asked.outputs}:
        message = "a lot does not come of itself"
        raise InvalidInput(message, "number")
    if asked.kind in (StepKind.SPLIT, StepKind.MERGE):
        _require_even(asked)
    if asked.kind is not StepKind.TRANSFORM and any(
        one.dry_rubber is not None for one in asked.inputs
    ):
        message = "a dry rubber content belongs to a transformation"
        raise InvalidInput(message, "dry_rubber")


def _require_belongings(asked: Asked) -> None:
    """What else a step names belongs to its kind."""
    for field, given, kind in (
        ("party", asked.party, StepKind.SHIP),
        ("about", asked.about, StepKind.RECEIVE),
        ("process", asked.process, StepKind.TRANSFORM),
    ):
        if (given is not None) != (asked.kind is kind):
            message = f"a step of kind {kind}, and no other, names its {field}"
            raise InvalidInput(message, field)
    if asked.kind is StepKind.RECEIVE and asked.place is None:
        message = "where it arrived is needed, as a GLN"
        raise InvalidInput(message, "place")


_UNITED = frozenset({StepKind.SHIP, StepKind.RECEIVE})


def _require_units(asked: Asked) -> None:
    """Logistic units and bags belong to steps that pack, and to journeys of what is packed."""
    if asked.ssccs and asked.kind not in PACKING | _UNITED:
        message = f"a {asked.kind} names no logistic unit; unpack it first"
        raise InvalidInput(message, "sscc")
    if asked.ssccs and asked.inputs and asked.kind in _UNITED:
        message = "either units are told, with all that is in them, or lots with their weight"
        raise InvalidInput(message, "sscc")
    if len(set(asked.ssccs)) != len(asked.ssccs) or len(asked.ssccs) > MOST_PORTIONS:
        message = f"a logistic unit is told once in a step, and at most {MOST_PORTIONS} are"
        raise InvalidInput(message, "sscc")
    one = asked.kind in PACKING
    if one and len(asked.ssccs) != 1 and not (asked.kind is StepKind.PACK and not asked.ssccs):
        message = f"a step of kind {asked.kind} names one logistic unit"
        raise InvalidInput(message, "sscc")
    if asked.kind is StepKind.PACK and not asked.ssccs and not asked.prefix:
        message = "no company prefix is set to mint a number under; give the unit's SSCC"
        raise InvalidInput(message, "sscc")
    if asked.bags and not (one and asked.inputs):
        message = "serials are told where units are packed or unpacked, with what they weigh"
        raise InvalidInput(message, "serials")
    if len(set(asked.bags)) != len(asked.bags) or len(asked.bags) > MOST_BAGS:
        message = f"a serial is told once in a step, and at most {MOST_BAGS} are"
        raise InvalidInput(message, "serials")


def _require_portions(portions: Sequence[Portion], field: str, least: int) -> None:
    if not least <= len(portions) <= MOST_PORTIONS:
        message = f"{least} to {MOST_PORTIONS} lots are told"
        raise InvalidInput(message, field)
    for one in portions:
        grams(one.kilograms)
    if len({one.lot for one in portions}) != len(portions):
        message = "a lot is told once in a step"
        raise InvalidInput(message, "number")


def _require_even(asked: Asked) -> None:
    taken = sum(grams(one.kilograms) for one in asked.inputs)
    made = sum(grams(one.kilograms) for one in asked.outputs)
    if taken != made:
        message = (
            f"{kilograms(taken):g} kg taken and {kilograms(made):g} kg made: a {asked.kind}"
            " neither gains nor loses; destroy what is lost, or transform"
        )
        raise Refused(message, "mass-balance")
    if len({one.gtin for one in (*asked.inputs, *asked.outputs)}) != 1:
        message = f"a {asked.kind} keeps to one product; another one comes of a transformation"
        raise Refused(message, "product")
