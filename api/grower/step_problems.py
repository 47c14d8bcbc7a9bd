"""What is wrong with a step, in a sentence beside the field that it is about.

Rules name no fields: two weights of one form may break the same. So the form's own weights and
numbers are held against the records once more, to find the one that is meant.
"""

from collections.abc import Mapping

from fastapi import Request

from api import i18n
from api.forms import Problem, Wrong, problem_of
from api.grower.own_lot import left_of
from api.grower.step_forms import Read
from api.i18n import language_of
from api.pages import text
from api.wording import N_
from domain.errors import CallerError, Clash, Refused
from domain.lineage import StepKind
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.lineage.yields import processes

_STANDING = N_("The lot is recalled, under review or past its date: this cannot be done with it.")
_FIELDS: Mapping[str, tuple[str, str | None]] = {
    "mass-balance": ("kilograms", N_("More than is there, or more than was delivered.")),
    "units": ("kilograms", N_("What bears labels with serials cannot become another lot.")),
    "standing": ("", _STANDING),
    "yield": ("kilograms1", N_("More came out than can come of what went in.")),
    "dry_rubber": ("dry", N_("This work asks for no dry rubber content.")),
    "product": ("gtin1", N_("What comes out must be your own product, of the same crop.")),
    "process": ("process", N_("This is not done with this crop.")),
    "lineage": ("", N_("Too many lots stand behind this one, or it is of more than one season.")),
    "party": ("name", N_("Write a shorter name, in ordinary letters.")),
    "about": ("shipment", N_("Choose the delivery that arrived.")),
    "place": ("place", N_("A place is told by its GLN: 13 digits.")),
    "not-found": ("", N_("A lot or a delivery named here is not known.")),
}  # fmt: skip


def problem_with(
    request: Request, transaction: Transaction, error: CallerError | Wrong, form: Read | None
) -> Problem:
    """Return what to say of an error, and beside which field of the form."""
    if form is not None and isinstance(error, Clash):
        return _clash(request, transaction, form)
    rule = error.rule if isinstance(error, Refused) else ""
    if form is not None and rule == "mass-balance" and form.asked.kind is not StepKind.RECEIVE:
        found = _too_much(request, transaction, form)
        if found is not None:
            return found
    if form is not None and rule == "dry-rubber-content":
        return _dry_rubber(request, form)
    told = problem_of(request, error, _FIELDS)
    if form is None or told.field not in ("kilograms", "gtin1"):
        return told
    if told.field == "kilograms":
        return Problem(form.weights[0], told.text)
    # The first row may be empty: what was read begins where something was written.
    row = form.numbers[0].removeprefix("number") if form.numbers else "1"
    return Problem(f"gtin{row}" if row.isdigit() else "", told.text)


def _clash(request: Request, transaction: Transaction, form: Read) -> Problem:
    """A number that is taken, or an id under which something else was done."""
    if transaction.lineage.find(form.asked.id) is None:
        for one, field in zip(form.asked.outputs, form.numbers, strict=True):
            if transaction.lots.find(*one.lot) is not None:
                return Problem(field, text(request, N_("This number is another lot's.")))
    said = N_("This form was sent before, with other content. Look at the lot before sending anew.")
    return Problem("", text(request, said))


def _too_much(request: Request, transaction: Transaction, form: Read) -> Problem | None:
    """The first weight of which there is not so much left."""
    for one, field in zip(form.asked.inputs, form.weights, strict=True):
        rest = left_of(transaction, require_lot(transaction, *one.lot))
        if one.kilograms > rest:
            said = text(request, N_("Lot %(number)s has %(left)s kg left."))
            amount = i18n.amount(rest, language_of(request))
            return Problem(field, said % {"number": one.number, "left": amount})
    return None


def _dry_rubber(request: Request, form: Read) -> Problem:
    """The first share of dry rubber that the process cannot have had."""
    process = next(row for row in reversed(processes()) if row.code == form.asked.process)
    field = next(
        field.replace("kilograms", "dry").replace("take", "dry")
        for one, field in zip(form.asked.inputs, form.weights, strict=True)
        if one.dry_rubber is not None and not process.lowest <= one.dry_rubber <= process.highest
    )
    said = text(request, N_("Dry rubber content is between %(low)s and %(high)s percent."))
    bounds = (process.lowest, process.highest)
    low, high = (i18n.amount(100 * one, language_of(request)) for one in bounds)
    return Problem(field, said % {"low": low, "high": high})
