"""From the conditions of a query to what the store can narrow events by.

Only a help: a condition left out here costs time and nothing else, since every event the
store returns is looked at by every condition.
"""

from collections.abc import Sequence

from domain.window import to_ms
from store.records.events import Narrowing, Things
from traceability.epcis import conditions as c
from traceability.epcis import sensor_conditions as sensors

_COLUMNS = {
    "type": "type",
    "eventID": "event_id",
    "action": "action",
    "bizStep": "biz_step",
    "disposition": "disposition",
    "readPoint": "read_point",
    "bizLocation": "biz_location",
}
_THINGS = ("deviceID", "type")


def narrow(conditions: Sequence[c.Condition]) -> Narrowing:
    """Return what must hold in the store's columns of any event that answers."""
    among: list[tuple[str, frozenset[str]]] = []
    things: list[Things] = []
    bounds: dict[tuple[str, str], list[int]] = {}
    declared = False
    for each in conditions:
        if isinstance(each, c.OneOf | c.Place):
            among += _among(each)
            things += _transformations(each)
        elif isinstance(each, c.Time):
            bounds.setdefault((each.field, each.operator), []).append(to_ms(each.moment))
        elif isinstance(each, c.Match):
            things.append(Things(frozenset(c.MATCHED[each.of]), each.wholes, each.stems))
        elif isinstance(each, sensors.Sensed) and each.attribute in _THINGS:
            things.append(Things(frozenset({each.attribute}), each.values))
        declared |= isinstance(each, c.DeclaredReason | c.DeclaredAt | c.CorrectedBy)
        declared |= isinstance(each, c.Declared) and each.wanted
    return Narrowing(
        among=tuple(among),
        event_ms=_span(bounds, "eventTime"),
        record_ms=_span(bounds, "recordTime"),
        things=tuple(things),
        declared=declared,
    )


def _among(each: c.OneOf | c.Place) -> list[tuple[str, frozenset[str]]]:
    whole = not (isinstance(each, c.Place) and each.below)
    return [(_COLUMNS[each.field], each.values)] if whole and each.field in _COLUMNS else []


def _transformations(each: c.OneOf | c.Place) -> list[Things]:
    if each.field != "transformationID":
        return []
    return [Things(frozenset({each.field}), each.values)]


def _span(bounds: dict[tuple[str, str], list[int]], of: str) -> tuple[int | None, int | None]:
    first, last = bounds.get((of, "GE")), bounds.get((of, "LT"))
    return max(first) if first else None, min(last) if last else None
