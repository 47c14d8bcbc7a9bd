"""Pages of a grower's own lot: what became of it, what is left, and the forms of the next step.

A form is looked at before it is sent for good: the same step is taken and let go of, so that
what the preview says is what the rules say. Its id is made with the empty form and goes with
it, so that a form sent twice takes one step.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import Deps, Given, Visitor, own_lot
from api.errors import status_of
from api.forms import Problem, Wrong
from api.grower import own_lot as own
from api.grower.step_forms import MOST_ROWS, ROWS, Read, read, rows_of
from api.grower.step_problems import problem_with
from api.lineage_words import PROCESSES, Says
from api.pages import render, text
from api.sign_in import sent
from api.wording import N_, sentence
from domain.errors import CallerError, NotFound
from domain.gs1 import Gtin, LotNumber
from domain.lineage import StepKind
from domain.lot import Lot, LotState
from domain.window import local_day
from store.records import Transaction
from store.records.accounts import Account
from traceability.dossier import link_of, require_lot
from traceability.lineage.reading import seen
from traceability.lineage.steps import take_step

router = APIRouter(include_in_schema=False)
Fields = Annotated[Mapping[str, str], Depends(sent)]
FORMS = {
    "chia": (StepKind.SPLIT, N_("Divide the lot")),
    "gop": (StepKind.MERGE, N_("Join with other lots")),
    "che-bien": (StepKind.TRANSFORM, N_("Process or pack")),
    "giao": (StepKind.SHIP, N_("Deliver to somebody")),
    "nhan": (StepKind.RECEIVE, N_("A delivery has arrived")),
    "huy": (StepKind.DESTROY, N_("Destroy some of it")),
}
"""The forms by their place in the address, in the order of the lot's page."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a step would leave: number, kilograms before and after, and what it would make."""

    lots: tuple[tuple[str, float, float], ...]
    makes: tuple[tuple[str, float], ...]


class _LetGo(Exception):
    """The step of a preview was taken; nothing of it is kept."""


@router.get("/r/lo/{gtin}/{lot}")
def own_lot_page(request: Request, given: Given, visitor: Visitor, gtin: str, lot: str) -> Response:
    """One's own lot: what is left, what was done with it, what can be done next."""
    with given.records.reading() as transaction:
        found = _own(transaction, visitor, gtin, lot)
        told = seen(transaction, found, given.clock())
        zone = transaction.places.zone_of(transaction.places.plot(found.plot), found.harvested)
        says = Says(request, zone, "/r/lo")
        node = next(node for node in told.nodes if node.lot == found)
        context = {
            **_head(transaction, found),
            "left": node.left,
            "state": node.state,
            "back": [says.step(transaction, told, step) for step in told.back],
            "forward": [says.step(transaction, told, step) for step in told.forward],
            "forms": _open_forms(transaction, found, node.left, node.state),
            "page": link_of(transaction, found).path(),
            "labelled": transaction.units.bearing(found),
            "issued": transaction.lots.issued_ms(found) is not None,
            "unsigned": _why(request),
        }
    return render(request, "own_lot.html", context)


def _why(request: Request) -> str | None:
    """Return why a passport was just refused: by the rule, which alone the address may name."""
    rule = request.query_params.get("khong-ky")
    said = None if rule is None else sentence("refused", None, rule)
    return None if rule is None else text(request, said or N_("This could not be done."))


@router.get("/r/lo/{gtin}/{lot}/{work}")
def step_form(
    request: Request, given: Given, visitor: Visitor, gtin: str, lot: str, work: str
) -> Response:
    """The empty form of a step."""
    return _form(request, given, visitor, (gtin, lot, work), {}, _Answer())


@router.post("/r/lo/{gtin}/{lot}/{work}")
def step_sent(  # noqa: PLR0913 - the parts of the address, and who asks
    request: Request, given: Given, visitor: Visitor, gtin: str, lot: str, work: str, typed: Fields
) -> Response:  # fmt: skip
    """Look at a step, or take it and go back to the lot; on an error, the form as it was typed."""
    place = gtin, lot, work
    if typed.get("do") == "more":
        more = {**typed, "rows": str(rows_of(typed) + ROWS)}
        return _form(request, given, visitor, place, more, _Answer())
    form: Read | None = None
    try:
        form = read(_kind(work), (Gtin.parse(gtin), LotNumber.parse(lot)), typed)
        if typed.get("do") != "take":
            preview = _rehearse(given, visitor, form)
            return _form(request, given, visitor, place, typed, _Answer(preview=preview))
        with given.records.transaction() as transaction:
            _take(given, transaction, visitor, form)
    except (CallerError, Wrong) as error:
        with given.records.reading() as transaction:
            problem = problem_with(request, transaction, error, form)
        status = 400 if isinstance(error, Wrong) else status_of(type(error))
        return _form(request, given, visitor, place, typed, _Answer(problem, None, status))
    return RedirectResponse(f"{request.url.path.rsplit('/', 1)[0]}#da-lam", status_code=303)


def _take(given: Deps, transaction: Transaction, visitor: Account, form: Read) -> None:
    for one in form.asked.inputs:
        own_lot(transaction, visitor, require_lot(transaction, *one.lot))
    owner = None if visitor.role == "office" else visitor.producer
    take_step(transaction, form.asked, visitor.login, owner, given.clock())


def _rehearse(given: Deps, visitor: Account, form: Read) -> Preview:
    """Take a step, look at what is left, and keep nothing; raises what taking it raises."""
    asked, found = form.asked, list[Preview]()
    try:
        with given.records.transaction() as transaction:
            lots = [require_lot(transaction, *one.lot) for one in asked.inputs]
            before = [own.left_of(transaction, one) for one in lots]
            _take(given, transaction, visitor, form)
            after = [own.left_of(transaction, one) for one in lots]
            numbers = [str(one.number) for one in lots]
            makes = tuple((str(one.number), one.kilograms) for one in asked.outputs)
            found.append(Preview(tuple(zip(numbers, before, after, strict=True)), makes))
            raise _LetGo  # noqa: TRY301 - what the transaction is ended with
    except _LetGo:
        return found[0]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the form is shown again with."""

    problem: Problem | None = None
    preview: Preview | None = None
    status: int = 200


def _form(
    request: Request, given: Deps, visitor: Account, place: tuple[str, str, str],
    typed: Mapping[str, str], answer: _Answer,
) -> Response:  # fmt: skip
    kind = _kind(place[2])
    with given.records.reading() as transaction:
        lot = _own(transaction, visitor, *place[:2])
        zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
        context = {
            **_head(transaction, lot),
            "left": own.left_of(transaction, lot),
            "kind": kind,
            "title": FORMS[place[2]][1],
            "work": place[2],
            "rows": range(1, rows_of(typed) + 1),
            "more": rows_of(typed) < MOST_ROWS,
            "typed": {**typed, "id": typed.get("id") or secrets.token_hex(12)},
            "problem": answer.problem,
            "preview": answer.preview,
            **_choices(given, transaction, lot, kind, Says(request, zone, "/r/lo")),
        }
        if not typed:
            context["typed"] |= _suggested(given, transaction, lot, kind)
    return render(request, "step.html", context, answer.status)


def _choices(
    given: Deps, transaction: Transaction, lot: Lot, kind: StepKind, says: Says
) -> dict[str, Any]:
    """Return what a form offers to choose from, by the kind of its step."""
    product = transaction.lots.product(lot.gtin)
    siblings = [
        one for one in transaction.lots.products(product.producer) if one.crop == product.crop
    ]
    known = own.known_processes(product.crop, local_day(given.clock(), says.zone))
    # First what is most often meant: latex is dried, and another product comes of it.
    known.sort(key=lambda row: not row.measures_dry_rubber)
    siblings.sort(key=lambda one: one.gtin == lot.gtin)
    asks_dry = [row for row in known if row.measures_dry_rubber]
    gtins = {
        StepKind.MERGE: [lot.gtin],
        StepKind.TRANSFORM: [one.gtin for one in siblings],
    }.get(kind, [])
    return {
        "products": siblings,
        "others": own.others(transaction, lot, gtins) if gtins else [],
        "processes": [(row.code, PROCESSES.get(row.code)) for row in known],
        "dry": asks_dry[-1] if asks_dry and kind is StepKind.TRANSFORM else None,
        "deliveries": [
            (one, says.moment(one.step.at_ms)) for one in own.under_way(transaction, lot)
        ] if kind is StepKind.RECEIVE else [],
    }  # fmt: skip


def _suggested(
    given: Deps, transaction: Transaction, lot: Lot, kind: StepKind
) -> dict[str, str]:  # fmt: skip
    """Return what stands in an empty form."""
    zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
    today = local_day(given.clock(), zone)
    if kind is StepKind.SPLIT:
        numbers = own.part_numbers(transaction, lot, ROWS)
        return {f"number{row}": number for row, number in enumerate(numbers, 1)}
    if kind is StepKind.MERGE:
        return {"into": own.fresh_number(transaction, lot.gtin, today)}
    if kind is StepKind.TRANSFORM:
        return {"number1": own.fresh_number(transaction, lot.gtin, today)}
    return {}


def _open_forms(
    transaction: Transaction, lot: Lot, left: float, state: LotState
) -> list[tuple[str, str]]:
    """Return the forms of what can be done with a lot as it stands, by address and title."""
    found = []
    for work, (kind, title) in FORMS.items():
        if kind is StepKind.RECEIVE:
            possible = bool(own.under_way(transaction, lot))
        elif kind is StepKind.DESTROY:
            possible = left > 0
        else:
            possible = left > 0 and state in (LotState.VALID, LotState.EXPIRED)
        if possible:
            found.append((work, title))
    return found


def _head(transaction: Transaction, lot: Lot) -> dict[str, Any]:
    return {
        "lot": lot,
        "product": transaction.lots.product(lot.gtin),
        "plot": transaction.places.plot(lot.plot),
    }


def _own(transaction: Transaction, visitor: Account, gtin: str, lot: str) -> Lot:
    return own_lot(
        transaction, visitor, require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
    )


def _kind(work: str) -> StepKind:
    if work not in FORMS:
        message = f"no form {work[:40]!r}"
        raise NotFound(message)
    return FORMS[work][0]
