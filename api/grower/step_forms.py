"""From the fields of a form to a step between lots; what cannot be read is told by its field.

Nothing here looks at the records, and no rule is asked: that is `take_step`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api import views
from api.forms import Wrong
from api.wording import N_
from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber
from domain.ids import StepId
from domain.lineage import Portion, StepKind
from traceability.lineage.asked import Asked, Party
from traceability.lineage.weights import grams
from traceability.lots import require_printable

ROWS, MOST_ROWS = 4, 40
Typed = Mapping[str, str]
Key = tuple[Gtin, LotNumber]


@dataclass(frozen=True, slots=True)
class Read:
    """A step as it was read, and which fields its weights and its new numbers stood in."""

    asked: Asked
    weights: tuple[str, ...]
    numbers: tuple[str, ...] = ()


def rows_of(typed: Typed) -> int:
    """Return how many rows a form has; never more than a page holds."""
    said = typed.get("rows", "")
    count = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else ROWS
    return max(1, min(count, MOST_ROWS))


def read(kind: StepKind, lot: Key, typed: Typed) -> Read:
    """Return the step that a form describes; raises `Wrong`, and `InvalidInput` for its id."""
    step, place = StepId.parse(typed.get("id", "")), _place(typed, kind)
    if kind is StepKind.SPLIT:
        return _split(step, place, lot, typed)
    inputs = list(_inputs(kind, lot, typed))
    portions = tuple(portion for portion, _ in inputs)
    weights = tuple(field for _, field in inputs)
    if kind is StepKind.MERGE:
        if len(portions) < 2:
            raise Wrong("others", N_("Say how much is taken of another lot, too."))
        whole = round(sum(one.kilograms for one in portions), 3)
        into = Portion(lot[0], _number(typed, "into", {one.lot for one in portions}, lot[0]), whole)
        return Read(Asked(step, kind, portions, (into,), place), weights, ("into",))
    if kind is StepKind.TRANSFORM:
        taken = {one.lot for one in portions}
        makes = list(_rows(typed, None, taken))
        if not makes:
            raise Wrong("kilograms1", N_("Say what came of it, and how much."))
        outputs = tuple(portion for portion, _ in makes)
        asked = Asked(step, kind, portions, outputs, place, process=_process(typed))
        return Read(asked, weights, tuple(field for _, field in makes))
    if kind is StepKind.SHIP:
        return Read(Asked(step, kind, portions, place=place, party=_party(typed)), weights)
    if kind is StepKind.RECEIVE:
        return Read(Asked(step, kind, portions, place=place, about=_shipment(typed)), weights)
    return Read(Asked(step, kind, portions, place=place), weights)


def _split(step: StepId, place: Gln | None, lot: Key, typed: Typed) -> Read:
    parts = list(_rows(typed, lot[0], {lot}))
    if not parts:
        raise Wrong("kilograms1", N_("Say how much goes into each part."))
    whole = round(sum(portion.kilograms for portion, _ in parts), 3)
    outputs = tuple(portion for portion, _ in parts)
    asked = Asked(step, StepKind.SPLIT, (Portion(*lot, whole),), outputs, place)
    return Read(asked, ("kilograms1",), tuple(field for _, field in parts))


def _rows(typed: Typed, gtin: Gtin | None, taken: set[Key]) -> Iterator[tuple[Portion, str]]:
    """Yield each lot to make, with the field of its number; rows without a weight are none."""
    taken = set(taken)
    for row in range(1, rows_of(typed) + 1):
        if not typed.get(f"kilograms{row}", "").strip():
            continue
        product = gtin or _gtin(typed.get(f"gtin{row}", ""), f"gtin{row}")
        weight = _weight(typed, f"kilograms{row}")
        number = _number(typed, f"number{row}", taken, product)
        taken.add((product, number))
        yield Portion(product, number, weight), f"number{row}"


def _inputs(kind: StepKind, lot: Key, typed: Typed) -> Iterator[tuple[Portion, str]]:
    """Yield this lot and the others that something is taken of, with the fields of their weights.

    The rows of others name their lot in a hidden field, as GTIN and number with a slash between.
    """
    dries = kind is StepKind.TRANSFORM
    yield (
        Portion(*lot, _weight(typed, "kilograms"), _dry(typed, "dry") if dries else None),
        "kilograms",
    )
    if kind not in (StepKind.MERGE, StepKind.TRANSFORM):
        return
    for row in range(1, MOST_ROWS + 1):
        if not typed.get(f"take{row}", "").strip():
            continue
        gtin, _, number = typed.get(f"lot{row}", "").partition("/")
        other = _gtin(gtin, f"take{row}"), LotNumber.parse(number)
        dry = _dry(typed, f"dry{row}") if dries else None
        yield Portion(*other, _weight(typed, f"take{row}"), dry), f"take{row}"


def _weight(typed: Typed, field: str) -> float:
    try:
        kilograms = views.parse_number(typed.get(field, ""), "kilograms")
    except InvalidInput as error:
        raise Wrong(field, N_("Enter a weight in kg, for example 320 or 12,5.")) from error
    try:
        grams(kilograms)
    except InvalidInput as error:
        raise Wrong(field, N_("A weight is a gram or more, in whole grams: 12,345 kg.")) from error
    return kilograms


def _dry(typed: Typed, field: str) -> float | None:
    """Return a share of dry rubber, which people say in percent; None where nothing was said."""
    said = typed.get(field, "").strip().removesuffix("%")
    if not said:
        return None
    try:
        percent = views.parse_number(said, "dry_rubber")
    except InvalidInput as error:
        raise Wrong(field, N_("Enter the percentage, for example 33 or 33,5.")) from error
    return round(percent / 100, 6)  # 35.7 / 100 is a hair more than 0.357


def _number(typed: Typed, field: str, taken: set[Key], product: Gtin) -> LotNumber:
    try:
        number = LotNumber.parse(typed.get(field, "").strip())
        require_printable(number)
    except InvalidInput as error:
        raise Wrong(
            field, N_("A lot number has letters, digits, dots, hyphens and underscores.")
        ) from error
    if (product, number) in taken:
        raise Wrong(field, N_("Each lot needs a number of its own."))
    return number


def _gtin(text: str, field: str) -> Gtin:
    try:
        return Gtin.parse(text)
    except InvalidInput as error:
        raise Wrong(field, N_("Choose a product.")) from error


def _place(typed: Typed, kind: StepKind) -> Gln | None:
    said = typed.get("place", "").strip()
    if not said and kind is not StepKind.RECEIVE:
        return None
    try:
        return Gln.parse(said)
    except InvalidInput as error:
        raise Wrong("place", N_("A place is told by its GLN: 13 digits.")) from error


def _party(typed: Typed) -> Party:
    name, gln = typed.get("name", "").strip(), typed.get("gln", "").strip()
    if bool(name) == bool(gln):
        raise Wrong("name", N_("Write who takes it: a name, or a GLN, not both."))
    try:
        return Party(Gln.parse(gln) if gln else None, name or None).checked()
    except InvalidInput as error:
        if gln:
            raise Wrong(
                "gln", N_("A GLN has 13 digits, and the last one checks the others.")
            ) from error
        raise Wrong("name", N_("Write a shorter name, in ordinary letters.")) from error


def _process(typed: Typed) -> str:
    said = typed.get("process", "")
    if not said:
        raise Wrong("process", N_("Choose what was done."))
    return said


def _shipment(typed: Typed) -> StepId:
    try:
        return StepId.parse(typed.get("shipment", ""))
    except InvalidInput as error:
        raise Wrong("shipment", N_("Choose the delivery that arrived.")) from error
