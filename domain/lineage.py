"""Steps between lots: what was taken of which, and what came of it.

A step is written down once, under an id that the client makes, and never changed.
"""

import enum
from dataclasses import dataclass

from domain.gs1 import Gln, Gtin, LotNumber, SerialNumber, Sscc
from domain.ids import StepId


class StepKind(enum.StrEnum):
    """What is done with lots."""

    SPLIT = "split"
    MERGE = "merge"
    TRANSFORM = "transform"
    SHIP = "ship"
    RECEIVE = "receive"
    DESTROY = "destroy"
    PACK = "pack"
    UNPACK = "unpack"


MAKING = frozenset({StepKind.SPLIT, StepKind.MERGE, StepKind.TRANSFORM})
"""Steps that lots come of."""

PACKING = frozenset({StepKind.PACK, StepKind.UNPACK})
"""Steps that put goods into one logistic unit, or take them out: they stay of their lots."""

Bag = tuple[Gtin, SerialNumber]
"""One unit of a lot, by the serial on its label."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of a lot, in kilograms; ``dry_rubber`` is its measured share of dry rubber, 0 to 1."""

    gtin: Gtin
    number: LotNumber
    kilograms: float
    dry_rubber: float | None = None

    @property
    def lot(self) -> tuple[Gtin, LotNumber]:
        """The key of its lot."""
        return self.gtin, self.number


@dataclass(frozen=True, slots=True)
class Step:
    """A step as kept. ``place`` is where it was done.

    ``party`` is who took what was shipped: a GLN, or the salted digest of a name (64
    hexadecimal digits). ``process`` names a row of the table of yields. ``about`` is the
    shipment whose arrival a receipt tells of. ``giver`` is the GLN that whoever shipped it had
    on that day: one that is given out later must not change what was told.

    ``ssccs`` are logistic units: the one that is packed or unpacked, those that are shipped or
    arrive as they were packed. ``bags`` are those packed or unpacked that have serials; what
    they hold is part of what ``inputs`` say of their lot.
    """

    id: StepId
    kind: StepKind
    inputs: tuple[Portion, ...]
    outputs: tuple[Portion, ...]
    place: Gln
    author: str
    at_ms: int
    party: str | None = None
    process: str | None = None
    about: StepId | None = None
    giver: Gln | None = None
    ssccs: tuple[Sscc, ...] = ()
    bags: tuple[Bag, ...] = ()
