"""The event of a step that lots came of, from the step alone. Pure.

So that whoever holds a proof makes it again without the records, and finds its hash id in the
log: a kilogram changed in the step is another event.
"""

from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from domain.lineage import Portion, Step, StepKind
from traceability.epcis.lots import Process, transformed
from traceability.epcis.telling import Amount, Event, When, Where
from traceability.lineage.weights import floor_grams, kilograms

_BY_STEP = {StepKind.TRANSFORM: "commissioning"}


def making(step: Step, zone: ZoneInfo) -> Event:
    """Return the event of a split, a merge or a transformation, told in a zone.

    Raises `InvalidInput` when it makes no valid one.
    """
    inputs = [amount(one) for one in step.inputs]
    # A name for the process that is the step's alone, whatever host it is told by.
    name = f"{step.id} {' '.join(one.uri for one in inputs)}"
    process = Process(
        f"urn:uuid:{uuid5(NAMESPACE_URL, name)}",
        _BY_STEP.get(step.kind, "creating_class_instance"),
    )
    outputs = [amount(one) for one in step.outputs]
    when, here = When(step.at_ms, zone), Where(step.place, step.place)
    return transformed(inputs, outputs, process, when, here)


def amount(one: Portion) -> Amount:
    """Return a portion as events tell it, in whole grams."""
    return Amount(one.gtin, one.number, kilograms(floor_grams(one.kilograms)))
