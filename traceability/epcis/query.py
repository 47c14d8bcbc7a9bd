"""The EPCIS query language: what may be asked, and what a question means.

EPCIS 2.0 section 8.2.7.1 and its REST binding. A question is a list of conditions that
must all hold; several values of one parameter are alternatives. A parameter that nobody
defined is an error, never ignored: whoever misspells a condition must not be told of
every event there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from traceability.epcis.conditions import Condition
from traceability.epcis.parameters import condition
from traceability.epcis.shapes import fault
from traceability.epcis.wanted import Prefixes, Values

MOST_VALUES = 200
"""Alternatives taken in one parameter."""

_ORDERING = ("orderBy", "orderDirection", "eventCountLimit", "maxEventCount")


@dataclass(frozen=True)
class Query:
    """A question: conditions, and how the answer is ordered and cut.

    ``order`` is eventTime, recordTime or None (order of capture); ``first`` cuts the
    answer after so many events, ``most`` makes a longer one an error.
    """

    conditions: tuple[Condition, ...] = ()
    order: str | None = None
    descending: bool = True
    first: int | None = None
    most: int | None = None


def parse_query(asked: Mapping[str, Any], prefixes: Prefixes) -> Query:
    """Return the question that parameters ask.

    ``asked`` holds a text, number, boolean or a list of them for each parameter. Raises
    `InvalidInput` whose ``field`` is the parameter.
    """
    made: list[Condition] = []
    for name, value in asked.items():
        if name not in _ORDERING:
            made.append(condition(name, _values(name, value), prefixes))
    return Query(tuple(made), **_ordering(asked))


def _values(name: str, value: Any) -> Values:
    found = value if isinstance(value, list) else [value]
    if not found or len(found) > MOST_VALUES:
        fault(f"1 to {MOST_VALUES} values are taken", name)
    for each in found:
        if not isinstance(each, str | int | float) or each == "":
            fault("a text, a number or true is needed", name)
        if isinstance(each, str) and not each.isprintable():
            fault("there are control characters in it", name)
    return found


def _ordering(asked: Mapping[str, Any]) -> dict[str, Any]:
    order, direction = asked.get("orderBy"), asked.get("orderDirection", "DESC")
    if order not in (None, "eventTime", "recordTime"):
        fault("events are ordered by eventTime or recordTime", "orderBy")
    if direction not in ("ASC", "DESC"):
        fault("ASC or DESC is needed", "orderDirection")
    first, most = (_count(asked, name) for name in ("eventCountLimit", "maxEventCount"))
    if first is not None and most is not None:
        fault("maxEventCount is given as well", "eventCountLimit")
    if first is not None and order is None:
        fault("first of which order? orderBy is missing", "eventCountLimit")
    return {"order": order, "descending": direction == "DESC" and order is not None,
            "first": first, "most": most}  # fmt: skip


def _count(asked: Mapping[str, Any], name: str) -> int | None:
    if name not in asked:
        return None
    text = str(asked[name])
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) < 10):
        fault("a whole number from 1 is needed", name)
    return int(text)
