"""From the conditions of a query to what the store can narrow events by.

Only a help: a condition left out here costs time and nothing else, since every event the
store returns is looked at by every condition.
"""

from collections.abc import Sequence

from domain.window import to_ms
from store.records.events import Figures, Narrowing, Things
from traceability.epcis import conditions as c
from traceability.epcis import sensor_conditions as sensors
from traceability.epcis.measures import as_float, in_base

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
FIGURES = ("value", "minValue", "maxValue", "meanValue", "percValue")
"""Figures that the store has indexed, in base units; a spread (sDev) has no zero point."""

_SLACK = 1e-9  # a double beside the exact fraction: let too many through, never too few


def narrow(conditions: Sequence[c.Condition]) -> Narrowing:
    """Return what must hold in the store's columns of any event that answers."""
    among: list[tuple[str, frozenset[str]]] = []
    things: list[Things] = []
    figures: list[Figures] = []
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
        elif isinstance(each, sensors.Figure) and each.uom and each.attribute in FIGURES:
            figures.append(_figures(each, each.uom))
        declared |= isinstance(each, c.DeclaredReason | c.DeclaredAt | c.CorrectedBy)
        declared |= isinstance(each, c.Declared) and each.wanted
    return Narrowing(
        among=tuple(among),
        event_ms=_span(bounds, "eventTime"),
        record_ms=_span(bounds, "recordTime"),
        things=tuple(things),
        figures=tuple(figures),
        declared=declared,
    )


def _among(each: c.OneOf | c.Place) -> list[tuple[str, frozenset[str]]]:
    whole = not (isinstance(each, c.Place) and each.below)
    return [(_COLUMNS[each.field], each.values)] if whole and each.field in _COLUMNS else []


def _transformations(each: c.OneOf | c.Place) -> list[Things]:
    if each.field != "transformationID":
        return []
    return [Things(frozenset({each.field}), each.values)]


def _figures(each: sensors.Figure, uom: str) -> Figures:
    quantity, wanted = in_base(each.number, uom)
    edge = as_float(wanted)
    slack = abs(edge) * _SLACK + _SLACK
    low = edge - slack if each.operator in ("EQ", "GE", "GT") else None
    high = edge + slack if each.operator in ("EQ", "LE", "LT") else None
    return Figures(each.attribute, quantity, low, high)


def _span(bounds: dict[tuple[str, str], list[int]], of: str) -> tuple[int | None, int | None]:
    first, last = bounds.get((of, "GE")), bounds.get((of, "LT"))
    return max(first) if first else None, min(last) if last else None
